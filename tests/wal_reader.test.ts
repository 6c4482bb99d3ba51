import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type LogChunk, memoryStore, openWal, type Wal, type WalOptions } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { Window } from "../src/storage/window.ts";
import { lineOf, msgOf, readLog } from "./support/read_log.ts";
import { digest, type TestDisk, testDisk } from "./support/test_disk.ts";

function open(disk: TestDisk, options: WalOptions = {}): Promise<Wal> {
  return openWal(disk.store(), { segmentBytes: 4096, windowBytes: 0, retain: "all", ...options });
}

async function write(wal: Wal, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    wal.stage(lineOf(`n${wal.nextSeq}`));
    wal.flushSync();
  }
  await wal.sync();
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

function msgs(chunk: LogChunk | undefined): (string | undefined)[] {
  return new TextDecoder().decode(chunk!.bytes).split("\n").slice(0, -1).map(msgOf);
}

test("readable() follows the log, and ends when it is cancelled", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  await write(wal, 2);
  const reader = wal.readable(2).getReader();
  assert.deepEqual(msgs((await reader.read()).value), ["n2"]);
  const live = reader.read();
  await settle();
  await write(wal, 1);
  assert.deepEqual(msgs((await live).value), ["n3"]);
  const pending = reader.read();
  await settle();
  await reader.cancel();
  assert.equal((await pending).done, true);
  await write(wal, 1);
  await wal.close();
  assert.equal(disk.open, 0);
});

test("readable() ends behind the last line when the log is closed", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  await write(wal, 3);
  const waiting = wal.readable(4).getReader().read();
  await settle();
  const behind = wal.readable().getReader();
  await behind.read();
  await wal.close();
  assert.equal((await waiting).done, true);
  assert.deepEqual(msgs((await behind.read()).value), ["n2"]);
  assert.deepEqual(msgs((await behind.read()).value), ["n3"]);
  assert.equal((await behind.read()).done, true);
  assert.equal(disk.open, 0);
});

test("readable() reads nothing ahead", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  await write(wal, 60);
  const store = wal.store;
  let reads = 0;
  const openFile = store.openFile.bind(store);
  store.openFile = async (name, access) => {
    reads++;
    return await openFile(name, access);
  };
  const reader = wal.readable().getReader();
  await settle();
  assert.equal(reads, 0, "before the first pull");
  const first = await reader.read();
  await settle();
  assert.deepEqual([msgs(first.value), reads], [["n1"], 1]);
  for (let i = 2; i <= 60; i++) assert.deepEqual(msgs((await reader.read()).value), [`n${i}`]);
  assert.equal(reads, disk.segments.length);
  await reader.cancel();
  await wal.close();
  assert.equal(disk.open, 0);
});

test("a reader that is closed while it reads gives its descriptor back", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  await write(wal, 60);
  for (let turns = 0; turns < 6; turns++) {
    const reader = wal.reader(1);
    const read = Promise.resolve(reader.next());
    for (let i = 0; i < turns; i++) await undefined;
    reader.close();
    const { kind } = await read;
    assert.ok(kind === "lines" || kind === "end");
    assert.deepEqual(await reader.next(), { kind: "end" });
  }
  await wal.close();
  assert.equal(disk.open, 0);
});

test("readable() that fails gives its descriptor back and stops listening", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  await write(wal, 60);
  const stream = wal.readable().getReader();
  await stream.read();
  const openFile = wal.store.openFile.bind(wal.store);
  wal.store.openFile = async (name, access) => ({
    ...await openFile(name, access),
    read: () => Promise.reject(new Error("EIO: i/o error")),
  });
  await assert.rejects(async () => {
    for (let i = 0; i < 60; i++) await stream.read();
  }, /EIO/);
  await wal.close();
  assert.equal(disk.open, 0);
});

test("any number of readers go their own ways at once", async () => {
  const wal = await open(testDisk());
  await write(wal, 90);
  const all = await Promise.all([1, 5, 17, 40, 89, 1].map((from) => readLog(wal, from)));
  assert.deepEqual(all.map(({ lines }) => lines.size), [90, 86, 74, 51, 2, 90]);
  for (const { lines, gaps } of all) {
    assert.deepEqual(gaps, []);
    for (const [seq, line] of lines) assert.equal(msgOf(line), `n${seq}`);
  }
});

test("window and segments give the same lines", async () => {
  for (const windowBytes of [0, 2000, 1e6]) {
    const wal = await open(testDisk(), { windowBytes });
    await write(wal, 60);
    for (const from of [1, 30, 60]) {
      const { lines, gaps } = await readLog(wal, from);
      assert.deepEqual([...lines.values()].map(msgOf), range(from, 60), `${windowBytes}`);
      assert.deepEqual(gaps, []);
    }
  }
});

function range(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `n${from + i}`);
}

test("a reader over what was trimmed is told of exactly that", async () => {
  for (const windowBytes of [0, 1e6]) {
    const wal = await open(testDisk(), { retain: 0, windowBytes });
    await write(wal, 60);
    const before = wal.reader(1);
    assert.equal((await before.next()).kind, "lines");
    await wal.trim(40);
    const gone = wal.firstSeq;
    assert.ok(gone > 20 && gone <= 40);
    assert.deepEqual(await before.next(), {
      kind: "gap",
      gap: { firstSeq: 2, count: gone - 2, reason: "trimmed" },
    });
    const { lines, gaps } = await readLog(wal, 1);
    assert.deepEqual(gaps, [{ firstSeq: 1, count: gone - 1, reason: "trimmed" }]);
    assert.deepEqual([...lines.values()].map(msgOf), range(gone, 60));
    before.close();
  }
});

test("a trim while a segment is being opened is a gap, not an error", async () => {
  const disk = testDisk();
  const wal = await open(disk, { retain: 0 });
  await write(wal, 60);
  const reader = wal.reader(1);
  const read = reader.next();
  await wal.trim(61);
  const found = await read;
  if (found.kind === "gap") assert.equal(found.gap.reason, "trimmed");
  const next = await reader.next();
  assert.ok(found.kind === "gap" || (next.kind === "gap" && next.gap.reason === "trimmed"));
  reader.close();
});

test("seek() goes anywhere, within a frame too", async () => {
  const wal = await open(testDisk());
  for (let i = 1; i <= 30; i++) wal.stage(lineOf(`n${i}`));
  await wal.sync();
  const reader = wal.reader(1);
  for (const seq of [1, 30, 15, 2, 15]) {
    reader.seek(seq);
    const read = await reader.next();
    assert.ok(read.kind === "lines");
    assert.deepEqual(msgs(read.chunk), range(seq, 30));
    assert.equal(reader.nextSeq, 31);
  }
  assert.deepEqual(await reader.next(), { kind: "end" });
  reader.close();
});

test("characters of any length and a record of 3 MiB come back as they were", async () => {
  const disk = testDisk();
  const wal = await open(disk);
  const given = [
    "é€𝄞\u0000\u2028\ud800",
    "𝄞".repeat(786_432),
    "",
    "y".repeat(3 * 1024 * 1024),
    "\\n\"'{",
  ];
  for (const msg of given) wal.stage(lineOf(msg));
  await wal.sync();
  for (const log of [wal, await open(disk.copy())]) {
    const { lines, gaps } = await readLog(log, 1);
    assert.deepEqual(gaps, []);
    const found = [...lines.values()].map((line) => msgOf(line)!);
    const hash = (text: string): string => digest(new TextEncoder().encode(text));
    assert.deepEqual(found.map(hash), given.map(hash));
  }
});

test("the window forgets the oldest first, and what was trimmed", () => {
  const bytes = new Uint8Array(1000);
  const window = new Window(10_000);
  for (let seq = 1; seq <= 1000; seq += 10) window.push({ firstSeq: seq, count: 10, bytes });
  const held = Array.from({ length: 1001 }, (_, seq) => seq).filter((seq) => window.find(seq));
  assert.deepEqual([held.length, held[0], held.at(-1)], [60, 941, 1000]);
  window.forgetBelow(965);
  assert.deepEqual([window.find(960), window.find(961)?.firstSeq], [undefined, 961]);
  window.forgetBelow(2000);
  assert.equal(window.find(1000), undefined);
  window.push({ firstSeq: 2000, count: 1, bytes: new Uint8Array(20_000) });
  assert.equal(window.find(2000)?.count, 1, "the newest stays, whatever its size");
});

test("a window that nobody looks into keeps little, and all again once somebody does", () => {
  const bytes = new Uint8Array(10_000);
  const window = new Window(1024 * 1024);
  let seq = 0;
  const push = (count: number): void => {
    for (let i = 0; i < count; i++) window.push({ firstSeq: seq++, count: 1, bytes });
  };
  const held = (): number => {
    let first = seq;
    while (window.find(first - 1) !== undefined) first--;
    return seq - first;
  };
  push(300);
  assert.equal(held(), 24);
  push(300);
  assert.equal(held(), 24, "the look came before all of them");
  for (let i = 0; i < 300; i++) {
    push(1);
    assert.ok(window.find(seq - 1));
  }
  assert.equal(held(), 99);
});

test("a log in memory reads as one on disk does", async () => {
  const store = memoryStore();
  const wal = await openWal(store, { segmentBytes: 4096, windowBytes: 0, retain: 0 });
  assert.deepEqual([wal.acknowledges, wal.absorbs], ["memory", false]);
  await write(wal, 60);
  assert.deepEqual([...(await readLog(wal, 1)).lines.values()].map(msgOf), range(1, 60));
  await wal.trim(61);
  await wal.close();
  const again = await openWal(store);
  assert.equal(again.nextSeq, 61);
});

test("a reader forgets what it read behind the end before that was written", async () => {
  const folder = mkdtempSync(join(tmpdir(), "logflume-"));
  try {
    // Small writes reserve room, which reads as zeros until it is written.
    const wal = await openWal(fileStore(folder), { windowBytes: 0 });
    const reader = wal.reader(1);
    for (let i = 1; i <= 12; i++) {
      wal.stage(lineOf(`n${i}`));
      await wal.sync();
      // The newest one is in memory: always two behind, so that each is read from the file.
      if (i < 3) continue;
      const read = await reader.next();
      assert.ok(read.kind === "lines" && read.chunk.firstSeq === i - 2, `${i - 2}: ${read.kind}`);
    }
    reader.close();
    await wal.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
