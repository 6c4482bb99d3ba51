import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DamagedLogError, openPipeline } from "../mod.ts";
import { lineOf, msgOf, readLog } from "./support/read_log.ts";
import { filled, frameOffsets, numbered, openSmall, openTold } from "./support/small_log.ts";
import { testDisk } from "./support/test_disk.ts";

/** The records by number must be a part of what was written, each at its own number. */
function assertTrue(lines: ReadonlyMap<number, string>, msgs: readonly string[]): void {
  for (const [seq, line] of lines) assert.equal(msgOf(line), msgs[seq - 1]);
}

test("Damage is never silent: a flipped byte anywhere is told with its exact range, or harms nothing", async () => {
  const msgs = numbered(60);
  const good = await filled(msgs);
  const places = good.segments.flatMap((name) =>
    Array.from(good.files.get(name)!, (_, offset) => ({ name, offset }))
  );
  assert.ok(good.segments.length > 3);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...places),
      fc.integer({ min: 1, max: 255 }),
      async ({ name, offset }, mask) => {
        const disk = good.copy();
        disk.files.get(name)![offset]! ^= mask;
        const { wal, told } = await openTold(disk);
        const { lines, gaps } = await readLog(wal, 1);
        assertTrue(lines, msgs);
        const lost = gaps.reduce((sum, gap) => sum + gap.count, 0);
        assert.equal(lines.size + lost, wal.nextSeq - 1);
        // At most the one frame that the byte stands in is lost.
        assert.ok(lines.size >= msgs.length - 3, `${lines.size} left`);
        if (lines.size < msgs.length) assert.notEqual(told.length, 0);
        for (const gap of gaps) assert.equal(gap.reason, "damaged");
        await openSmall(disk).catch((error) => assert.ok(error instanceof DamagedLogError, error));
      },
    ),
    { numRuns: 300 },
  );
});

test("damage in the middle of the last segment refuses, or skips exactly its frame", async () => {
  const msgs = numbered(12);
  const good = await filled(msgs);
  const name = good.segments.at(-1)!;
  const offsets = frameOffsets(good.files.get(name)!);
  const disk = good.copy();
  disk.files.get(name)![offsets[1]! + 300]! ^= 1;
  await assert.rejects(openSmall(disk.copy()), (error) => {
    assert.ok(error instanceof DamagedLogError);
    assert.match(error.message, /records 4 to 6 cannot be read; set onDamage to "quarantine"/);
    assert.deepEqual([error.file, error.offset, error.end], [name, offsets[1], offsets[2]]);
    return true;
  });
  const { wal, told } = await openTold(disk);
  assert.deepEqual(told.map(({ kind }) => kind), ["damage"]);
  const { lines, gaps } = await readLog(wal, 1);
  assert.deepEqual(gaps, [{ firstSeq: 4, count: 3, reason: "damaged" }]);
  assert.deepEqual([...lines.keys()], [1, 2, 3, 7, 8, 9, 10, 11, 12]);
  assert.equal(wal.nextSeq, 13);
});

test("a pipeline skips what is damaged and says so, unless told to refuse it", async () => {
  const good = await filled(numbered(12));
  const name = good.segments.at(-1)!;
  good.files.get(name)![frameOffsets(good.files.get(name)!)[1]! + 300]! ^= 1;
  const store = good.copy().store();
  await assert.rejects(
    openPipeline({ wal: { store, onDamage: "refuse" }, sinks: {}, onEvent: () => {} }),
    DamagedLogError,
  );
  const kinds: string[] = [];
  const onEvent = ({ kind }: { readonly kind: string }): void => void kinds.push(kind);
  // A setting that is passed on though nobody gave it counts as left out.
  const wal = { store };
  Object.assign(wal, { onDamage: undefined });
  const pipeline = await openPipeline({ wal, sinks: {}, onEvent });
  assert.deepEqual(kinds, ["damage"]);
  assert.equal(pipeline.stats().sequence.next, 13);
  await pipeline.close();
});

test("damage of two frames in a row, header and body, is one exact gap", async () => {
  const good = await filled(numbered(12));
  const name = good.segments.at(-1)!;
  const offsets = frameOffsets(good.files.get(name)!);
  good.files.get(name)![offsets[1]! + 20]! ^= 1;
  good.files.get(name)![offsets[2]! + 300]! ^= 1;
  const { wal, told } = await openTold(good);
  assert.match(told[0]!.message, /records 4 to 9 cannot be read/);
  const { gaps } = await readLog(wal, 1);
  assert.equal(gaps.reduce((sum, gap) => sum + gap.count, 0), 6);
});

test("body damage in a sealed segment is a gap for who reads it, told once", async () => {
  const disk = await filled(numbered(60));
  const name = disk.segments[1]!;
  const offsets = frameOffsets(disk.files.get(name)!);
  const header = new TextDecoder().decode(disk.files.get(name)!.subarray(offsets[0]!));
  const seq = Number(/"seq":(\d+)/.exec(header)![1]);
  disk.files.get(name)![offsets[0]! + 280]! ^= 4;
  const { wal, told } = await openTold(disk);
  for (let i = 0; i < 2; i++) {
    const { lines, gaps } = await readLog(wal, 1);
    assert.deepEqual(gaps, [{ firstSeq: seq, count: 3, reason: "damaged" }]);
    assert.equal(lines.size, 57);
  }
  assert.equal(told.length, 1);
  // One who asks for a part of what is damaged is told of that part.
  const middle = await readLog(wal, seq + 1);
  assert.deepEqual(middle.gaps, [{ firstSeq: seq + 1, count: 2, reason: "damaged" }]);
});

test("a damaged first line costs no record", async () => {
  for (const index of [0, 1, -1]) {
    const disk = await filled(numbered(60));
    const name = disk.segments.at(index)!;
    disk.files.get(name)![30]! ^= 1;
    await assert.rejects(openSmall(disk.copy()), { name: "DamagedLogError", file: name });
    const { wal, told } = await openTold(disk);
    assert.deepEqual(told.map(({ kind }) => kind), ["damage"]);
    const { lines, gaps } = await readLog(wal, 1);
    assert.deepEqual([lines.size, gaps, wal.nextSeq], [60, [], 61]);
    wal.stage(lineOf("n61"));
    await wal.close();
    const again = await openTold(disk);
    assert.equal((await readLog(again.wal, 1)).lines.size, 61);
  }
});

test("a missing middle segment refuses, or is a gap of exactly its records", async () => {
  const disk = await filled(numbered(60));
  const [, gone, after] = disk.segments;
  const range = [gone!, after!].map((name) => Number(name.slice(4, 24)));
  disk.files.delete(gone!);
  await assert.rejects(openSmall(disk.copy()), (error) => {
    assert.ok(error instanceof DamagedLogError);
    assert.match(error.message, /is not followed by the segment that should come after it/);
    return true;
  });
  const { wal, told } = await openTold(disk);
  assert.deepEqual(told.map(({ kind }) => kind), ["damage"]);
  const { lines, gaps } = await readLog(wal, 1);
  const [first, end] = range as [number, number];
  assert.deepEqual(gaps, [{ firstSeq: first, count: end - first, reason: "damaged" }]);
  assert.equal(lines.size, 60 - (end - first));
});

test("a sealed segment that was cut refuses, or loses exactly what is gone", async () => {
  const disk = await filled(numbered(60));
  const name = disk.segments[1]!;
  const bytes = disk.files.get(name)!;
  const lastFrame = frameOffsets(bytes).at(-1)!;
  disk.files.set(name, bytes.slice(0, lastFrame + 10));
  await assert.rejects(openSmall(disk.copy()), {
    name: "DamagedLogError",
    file: name,
    offset: lastFrame,
    end: bytes.length,
  });
  const { wal } = await openTold(disk);
  const { lines, gaps } = await readLog(wal, 1);
  assert.equal(gaps.length, 1);
  assert.equal(gaps[0]!.count, 3);
  assert.equal(lines.size, 57);
});

test("a sealed segment that was cut down to its first line is damaged, not empty", async () => {
  const disk = await filled(numbered(60));
  const name = disk.segments[1]!;
  const bytes = disk.files.get(name)!;
  disk.files.set(name, bytes.slice(0, frameOffsets(bytes)[0]!));
  await assert.rejects(openSmall(disk.copy()), { name: "DamagedLogError", file: name });
  const { wal } = await openTold(disk);
  const { lines, gaps } = await readLog(wal, 1);
  assert.equal(lines.size + gaps.reduce((sum, gap) => sum + gap.count, 0), 60);
});

test("what stands behind the sealed end of a segment does not count", async () => {
  const disk = await filled(numbered(60));
  const name = disk.segments[1]!;
  const bytes = disk.files.get(name)!;
  const longer = new Uint8Array(bytes.length + 500).fill(0x41);
  longer.set(bytes);
  disk.files.set(name, longer);
  const { wal, told } = await openTold(disk);
  const { lines, gaps } = await readLog(wal, 1);
  assert.deepEqual([lines.size, gaps, told], [60, [], []]);
});

test("segments of another log and copies of our own are left aside", async () => {
  const msgs = numbered(40);
  const disk = await filled(msgs);
  const foreign = await filled(numbered(9, 120).map((m) => `foreign ${m}`));
  for (const name of foreign.segments) disk.files.set(name, foreign.files.get(name)!);
  const own = disk.files.get(disk.segments[2]!)!;
  disk.files.set("wal-00000000000000000999-0badf00d.ndjson", own.slice());
  await assert.rejects(openSmall(disk.copy()), { name: "DamagedLogError" });
  const { wal, told } = await openTold(disk);
  assert.deepEqual(told.map(({ kind }) => kind), ["damage", "damage"]);
  const messages = told.map(({ message }) => message).join("\n");
  assert.match(messages, /belongs to another log, [0-9a-f]{16}: it is left aside/);
  assert.match(messages, /-0badf00d.*is a copy of another segment: it is left aside/);
  const { lines, gaps } = await readLog(wal, 1);
  assert.deepEqual([lines.size, gaps, wal.nextSeq], [40, [], 41]);
  assertTrue(lines, msgs);
});

test("the cursors tell which log is ours where segments of two are present in equal number", async () => {
  for (let round = 0; round < 4; round++) {
    const disk = testDisk();
    const wal = await openSmall(disk);
    wal.stage(lineOf("ours"));
    wal.saveCursorsSync([]);
    await wal.sync();
    const foreign = await filled(["theirs"]);
    for (const name of foreign.segments) disk.files.set(name, foreign.files.get(name)!);
    const { wal: again } = await openTold(disk.copy());
    assert.equal(again.logId, wal.logId);
    assert.equal(msgOf((await readLog(again, 1)).lines.get(1)), "ours");
  }
});

test("garbage before the frames of a segment costs no record", async () => {
  const disk = await filled(numbered(9));
  const name = disk.segments[0]!;
  const bytes = disk.files.get(name)!;
  const shifted = new Uint8Array(bytes.length + 1000).fill(0x41);
  shifted.set(bytes, 1000);
  disk.files.set(name, shifted);
  const { wal, told } = await openTold(disk);
  assert.deepEqual(told.map(({ kind }) => kind), ["damage"]);
  assert.equal((await readLog(wal, 1)).lines.size, 9);
});

test("garbage between frames is told, and costs no record", async () => {
  const disk = await filled(numbered(9));
  const name = disk.segments[0]!;
  const bytes = disk.files.get(name)!;
  const at = frameOffsets(bytes)[1]!;
  const shifted = new Uint8Array(bytes.length + 1000).fill(0x41);
  shifted.set(bytes.subarray(0, at));
  shifted.set(bytes.subarray(at), at + 1000);
  disk.files.set(name, shifted);
  await assert.rejects(openSmall(disk.copy()), { offset: at, end: at + 1000 });
  const { wal, told } = await openTold(disk);
  assert.match(told[0]!.message, /no record is lost/);
  assert.equal((await readLog(wal, 1)).lines.size, 9);
});

test("damage in the first frame of the newest segment costs the segment before it nothing", async () => {
  const disk = testDisk();
  const first = await openSmall(disk);
  for (const msg of numbered(15)) {
    first.stage(lineOf(msg));
    await first.sync();
  }
  await first.close();
  const second = await openSmall(disk);
  for (const msg of numbered(5)) {
    second.stage(lineOf(msg));
    second.flushSync();
  }
  const killed = disk.copy();
  const newest = killed.files.get(killed.segments.at(-1)!)!;
  newest[frameOffsets(newest)[0]! + 300]! ^= 1;
  const { wal } = await openTold(killed);
  const { lines, gaps } = await readLog(wal);
  assert.deepEqual(gaps, [{ firstSeq: 16, count: 1, reason: "damaged" }]);
  assert.equal(lines.size, 19);
  await wal.close();
});

test("an oldest segment of which nothing can be read is told with its records, and left there", async () => {
  for (const fill of [0x78, 0]) {
    const disk = await filled(numbered(100));
    const [oldest, next] = disk.segments as [string, string];
    disk.files.get(oldest)!.fill(fill);
    await assert.rejects(openSmall(disk.copy()), { name: "DamagedLogError", file: oldest });
    const { wal, told } = await openTold(disk);
    const last = Number(next.slice(4, 24)) - 1;
    assert.match(told[0]!.message, new RegExp(`records 1 to ${last} cannot be read`));
    assert.deepEqual([told.length, wal.stats().damaged], [1, last]);
    assert.ok(disk.files.has(oldest));
    await wal.close();
  }
});

test("two neighbouring damaged first lines are told, and cost nothing where nothing is before them", async () => {
  for (const index of [0, 1, -2]) {
    const disk = await filled(numbered(70));
    for (const name of disk.segments.slice(index, index === -2 ? undefined : index + 2)) {
      disk.files.get(name)![30]! ^= 1;
    }
    const { wal, told } = await openTold(disk);
    const { lines, gaps } = await readLog(wal, 1);
    const lost = gaps.reduce((sum, { count }) => sum + count, 0);
    assert.equal(lines.size + lost, 70);
    assert.ok(told.length >= 2);
    // Behind other segments the first of the two has nobody to tell that it belongs there.
    if (index === 0) assert.equal(lost, 0);
    await wal.close();
  }
});
