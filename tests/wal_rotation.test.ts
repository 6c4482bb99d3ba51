import assert from "node:assert/strict";
import { test } from "node:test";
import { type InputMark, type LogNotice, openWal, type Wal, type WalOptions } from "../mod.ts";
import { readSegmentHeader, type SegmentHeader } from "../src/wal/segment.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { lineOf, readLog } from "./support/read_log.ts";
import { type TestDisk, testDisk } from "./support/test_disk.ts";

const SMALL = { segmentBytes: 4096, windowBytes: 0 } as const;

function open(disk: TestDisk, options: WalOptions = {}): Promise<Wal> {
  return openWal(disk.store(), { ...SMALL, ...options });
}

/** Writes records of about 350 bytes on disk, one a frame. */
async function write(wal: Wal, count: number, mark?: InputMark): Promise<void> {
  for (let i = 0; i < count; i++) {
    wal.stage(lineOf("x".repeat(30)), mark);
    wal.flushSync();
  }
  await wal.sync();
}

async function headers(disk: TestDisk): Promise<SegmentHeader[]> {
  const store = disk.store();
  const found: SegmentHeader[] = [];
  for (const name of disk.segments) {
    const file = await store.openFile(name, "read");
    found.push((await readSegmentHeader(file, store))!);
    file.close();
  }
  return found;
}

test("segments are chained by salt and end, and their names sort by sequence", async () => {
  const disk = testDisk();
  for (let opening = 0; opening < 3; opening++) {
    const wal = await open(disk, { retain: "all" });
    await write(wal, 30);
    await wal.close();
  }
  const chain = await headers(disk);
  assert.ok(chain.length > 6);
  assert.equal(new Set(chain.map(({ salt }) => salt)).size, chain.length);
  assert.equal(new Set(chain.map(({ log }) => log)).size, 1);
  assert.deepEqual([...new Set(chain.map(({ epoch }) => epoch))], [1, 2, 3]);
  chain.forEach((header, i) => {
    const before = chain[i - 1];
    const name = disk.segments[i]!;
    assert.equal(name, `wal-${String(header.first).padStart(20, "0")}-${header.salt}.ndjson`);
    if (before === undefined) return assert.equal(header.prev, null);
    const end = disk.files.get(disk.segments[i - 1]!)!.length;
    assert.deepEqual(header.prev, { salt: before.salt, end });
    assert.ok(header.first > before.first);
    assert.ok(end <= 4096);
  });
  const sizes = disk.segments.map((name) => disk.files.get(name)!.length);
  const wal = await open(disk);
  const { lines, gaps } = await readLog(wal, 1);
  assert.deepEqual([lines.size, gaps], [90, []]);
  const own = disk.files.get(disk.segments.at(-1)!)!.length;
  assert.equal(wal.stats().bytes, sizes.reduce((sum, size) => sum + size, own));
});

test("the name of a new segment is durable before what is in it is acknowledged", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  await write(wal, 1);
  while (disk.segments.length === 1) {
    disk.syncs.length = 0;
    await write(wal, 1);
  }
  const [finished, current] = disk.segments;
  assert.deepEqual(disk.syncs, [finished, current, ""]);
  disk.syncs.length = 0;
  await write(wal, 1);
  assert.deepEqual(disk.syncs, [current]);
});

test("every opening has a run of its own in the same log", async () => {
  const disk = testDisk();
  const runs: string[] = [];
  const logs = new Set<string>();
  for (let opening = 0; opening < 5; opening++) {
    const wal = await open(disk);
    runs.push(wal.run);
    logs.add(wal.logId);
    if (opening % 2 === 0) await write(wal, 1);
    await wal.close();
  }
  assert.equal(new Set(runs).size, 5);
  assert.equal(logs.size, 1);
  assert.match([...logs][0]!, /^[0-9a-f]{16}$/);
});

test("trim() removes whole segments below the place, oldest first, and never the last", async () => {
  const disk = testDisk();
  const wal = await open(disk, { retain: 0 });
  await write(wal, 60);
  const [, second, third] = (await headers(disk)).map(({ first }) => first);
  assert.equal(wal.canTrim(second! - 1), false);
  await wal.trim(second! - 1);
  assert.equal(wal.firstSeq, 1);
  assert.equal(wal.canTrim(second!), true);
  const removed: string[] = [];
  disk.onRemove = (name) => void removed.push(name);
  const oldest = disk.segments.slice(0, 2);
  await wal.trim(third! + 1);
  assert.deepEqual([wal.firstSeq, removed], [third, oldest]);
  await wal.trim(1e9);
  assert.equal(disk.segments.length, 1);
  assert.equal(wal.stats().segments, 1);
  assert.equal(wal.stats().bytes, disk.files.get(disk.segments[0]!)!.length);
  assert.equal(wal.stats().entries, wal.writtenSeq - wal.firstSeq);
  await wal.close();
  const again = await open(disk);
  assert.equal(again.nextSeq, 61);
  const { lines, gaps } = await readLog(again);
  assert.deepEqual([lines.size + again.firstSeq, gaps], [61, []]);
});

test("retain keeps that many bytes of settled segments, all of them, or those of an age", async () => {
  const sizes = async (options: WalOptions, ageMs = 0): Promise<number> => {
    const disk = testDisk();
    const clock = fakeClock();
    const wal = await open(disk, { ...options, clock });
    await write(wal, 100);
    await clock.advance(ageMs);
    await wal.trim(wal.nextSeq);
    return wal.stats().bytes;
  };
  assert.ok(await sizes({ retain: 0 }) <= 4096);
  const kept = await sizes({ retain: 10_000 });
  assert.ok(kept >= 10_000 && kept < 10_000 + 4096, `${kept}`);
  const all = await sizes({ retain: "all" }, 60_000);
  assert.equal(await sizes({ retain: 1e9, retainAgeMs: 60_000 }, 60_000), all);
  assert.ok(await sizes({ retain: 1e9, retainAgeMs: 60_000 }, 60_001) <= 4096);
  assert.equal(await sizes({ retain: "all", retainAgeMs: 60_000 }, 60_001), all);
});

test("at its limit the log is full until the oldest segment goes, whatever retain says", async () => {
  for (const limit of [{ maxBytes: 20_000 }, { maxSegments: 4 }]) {
    const disk = testDisk();
    const wal = await open(disk, { retain: "all", ...limit });
    while (!wal.full) await write(wal, 1);
    const chain = await headers(disk);
    assert.equal(wal.evictTo, chain[1]!.first);
    assert.equal(wal.canTrim(wal.evictTo - 1), false);
    assert.equal(wal.canTrim(wal.evictTo), true);
    const trimming = wal.trim(wal.evictTo);
    assert.equal(wal.full, false, "there is room before the file is gone");
    await trimming;
    assert.equal(wal.firstSeq, chain[1]!.first);
    if ("maxSegments" in limit) assert.equal(chain.length, 5);
  }
});

test("what is staged counts towards the limit", async () => {
  const wal = await open(testDisk(), { maxBytes: 20_000 });
  for (let i = 0; i < 200 && !wal.full; i++) wal.stage(lineOf("x".repeat(100)));
  assert.equal(wal.full, true);
  assert.ok(wal.nextSeq < 200);
});

test("records longer than the whole limit do not close the log for good", async () => {
  const disk = testDisk();
  const wal = await open(disk, { maxBytes: 20_000, retain: 0 });
  for (let i = 1; i <= 5; i++) {
    wal.stage(lineOf("x".repeat(50_000)));
    await wal.sync();
    assert.equal(wal.full, true);
    assert.equal(wal.canTrim(wal.writtenSeq - 1), false);
    assert.equal(wal.evictTo, wal.writtenSeq);
    assert.equal(wal.canTrim(wal.writtenSeq), true);
    await wal.trim(wal.writtenSeq);
    assert.equal(wal.full, false, `record ${i}`);
  }
  await wal.close();
  assert.equal((await open(disk)).nextSeq, 6);
});

test("a segment that cannot be removed holds back the younger ones, and goes later", async () => {
  const disk = testDisk();
  const told: LogNotice[] = [];
  const wal = await open(disk, { retain: 0, onNotice: (notice) => told.push(notice) });
  await write(wal, 60);
  const oldest = disk.segments[0]!;
  const count = disk.segments.length;
  disk.onRemove = (name) => name === oldest ? new Error("EBUSY") : undefined;
  await wal.trim(30);
  await wal.trim(61);
  assert.deepEqual(told.map(({ kind }) => kind), ["write-failed"]);
  assert.match(told[0]!.message, new RegExp(`Cannot remove segment "${oldest}".*EBUSY`));
  assert.equal(disk.segments.length, count);
  const again = await open(disk.copy());
  assert.deepEqual((await readLog(again, 1)).gaps, [], "a kill now leaves a log without a hole");
  disk.onRemove = () => {};
  await wal.trim(61);
  assert.equal(disk.segments.length, 1);
});

test("the places of inputs outlive the segments that told them, over trims and openings", async () => {
  const disk = testDisk();
  const mark = (file: string, offset: number): InputMark => ({ file, offset, id: '8:1"é' });
  for (let opening = 1; opening <= 4; opening++) {
    const wal = await open(disk, { retain: 0 });
    if (opening === 1) await write(wal, 1, mark("/logs/once ✓", 77));
    await write(wal, 30, mark("/logs/always", opening * 1000));
    await write(wal, 30);
    await wal.trim(wal.nextSeq);
    await wal.close();
    const again = await open(disk.copy());
    assert.deepEqual([...again.inputs.values()], [
      mark("/logs/once ✓", 77),
      mark("/logs/always", opening * 1000),
    ]);
    const idle = await open(disk.copy());
    await idle.close();
  }
});

test("the last place of an input is that of the last record that survived", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  for (let i = 1; i <= 5; i++) {
    wal.stage(lineOf(`n${i}`), { file: "/in", offset: i * 10, id: "1:1" });
    await wal.sync();
  }
  const name = disk.segments[0]!;
  disk.files.set(name, disk.files.get(name)!.slice(0, -1));
  const again = await open(disk);
  assert.deepEqual([again.nextSeq, again.inputs.get("/in")?.offset], [5, 40]);
});

test("openWal() refuses segments that are too small to work with", async () => {
  await assert.rejects(open(testDisk(), { segmentBytes: 100 }), RangeError);
  await assert.rejects(open(testDisk(), { maxBytes: 16_000 }), /allowed are 4096 and more/);
});
