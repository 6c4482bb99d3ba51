import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogNotice, openWal, type Wal, type WalOptions } from "../mod.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { lineOf, msgOf, readLog } from "./support/read_log.ts";
import { type TestDisk, testDisk } from "./support/test_disk.ts";

const KEEP = { retain: "all", windowBytes: 0 } as const;

/** A log of several openings, `perRun` records each. */
async function runs(disk: TestDisk, count: number, perRun: number): Promise<void> {
  for (let run = 0; run < count; run++) {
    const wal = await openWal(disk.store(), KEEP);
    await write(wal, perRun);
    await wal.close();
  }
}

async function write(wal: Wal, count: number, name: string = "n"): Promise<void> {
  for (let i = 0; i < count; i++) wal.stage(lineOf(`${name}${wal.nextSeq}`));
  await wal.sync();
}

async function msgs(wal: Wal): Promise<(string | undefined)[]> {
  const { lines, gaps } = await readLog(wal);
  assert.deepEqual(gaps, []);
  return [...lines.values()].map(msgOf);
}

async function reopened(disk: TestDisk, options: WalOptions = {}): Promise<(string | undefined)[]> {
  const told: LogNotice[] = [];
  const wal = await openWal(disk.store(), { ...KEEP, ...options, onNotice: (n) => told.push(n) });
  const found = await msgs(wal);
  await wal.close();
  assert.deepEqual(told, []);
  return found;
}

function numbers(name: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${name}${from + i}`);
}

/** A promise that is resolved by hand. */
function gate(): { closed: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { closed: promise, open: resolve };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("a sync that fails while segments are joined costs none of their records", async () => {
  const disk = testDisk();
  await runs(disk, 5, 20);
  const wal = await openWal(disk.store(), KEEP);
  const [joining, grafting] = [gate(), gate()];
  let failed = false;
  disk.onSync = (name) => {
    if (name.startsWith("compact")) return joining.closed;
    if (name.startsWith("graft")) return grafting.closed;
    if (!name.startsWith("wal-") || failed) return;
    failed = true;
    return new Error("EIO");
  };
  const compacted = wal.compact();
  await settle();
  const written = write(wal, 1);
  await settle();
  assert.ok(failed);
  joining.open();
  await settle();
  grafting.open();
  await Promise.all([written, compacted]);
  assert.deepEqual(await msgs(wal), numbers("n", 1, 101));
  await wal.close();
  assert.deepEqual(await reopened(disk), numbers("n", 1, 101));
});

test("a sync that is in flight when the log is cut promises nothing of what comes after", async () => {
  const disk = testDisk();
  const wal = await openWal(disk.store(), KEEP);
  await write(wal, 100);
  const syncing = gate();
  let late: Promise<void> | undefined;
  disk.onSync = (name) => {
    if (name === "cursors") late ??= write(wal, 100, "late");
    else if (late !== undefined && name.startsWith("wal-")) return syncing.closed;
  };
  const cut = wal.truncateAfter(49);
  await settle();
  syncing.open();
  await cut;
  await late;
  assert.equal(wal.nextSeq, 50);
  assert.equal(wal.durableSeq, 50);
  await write(wal, 1, "fresh");
  assert.deepEqual(await reopened(disk.copy()), [...numbers("n", 1, 49), "fresh50"]);
  await wal.close();
});

test("with an interval, a timer that ends while the log is cut does no harm", async () => {
  const disk = testDisk();
  const clock = fakeClock();
  const wal = await openWal(disk.store(), { ...KEEP, sync: "interval", clock });
  await write(wal, 100);
  const grafting = gate();
  let isLate = false;
  disk.onSync = (name) => {
    if (name.startsWith("graft")) return grafting.closed;
    if (name !== "cursors" || isLate) return;
    isLate = true;
    wal.stage(lineOf("late"));
    wal.flushSync();
  };
  const cut = wal.truncateAfter(49);
  await settle();
  await clock.advance(500);
  await settle();
  grafting.open();
  await cut;
  assert.equal(wal.failure, undefined);
  await write(wal, 1, "fresh");
  assert.deepEqual(await msgs(wal), [...numbers("n", 1, 49), "fresh50"]);
  await wal.close();
});

test("cuts that are asked for at once are made one after another", async () => {
  for (const [first, second] of [[100, 150], [100, 50], [150, 100]] as const) {
    const disk = testDisk();
    await runs(disk, 3, 60);
    const wal = await openWal(disk.store(), KEEP);
    await Promise.all([wal.truncateAfter(first), wal.truncateAfter(second)]);
    const last = Math.min(first, second);
    await write(wal, 1);
    assert.deepEqual(await msgs(wal), numbers("n", 1, last + 1));
    await wal.close();
    assert.deepEqual(await reopened(disk), numbers("n", 1, last + 1));
  }
});

test("the log never ends before the records that were given up", async () => {
  const disk = testDisk();
  await runs(disk, 3, 60);
  const wal = await openWal(disk.store(), KEEP);
  const given = wal.truncateBefore(120);
  await assert.rejects(wal.truncateAfter(100), /allowed are 119 to 181/);
  await given;
  await write(wal, 1);
  assert.deepEqual(await msgs(wal), numbers("n", 120, 181));
  await wal.close();
});

test("a log that is cut while it is compacted, and compacted again, keeps to its new end", async () => {
  const disk = testDisk();
  await runs(disk, 4, 20);
  const wal = await openWal(disk.store(), KEEP);
  const joining = gate();
  disk.onSync = (name) => name.startsWith("compact") ? joining.closed : undefined;
  const compacted = wal.compact();
  await settle();
  const cut = wal.truncateAfter(50);
  await settle();
  joining.open();
  await Promise.all([cut, compacted]);
  await write(wal, 20, "new");
  await wal.compact();
  const expected = [...numbers("n", 1, 50), ...numbers("new", 51, 70)];
  assert.deepEqual(await msgs(wal), expected);
  await wal.close();
  assert.deepEqual(await reopened(disk), expected);
});

test("records that were given up are given up by number only as far as they are durable", async () => {
  const disk = testDisk();
  const wal = await openWal(disk.store(), KEEP);
  await write(wal, 100);
  const [name] = disk.segments;
  const synced = disk.files.get(name!)!.slice();
  for (let i = 0; i < 50; i++) wal.stage(lineOf("unsynced"));
  wal.flushSync();
  let isSynced = false;
  let cut: TestDisk | undefined;
  disk.onSync = (file) => {
    if (cut === undefined && file === "cursors") {
      cut = disk.copy();
      // The power goes once the cursors are on the disk; what was never synced is gone.
      if (!isSynced) cut.files.set(name!, synced);
    }
    if (file.startsWith("wal-")) isSynced = true;
  };
  await wal.truncateBefore(151);
  await wal.close();
  const open = (): Promise<Wal> => {
    const store = { ...cut!.store(), boot: crypto.randomUUID() };
    return openWal(store, KEEP);
  };
  const next = await open();
  const from = next.nextSeq;
  await write(next, 30);
  await next.close();
  const last = await open();
  const found = await msgs(last);
  for (const msg of numbers("n", from, from + 29)) assert.ok(found.includes(msg), msg);
  await last.close();
});

test("what was cut off a segment that was made of several never comes back", async () => {
  const disk = testDisk();
  await runs(disk, 3, 20);
  const wal = await openWal(disk.store(), KEEP);
  await wal.compact();
  let killed: TestDisk | undefined;
  disk.onSync = (name) => {
    // The new segment has its name, and the file before it is not cut yet.
    const isCut = disk.segments.some((segment) =>
      segment.startsWith(`wal-${"21".padStart(20, "0")}`)
    );
    if (name === "" && isCut) killed ??= disk.copy();
  };
  await wal.truncateAfter(20);
  await wal.close();
  const next = await openWal(killed!.store(), KEEP);
  assert.equal(next.nextSeq, 21);
  await write(next, 40, "new");
  const expected = [...numbers("n", 1, 20), ...numbers("new", 21, 60)];
  assert.deepEqual(await msgs(next), expected);
  await next.close();
  assert.deepEqual(await reopened(killed!), expected);
});

test("no two segments begin with the same number, whatever the first record needs", async () => {
  const disk = testDisk();
  const clock = fakeClock();
  const wal = await openWal(disk.store(), { ...KEEP, segmentBytes: 4096, clock });
  await write(wal, 5);
  // The log begins anew, and a frame without records is all that its first segment holds.
  await wal.truncateBefore(6);
  await clock.advance(50);
  await clock.advance(50);
  wal.stage(lineOf("long".padEnd(3700, "x")));
  await wal.sync();
  await write(wal, 1);
  await wal.close();
  const firsts = disk.segments.map((name) => Number(name.slice(4, 24)));
  assert.deepEqual(firsts, [6, 7]);
  assert.equal((await reopened(disk)).length, 2);
});

test("a segment that stays of a run of given up ones is not joined into its own file", async () => {
  const disk = testDisk();
  await runs(disk, 3, 20);
  const wal = await openWal(disk.store(), KEEP);
  let killed: TestDisk | undefined;
  disk.onRemove = () => {
    killed ??= disk.copy();
  };
  await wal.truncateBefore(41);
  await wal.close();
  // Killed before a file was removed; two of three segments hold nothing that counts any more.
  const next = await openWal(killed!.store(), KEEP);
  await write(next, 1);
  await next.compact();
  assert.deepEqual(await msgs(next), numbers("n", 41, 61));
  await next.close();
  assert.deepEqual(await reopened(killed!), numbers("n", 41, 61));
});
