import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogNotice, openPipeline, openWal } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { lineOf, msgOf, readLog } from "./support/read_log.ts";
import { openSmall, openTold } from "./support/small_log.ts";
import { type TestDisk, testDisk } from "./support/test_disk.ts";

/** A disk on which a program was started so often, and wrote one record each time. */
async function manyStarts(count: number): Promise<TestDisk> {
  const disk = testDisk();
  for (let i = 1; i <= count; i++) {
    const wal = await openSmall(disk, { segmentBytes: 20_000 });
    wal.stage(lineOf(`n${i}`), { file: "/in", offset: i, id: "1" });
    await wal.close();
  }
  return disk;
}

async function messages(wal: Parameters<typeof readLog>[0]): Promise<string[]> {
  const { lines, gaps } = await readLog(wal, 1);
  assert.deepEqual(gaps, []);
  return [...lines.values()].map((line) => msgOf(line)!);
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i + 1}`);

test("compact() joins what many short runs have left, and changes no record", async () => {
  const disk = await manyStarts(40);
  const wal = await openSmall(disk, { segmentBytes: 20_000 });
  assert.equal(disk.segments.length, 41);
  const reader = wal.reader(1);
  await reader.next();
  await wal.compact();
  assert.ok(disk.segments.length <= 4, `${disk.segments.length} segments`);
  assert.equal(wal.stats().segments, disk.segments.length);
  assert.deepEqual(await messages(wal), numbered(40));
  // One who was reading when it happened goes on at its place.
  const read = await reader.next();
  assert.ok(read.kind === "lines" && read.chunk.firstSeq === 2);
  reader.close();
  await wal.close();
  const { wal: again, told } = await openTold(disk);
  assert.deepEqual(told, []);
  assert.deepEqual(await messages(again), numbered(40));
  assert.equal(again.inputs.get("/in")?.offset, 40);
  await again.close();
});

test("compact() that is killed anywhere leaves the same records", async () => {
  const disk = await manyStarts(12);
  const snapshots: TestDisk[] = [];
  const store = disk.store();
  const watch = <Args extends unknown[], T>(call: (...args: Args) => T) => (...args: Args): T => {
    snapshots.push(disk.copy());
    return call(...args);
  };
  const spied = {
    ...store,
    createSync: watch(store.createSync),
    rename: watch(store.rename),
    remove: watch(store.remove),
    syncFolder: watch(store.syncFolder),
  };
  const wal = await openWal(spied, { segmentBytes: 20_000, retain: "all", windowBytes: 0 });
  await wal.compact();
  assert.ok(snapshots.length > 20);
  for (const snapshot of snapshots) {
    const { wal: found, told } = await openTold(snapshot);
    assert.deepEqual(told, []);
    assert.deepEqual(await messages(found), numbered(12));
    await found.close();
  }
});

test("a damaged first line of a joined segment costs no record", async () => {
  const disk = await manyStarts(12);
  const wal = await openSmall(disk, { segmentBytes: 20_000 });
  await wal.compact();
  await wal.close();
  disk.files.get(disk.segments[0]!)![40]! ^= 1;
  const { wal: found, told } = await openTold(disk);
  assert.deepEqual(told.map(({ kind }) => kind), ["damage"]);
  assert.deepEqual(await messages(found), numbered(12));
});

test("compact() leaves a damaged segment as it is", async () => {
  const disk = await manyStarts(6);
  const name = disk.segments[2]!;
  const bytes = disk.files.get(name)!;
  bytes[new TextDecoder("latin1").decode(bytes).indexOf("n3")]! ^= 2;
  const told: LogNotice[] = [];
  const wal = await openSmall(disk, {
    segmentBytes: 20_000,
    onDamage: "quarantine",
    onNotice: (notice) => told.push(notice),
  });
  await wal.compact();
  assert.ok(disk.files.has(name));
  const { gaps } = await readLog(wal, 1);
  assert.deepEqual(gaps, [{ firstSeq: 3, count: 1, reason: "damaged" }]);
  assert.equal(wal.stats().damaged, 1);
  await wal.close();
});

test("a pipeline that was started many times joins the segments of its log", async () => {
  const disk = await manyStarts(40);
  const before = disk.segments.length;
  const pipeline = await openPipeline({
    sinks: { a: recordingSink() },
    wal: { store: disk.store(), retain: "all" },
    onEvent: () => {},
  });
  await pipeline.close();
  assert.ok(disk.segments.length < before / 4, `${disk.segments.length} segments`);
});
