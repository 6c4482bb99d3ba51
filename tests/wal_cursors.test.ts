import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CursorRow, openWal, type Wal } from "../mod.ts";
import { noSpace, type TestDisk, testDisk } from "./support/test_disk.ts";

const SLOT_BYTES = 65_536;

function row(lane: string, nextSeq: number, checkpoint?: string): CursorRow {
  return {
    lane,
    since: 1,
    nextSeq,
    delivered: nextSeq - 1,
    deadLettered: 0,
    dropped: { wal_limit: 2 },
    filtered: 0,
    redelivered: 3,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  };
}

function open(disk: TestDisk): Promise<Wal> {
  return openWal(disk.store());
}

/** A disk on which the cursors were saved `saves` times, the row's `nextSeq` counting them. */
async function saved(saves: number): Promise<TestDisk> {
  const disk = testDisk();
  const wal = await open(disk);
  for (let i = 1; i <= saves; i++) wal.saveCursorsSync([row("é lane", i)]);
  return disk.copy();
}

async function nextSeqOn(disk: TestDisk): Promise<number | undefined> {
  return (await open(disk)).cursors()[0]?.nextSeq;
}

test("a new log has no cursors", async () => {
  assert.deepEqual((await open(testDisk())).cursors(), []);
});

test("the rows of the last save come back, without a sync after a kill", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  const rows = [row("file", 10, '{"file":"é.log","length":12}'), row("http", 7)];
  wal.saveCursorsSync([row("file", 1)]);
  wal.saveCursorsSync(rows);
  assert.deepEqual(wal.cursors(), rows);
  assert.deepEqual((await open(disk.copy())).cursors(), rows);
  const before = disk.syncs.length;
  await wal.syncCursors();
  assert.deepEqual(disk.syncs.slice(before), ["cursors", ""]);
});

test("the newer slot wins, over any number of saves and openings", async () => {
  let disk = await saved(0);
  for (let save = 1; save <= 6; save++) {
    const wal = await open(disk);
    wal.saveCursorsSync([row("a", save)]);
    disk = disk.copy();
    assert.equal(await nextSeqOn(disk.copy()), save);
  }
});

test("a torn save falls back to the one before, and the next save stands", async () => {
  for (const saves of [2, 3]) {
    const good = await saved(saves);
    const newer = (saves % 2) * SLOT_BYTES;
    await fc.assert(
      fc.asyncProperty(fc.nat(500), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const disk = good.copy();
        const bytes = disk.files.get("cursors")!;
        if (bytes[newer + at] === undefined) return;
        bytes[newer + at]! ^= mask;
        const found = await nextSeqOn(disk.copy());
        // Padding does not count; everything else does.
        assert.ok(found === saves - 1 || found === saves, `${found}`);
        const wal = await open(disk);
        wal.saveCursorsSync([row("a", 99)]);
        assert.equal(await nextSeqOn(disk.copy()), 99);
      }),
      { numRuns: 60 },
    );
  }
});

test("a save that the disk refuses leaves the one before", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  wal.saveCursorsSync([row("a", 1)]);
  wal.saveCursorsSync([row("a", 2)]);
  for (const room of [0, 100, 300]) {
    disk.room = room;
    assert.throws(() => wal.saveCursorsSync([row("a", 3)]), { message: noSpace().message });
    assert.equal(await nextSeqOn(disk.copy()), 2);
    assert.equal(wal.cursors()[0]!.nextSeq, 2);
  }
  disk.room = Infinity;
  wal.saveCursorsSync([row("a", 4)]);
  assert.equal(await nextSeqOn(disk.copy()), 4);
});

test("a cut, empty or foreign file is no reason not to open", async () => {
  const good = await saved(2);
  const bytes = good.files.get("cursors")!;
  const first = bytes.slice(0, SLOT_BYTES);
  const cases: [string, Uint8Array, number | undefined][] = [
    ["empty", new Uint8Array(0), undefined],
    ["a few bytes", bytes.slice(0, 50), undefined],
    ["zeros", new Uint8Array(2 * SLOT_BYTES), undefined],
    ["garbage", new Uint8Array(200_000).fill(0x7b), undefined],
    ["the first slot alone", first, 2],
  ];
  for (const [what, contents, expected] of cases) {
    const disk = good.copy();
    disk.files.set("cursors", contents);
    assert.equal(await nextSeqOn(disk.copy()), expected, what);
    const wal = await open(disk);
    wal.saveCursorsSync([row("a", 50)]);
    wal.saveCursorsSync([row("a", 51)]);
    assert.equal(await nextSeqOn(disk.copy()), 51, what);
  }
});

test("rows that do not fit are refused with the figures, and nothing is written", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  wal.saveCursorsSync([row("a", 1)]);
  const rows = Array.from({ length: 400 }, (_, i) => row(`lane ${i} `.padEnd(80, "é"), i));
  assert.throws(() => wal.saveCursorsSync(rows), (error) => {
    assert.ok(error instanceof RangeError);
    assert.match(
      error.message,
      /^The cursors of 400 lanes need \d+ bytes, a slot holds 65536: use/,
    );
    return true;
  });
  assert.equal(await nextSeqOn(disk.copy()), 1);
  wal.saveCursorsSync(rows.slice(0, 100));
  assert.equal((await open(disk.copy())).cursors().length, 100);
});
