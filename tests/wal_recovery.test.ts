import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type InputMark, type LogNotice, openWal } from "../mod.ts";
import { lineOf, msgOf, readLog } from "./support/read_log.ts";
import { filled, frameOffsets, numbered, openSmall, openTold, SMALL } from "./support/small_log.ts";
import { noSpace, type TestDisk, testDisk } from "./support/test_disk.ts";
import { unicodeText } from "./support/unicode_text.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test("any prefix of written bytes recovers to a prefix of records", async () => {
  const message = unicodeText({ maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (msgs, perFrame, cutAt, cutAgainAt) => {
        const disk = await filled(msgs, perFrame);
        const cut = (at: number, from: number): void => {
          const name = disk.segments.at(-1)!;
          const bytes = disk.files.get(name)!;
          disk.files.set(name, bytes.slice(0, from + Math.floor(at * (bytes.length - from))));
        };
        cut(cutAt, 0);
        const first = await openSmall(disk);
        const kept = first.nextSeq - 1;
        const { lines, gaps } = await readLog(first, 1);
        assert.deepEqual(gaps, []);
        assert.equal(lines.size, kept);
        assert.deepEqual([...lines.values()].map(msgOf), msgs.slice(0, kept));
        // The opening made durable what it found: only what is written from here on can be cut.
        const durable = disk.files.get(disk.segments.at(-1)!)!.length;
        first.stage(lineOf("after the cut"));
        first.flushSync();
        assert.equal(msgOf((await readLog(first, 1)).lines.get(kept + 1)), "after the cut");
        cut(cutAgainAt, durable);
        const second = await openSmall(disk);
        assert.ok(second.nextSeq === kept + 1 || second.nextSeq === kept + 2);
        const again = await readLog(second, 1);
        assert.deepEqual(again.gaps, []);
        assert.deepEqual([...again.lines.values()].slice(0, kept).map(msgOf), msgs.slice(0, kept));
      },
    ),
    { numRuns: 150 },
  );
});

test("a cut tail is kept beside the log, up to a mebibyte", async () => {
  const disk = await filled(numbered(9));
  const name = disk.segments.at(-1)!;
  const bytes = disk.files.get(name)!;
  disk.files.set(name, bytes.slice(0, -5));
  const { wal, told } = await openTold(disk);
  assert.equal(wal.nextSeq, 7);
  assert.deepEqual(told.map(({ kind }) => kind), ["torn-tail"]);
  const torn = disk.files.get(disk.only(/\.torn$/))!;
  const end = frameOffsets(bytes).at(-1)!;
  assert.deepEqual(torn, bytes.slice(end, -5));
});

test("a tail is cut even where the disk has no room for its copy", async () => {
  const disk = await filled(numbered(9));
  const name = disk.segments.at(-1)!;
  disk.files.set(name, disk.files.get(name)!.slice(0, -5));
  const store = disk.store();
  const wal = await openWal({
    ...store,
    createSync(file) {
      if (file.endsWith(".torn")) throw noSpace();
      return store.createSync(file);
    },
  }, SMALL);
  assert.equal(wal.nextSeq, 7);
});

test("the input places of a segment with a damaged first line come from those before it", async () => {
  const disk = testDisk();
  const wal = await openSmall(disk);
  const mark = (file: string, offset: number): InputMark => ({ file, offset, id: "1:2" });
  wal.stage(lineOf("early"), mark("/var/log/a", 7));
  wal.flushSync();
  for (let i = 1; i <= 60; i++) {
    wal.stage(lineOf("x".repeat(100)), mark("/var/log/b", i));
    wal.flushSync();
  }
  await wal.sync();
  assert.ok(disk.segments.length > 3);
  disk.files.get(disk.segments.at(-1)!)![30]! ^= 1;
  const { wal: again } = await openTold(disk);
  assert.deepEqual([...again.inputs.values()].map((m) => m.offset), [7, 60]);
});

test("a length beyond the file is not read, even under a valid checksum", async () => {
  const { writeFrameHeader } = await import("../src/wal/frame.ts");
  const disk = await filled(numbered(9));
  const name = disk.segments[0]!;
  const bytes = disk.files.get(name)!;
  const salt = name.slice(25, 33);
  const header = { seq: 10, n: 1, len: 2 ** 40, durable: 10, salt, body: "00000000" };
  const frame = new Uint8Array(256);
  writeFrameHeader(frame, header, disk.store().crc32);
  const longer = new Uint8Array(bytes.length + 300);
  longer.set(bytes);
  longer.set(frame, bytes.length);
  disk.files.set(name, longer);
  const { wal, told } = await openTold(disk);
  assert.deepEqual([told.map(({ kind }) => kind), wal.nextSeq], [["torn-tail"], 10]);
});

test("files that hold no log are classed without a crash and without a large allocation", async () => {
  const name = "wal-00000000000000000001-0badf00d.ndjson";
  const frame = '{"$":"frame","seq":1,"n":4294967295,"len":4294967295,"salt":"0badf00d"';
  const cases: [string, Uint8Array, ...("torn-tail" | "damage")[]][] = [
    ["empty", new Uint8Array(0)],
    ["zeros", new Uint8Array(10_000), "torn-tail"],
    ["garbage", bytesOf("\u0001garbage\n".repeat(700)), "damage"],
    ["a huge length", bytesOf(`${frame},"body":"00000000","crc":"00000000"}\n`), "damage"],
    ["one line without end", bytesOf('{"$":"segment",' + " ".repeat(3e6)), "damage"],
    ["the beginning of a first line", bytesOf('{"$":"segm'), "torn-tail"],
    ["a whole first line of no log", bytesOf('{"$":"segment","version":1}\n'), "torn-tail"],
  ];
  for (const [what, bytes, ...kinds] of cases) {
    const disk = testDisk();
    disk.files.set(name, bytes);
    const { wal, told } = await openTold(disk.copy());
    assert.deepEqual([told.map((n) => n.kind), wal.nextSeq], [kinds, 1], what);
    assert.deepEqual([...(await readLog(wal)).lines], [], what);
    if (kinds[0] === "damage") {
      await assert.rejects(openSmall(disk), { name: "DamagedLogError" }, what);
    }
  }
});

test("bytes of another segment never pass for frames of this one", async () => {
  const disk = await filled(numbered(60));
  const [first, second] = disk.segments as [string, string];
  const last = disk.segments.at(-1)!;
  const stale = disk.files.get(first)!.slice(256);
  const bytes = disk.files.get(last)!;
  const mixed = new Uint8Array(bytes.length + stale.length);
  mixed.set(bytes);
  mixed.set(stale, bytes.length);
  disk.files.set(last, mixed);
  const { wal } = await openTold(disk);
  assert.notEqual(second, last);
  assert.equal(wal.nextSeq, 61);
  assert.equal((await readLog(wal, 1)).lines.size, 60);
});

test("a segment of a newer format is refused by name and version", async () => {
  const { createSegment } = await import("../src/wal/segment.ts");
  const disk = testDisk();
  const header = { log: "00", epoch: 1, first: 1, prev: null, created: "", inputs: [] };
  // What follows a name overrides it, so the header says version 2.
  createSegment(disk.store(), { ...header, turn: 0, boot: "", ...{ version: 2 } }, () => {});
  await assert.rejects(
    openSmall(disk),
    /has format version 2, this release reads up to 1: use a newer/,
  );
});

test("a kill at any step of opening and rotation leaves a log that opens", async () => {
  const disk = testDisk();
  const snapshots: TestDisk[] = [];
  const store = disk.store();
  const spied = {
    ...store,
    createSync(name: string) {
      const file = store.createSync(name);
      snapshots.push(disk.copy());
      return {
        ...file,
        get size() {
          return file.size;
        },
        writeSync(bytes: Uint8Array) {
          const taken = file.writeSync(bytes.subarray(0, Math.ceil(bytes.length / 2)));
          snapshots.push(disk.copy());
          return taken;
        },
      };
    },
    async remove(name: string) {
      snapshots.push(disk.copy());
      await store.remove(name);
      snapshots.push(disk.copy());
    },
  };
  for (let round = 0; round < 3; round++) {
    // An opening without a record, then one with some, then one that rotates.
    const wal = await openWal(spied, SMALL);
    for (let i = 0; i < round * 20; i++) {
      wal.stage(lineOf(`${round}-${i}`.padEnd(200)));
      wal.flushSync();
    }
    await wal.close();
  }
  assert.ok(snapshots.length > 60);
  for (const snapshot of snapshots) {
    const told: LogNotice[] = [];
    const wal = await openSmall(snapshot, { onNotice: (notice) => told.push(notice) });
    const { lines, gaps } = await readLog(wal, 1);
    assert.deepEqual([lines.size, gaps], [wal.nextSeq - 1, []]);
    for (const { kind, message } of told) assert.equal(kind, "torn-tail", message);
    await wal.close();
    assert.equal(snapshot.open, 0);
  }
});

test("what recovery keeps is durable, whatever the opening before left unsynced", async () => {
  const disk = testDisk();
  const wal = await openSmall(disk, { sync: "never" });
  for (let i = 0; i < 40; i++) {
    wal.stage(lineOf("x".repeat(200)));
    wal.flushSync();
  }
  const killed = disk.copy();
  assert.ok(killed.segments.length > 2);
  const found = killed.segments;
  const again = await openSmall(killed);
  assert.equal(again.durableSeq, 41);
  assert.deepEqual(killed.segments.filter((name) => found.includes(name)), []);
  assert.equal((await readLog(again, 1)).lines.size, 40);
  await again.close();
  const sealed = killed.segments;
  await openSmall(killed);
  assert.deepEqual(killed.segments.slice(0, -1), sealed, "copied once, sealed for good");
});

test("an opening that failed leaves no file open", async () => {
  const disk = await filled(numbered(12));
  const name = disk.segments.at(-1)!;
  disk.files.get(name)![frameOffsets(disk.files.get(name)!)[1]! + 300]! ^= 1;
  await assert.rejects(openSmall(disk), { name: "DamagedLogError" });
  assert.equal(disk.open, 0);
  const full = await filled(numbered(12));
  full.onSync = () => new Error("EIO: i/o error");
  await assert.rejects(openSmall(full), /EIO/);
  assert.equal(full.open, 0);
  full.onSync = () => {};
  assert.equal((await readLog(await openSmall(full), 1)).lines.size, 12);
});
