import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogNotice, openWal, StoreFailedError, type Wal, type WalOptions } from "../mod.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { lineOf, msgOf, readLog } from "./support/read_log.ts";
import { digest, type TestDisk, testDisk } from "./support/test_disk.ts";

function open(disk: TestDisk, options: WalOptions = {}): Promise<Wal> {
  return openWal(disk.store(), { windowBytes: 0, ...options });
}

/** A promise, and whether it has settled. */
function watched(promise: Promise<void>): { state: "pending" | "resolved" | "rejected" } {
  const watch: { state: "pending" | "resolved" | "rejected" } = { state: "pending" };
  promise.then(() => watch.state = "resolved", () => watch.state = "rejected");
  return watch;
}

/** Lets everything that needs no timer run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("short writes and a full disk: writing goes on at the very byte", async () => {
  const whole = testDisk();
  const reference = await open(whole);
  const lines = Array.from({ length: 20 }, (_, i) => lineOf(`n${i + 1}`));
  for (const line of lines) reference.stage(line);
  await reference.sync();
  const size = whole.files.get(whole.segments[0]!)!.length;
  for (let room = 0; room < size; room += 37) {
    const disk = testDisk();
    const told: LogNotice[] = [];
    const clock = fakeClock();
    const wal = await open(disk, { onNotice: (notice) => told.push(notice), clock });
    disk.room = room;
    disk.maxWriteBytes = 100;
    for (const line of lines) wal.stage(line);
    const staged = wal.stagedBytes;
    const refused = !wal.flushSync();
    if (refused) {
      assert.deepEqual([wal.writtenSeq, wal.durableSeq, wal.nextSeq], [1, 1, 21]);
      assert.ok(wal.stagedBytes > 0 && wal.stagedBytes <= staged);
      assert.equal(wal.flushSync(), false);
      assert.deepEqual(told.map(({ kind }) => kind), ["write-failed"], "one notice an episode");
      assert.match(told[0]!.message, /test disk.*ENOSPC/);
      // A kill now leaves a torn frame, which is cut, and no record.
      const killed = await open(disk.copy());
      assert.equal(killed.nextSeq, 1);
    }
    disk.room = Infinity;
    await wal.sync();
    assert.deepEqual([wal.durableSeq, wal.stagedBytes], [21, 0]);
    assert.deepEqual([...(await readLog(wal, 1)).lines.values()].map((l) => l + "\n"), lines);
    await wal.close();
    const again = await open(disk.copy());
    assert.equal((await readLog(again, 1)).lines.size, 20);
    assert.equal(again.nextSeq, 21);
  }
});

test("a second episode of a refusing disk is told again", async () => {
  const disk = testDisk();
  const told: LogNotice[] = [];
  const wal = await open(disk, { onNotice: (notice) => told.push(notice) });
  for (let episode = 1; episode <= 2; episode++) {
    disk.room = 10;
    wal.stage(lineOf("x"));
    assert.equal(wal.flushSync(), false);
    assert.equal(wal.flushSync(), false);
    assert.equal(told.length, episode);
    disk.room = Infinity;
    assert.equal(wal.flushSync(), true);
  }
});

test("sync() that meets a refusing disk resolves once it takes the bytes, not before", async () => {
  const disk = testDisk();
  const clock = fakeClock();
  const wal = await open(disk, { clock });
  disk.room = 100;
  wal.stage(lineOf("waits"));
  const first = watched(wal.sync());
  const second = watched(wal.sync());
  await clock.advance(10_000);
  assert.deepEqual([first.state, second.state], ["pending", "pending"]);
  disk.room = Infinity;
  await clock.advance(250);
  assert.deepEqual([first.state, second.state, wal.durableSeq], ["resolved", "resolved", 2]);
});

test("a rotation that the disk refuses leaves no file, and is made up for later", async () => {
  const disk = testDisk();
  const wal = await open(disk, { segmentBytes: 4096, retain: "all" });
  while ((disk.files.get(disk.segments[0]!)?.length ?? 0) < 3500) {
    wal.stage(lineOf("x".repeat(100)));
    wal.flushSync();
  }
  const before = disk.segments.length;
  wal.stage(lineOf("y".repeat(1000)));
  disk.room = 100;
  assert.equal(wal.flushSync(), false);
  await settle();
  assert.equal(disk.segments.length, before);
  disk.room = Infinity;
  await wal.sync();
  assert.equal(disk.segments.length, before + 1);
  const { lines, gaps } = await readLog(wal, 1);
  assert.deepEqual([lines.size, gaps], [wal.nextSeq - 1, []]);
  await wal.close();
  assert.equal(disk.open, 0);
  assert.equal((await readLog(await open(disk.copy()), 1)).lines.size, lines.size);
});

test("a disk that takes nothing and does not say why is a refusing disk, not an endless loop", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  disk.maxWriteBytes = 0;
  wal.stage(lineOf("x"));
  assert.equal(wal.flushSync(), false);
  disk.maxWriteBytes = Infinity;
  assert.equal(wal.flushSync(), true);
});

test("callers of sync() share commits, and at most one fdatasync is in flight", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  const before = disk.syncs.length;
  let release: () => void = () => {};
  disk.onSync = () => new Promise<void>((resolve) => release = resolve);
  wal.stage(lineOf("first"));
  const first = wal.sync();
  await settle();
  const later: Promise<void>[] = [];
  for (let i = 0; i < 1000; i++) {
    wal.stage(lineOf(`later ${i}`));
    later.push(wal.sync());
  }
  assert.equal(new Set(later).size, 1, "one promise a commit");
  assert.notEqual(later[0], first);
  const waits = watched(later[0]!);
  assert.deepEqual([wal.durableSeq, wal.nextSeq], [1, 1002]);
  release();
  await first;
  assert.equal(wal.durableSeq, 2, "records written meanwhile are not acknowledged with it");
  await settle();
  assert.equal(waits.state, "pending");
  release();
  await Promise.all(later);
  assert.deepEqual([wal.durableSeq, wal.writtenSeq, wal.stats().syncs], [1002, 1002, 3]);
  assert.equal(disk.syncs.length - before, 2);
  assert.equal(disk.maxSyncsAtOnce, 1);
});

test("a rotation during a sync loses no sync and no descriptor", async () => {
  const disk = testDisk();
  const wal = await open(disk, { segmentBytes: 4096, retain: "all" });
  const writeSome = (): void => {
    for (let i = 0; i < 40; i++) {
      wal.stage(lineOf("x".repeat(300)));
      wal.flushSync();
    }
  };
  disk.onSync = async () => {
    if (wal.nextSeq < 400) writeSome();
    await settle();
  };
  writeSome();
  while (wal.durableSeq < wal.nextSeq) await wal.sync();
  const last = disk.segments.at(-1)!;
  for (const name of disk.segments) assert.ok(disk.syncs.includes(name), name);
  assert.equal(disk.maxSyncsAtOnce, 1);
  assert.ok(disk.syncs.includes(last));
  await wal.close();
  assert.equal(disk.open, 0);
});

test("fdatasync that fails twice is final: nobody is acknowledged, and what was durable stays readable", async () => {
  const disk = testDisk();
  const told: LogNotice[] = [];
  const wal = await open(disk, { onNotice: (notice) => told.push(notice) });
  wal.stage(lineOf("safe"));
  await wal.sync();
  let failing = true;
  disk.onSync = async () => {
    await settle();
    return failing ? new Error("EIO: i/o error") : undefined;
  };
  wal.stage(lineOf("lost"));
  const inFlight = wal.sync();
  await new Promise((resolve) => setImmediate(resolve));
  wal.stage(lineOf("behind it"));
  const waiting = wal.sync();
  await assert.rejects(inFlight, StoreFailedError);
  await assert.rejects(waiting, StoreFailedError);
  // The kernel reports an error once; the next call would succeed without the bytes.
  failing = false;
  await assert.rejects(wal.sync(), /cannot be synced: EIO/);
  assert.ok(wal.failure instanceof StoreFailedError);
  assert.deepEqual([wal.durableSeq, wal.flushSync()], [2, false]);
  assert.deepEqual(told.map(({ kind }) => kind), ["write-failed", "failed"]);
  const { lines } = await readLog(wal, 1);
  assert.equal(msgOf(lines.get(1)), "safe");
  await wal.close();
  assert.equal(wal.durableSeq, 2);
  assert.equal(disk.open, 0);
});

test("close() behind a sync that fails does not try again, and does not say that all is well", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  let calls = 0;
  disk.onSync = async () => {
    await settle();
    return ++calls === 1 ? new Error("EIO: i/o error") : undefined;
  };
  wal.stage(lineOf("a"));
  const ack = watched(wal.sync());
  await new Promise((resolve) => setImmediate(resolve));
  wal.stage(lineOf("b"));
  wal.flushSync();
  await assert.rejects(wal.close(), StoreFailedError);
  assert.deepEqual([calls, ack.state, wal.durableSeq], [1, "rejected", 1]);
});

test('"interval" acknowledges after the write and syncs in time, whoever wrote', async () => {
  for (const write of ["sync", "flushSync"] as const) {
    const disk = testDisk();
    const clock = fakeClock();
    const wal = await open(disk, { sync: "interval", syncIntervalMs: 500, clock });
    assert.equal(wal.acknowledges, "kill");
    const before = disk.syncs.length;
    wal.stage(lineOf("x"));
    await wal[write]();
    assert.deepEqual([wal.durableSeq, disk.syncs.length - before], [2, 0]);
    await clock.advance(499);
    assert.equal(disk.syncs.length - before, 0);
    await clock.advance(1);
    assert.equal(disk.syncs.length - before, 1, write);
    await clock.advance(5000);
    assert.equal(disk.syncs.length - before, 1, "nothing new, no sync");
  }
});

test('"interval" syncs what is written while the disk refuses more', async () => {
  const disk = testDisk();
  const clock = fakeClock();
  const wal = await open(disk, { sync: "interval", syncIntervalMs: 1000, clock });
  const before = disk.syncs.length;
  wal.stage(lineOf("taken"));
  await wal.sync();
  disk.room = 0;
  wal.stage(lineOf("refused"));
  const ack = watched(wal.sync());
  await clock.advance(1000);
  assert.deepEqual([disk.syncs.length - before, ack.state], [1, "pending"]);
});

test("a failed sync of the interval ends the log", async () => {
  const disk = testDisk();
  const clock = fakeClock();
  const told: LogNotice[] = [];
  const wal = await open(disk, {
    sync: "interval",
    clock,
    onNotice: (notice) => told.push(notice),
  });
  disk.onSync = () => new Error("EIO");
  wal.stage(lineOf("x"));
  await wal.sync();
  await clock.advance(500);
  assert.deepEqual(told.map(({ kind }) => kind), ["write-failed", "failed"]);
  await assert.rejects(wal.sync(), StoreFailedError);
});

test('"never" syncs at close only', async () => {
  const disk = testDisk();
  const clock = fakeClock();
  const wal = await open(disk, { sync: "never", clock });
  const before = disk.syncs.length;
  wal.stage(lineOf("x"));
  await wal.sync();
  await clock.advance(1e6);
  assert.deepEqual([disk.syncs.length - before, clock.pending], [0, 0]);
  await wal.close();
  assert.equal(disk.syncs.length - before, 1);
});

test("durable ≤ written ≤ next, and each moves when it should", async () => {
  const wal = await open(testDisk());
  const seqs = (): number[] => [wal.durableSeq, wal.writtenSeq, wal.nextSeq];
  assert.equal(wal.stage(lineOf("a")), 1);
  assert.deepEqual(seqs(), [1, 1, 2]);
  assert.ok(wal.flushSync());
  assert.deepEqual(seqs(), [1, 2, 2]);
  assert.equal(wal.stage(lineOf("b")), 2);
  await wal.sync();
  assert.deepEqual(seqs(), [3, 3, 3]);
});

test("close() writes and syncs what is staged; afterwards the log takes nothing", async () => {
  const disk = testDisk();
  const clock = fakeClock();
  const wal = await open(disk, { clock });
  wal.stage(lineOf("last"));
  await wal.close();
  await wal.close();
  assert.equal(wal.durableSeq, 2);
  const image = digest(disk.files.get(disk.segments[0]!)!);
  wal.stage(lineOf("too late"));
  assert.equal(wal.flushSync(), false);
  await assert.rejects(wal.sync(), /is closed: open it again/);
  assert.deepEqual([clock.pending, disk.open], [0, 0]);
  assert.equal(digest(disk.files.get(disk.segments[0]!)!), image);
});

test("close() on a refusing disk makes durable what was taken and rejects those who wait", async () => {
  const disk = testDisk();
  const clock = fakeClock();
  const wal = await open(disk, { clock });
  wal.stage(lineOf("taken"));
  wal.flushSync();
  disk.room = 0;
  wal.stage(lineOf("refused"));
  const ack = wal.sync();
  const failure = assert.rejects(ack, StoreFailedError);
  await wal.close();
  await failure;
  assert.deepEqual([wal.durableSeq, clock.pending, disk.open], [2, 0, 0]);
});

test("one who is told of lines may write: later lines come later, to every listener", async () => {
  const wal = await open(testDisk());
  const seen: number[][] = [[], []];
  wal.onWritten((chunk) => {
    seen[0]!.push(chunk.firstSeq);
    if (wal.nextSeq > 5) return;
    wal.stage(lineOf("echo"));
    void wal.sync();
    wal.flushSync();
  });
  const withdraw = wal.onWritten((chunk) => void seen[1]!.push(chunk.firstSeq));
  wal.stage(lineOf("first"));
  await wal.sync();
  await wal.sync();
  assert.deepEqual(seen, [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]);
  assert.equal(wal.durableSeq, 6);
  withdraw();
  wal.stage(lineOf("quiet"));
  await wal.sync();
  assert.equal(seen[1]!.length, 5);
});

test("a commit asked for by one who is told of lines waits with the others on a refusing disk", async () => {
  const disk = testDisk();
  const clock = fakeClock();
  const wal = await open(disk, { clock });
  const acks: { state: string }[] = [];
  const withdraw = wal.onWritten(() => {
    withdraw();
    disk.room = 0;
    wal.stage(lineOf("echo"));
    acks.push(watched(wal.sync()));
    assert.equal(wal.flushSync(), false, "it is not written yet");
  });
  wal.stage(lineOf("first"));
  acks.push(watched(wal.sync()));
  await clock.advance(1000);
  assert.deepEqual(acks.map(({ state }) => state), ["pending", "pending"]);
  assert.deepEqual([wal.writtenSeq, wal.nextSeq], [2, 3]);
  disk.room = Infinity;
  await clock.advance(250);
  assert.deepEqual(acks.map(({ state }) => state), ["resolved", "resolved"]);
  assert.equal(wal.durableSeq, 3);
});
