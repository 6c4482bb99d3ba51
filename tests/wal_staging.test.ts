import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { memoryStore, openWal } from "../mod.ts";
import { crc32Of } from "../src/storage/crc32.ts";
import type { InputMark } from "../src/storage/store.ts";
import { headerRoom, MAX_BODY_BYTES, readFrameHeader, readHeader } from "../src/wal/frame.ts";
import { type StagedFrame, Staging } from "../src/wal/staging.ts";
import { digest } from "./support/test_disk.ts";
import { unicodeText } from "./support/unicode_text.ts";

const encoder = new TextEncoder();

function staging(): Staging {
  return new Staging({ salt: () => "0badf00d", durableSeq: () => 7, crc32 });
}

/** Text of any kind, short or long, without LF. */
const text = fc.oneof(
  { weight: 8, arbitrary: unicodeText({ maxLength: 200 }) },
  { weight: 3, arbitrary: fc.string({ maxLength: 200 }) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom("x", "é", "€", "𝄞", "\ud800"), fc.nat(50_000)).map((
      [unit, count],
    ) => unit.repeat(count)),
  },
).map((line) => line.replaceAll("\n", " ") + "\n");

const step = fc.record({
  line: text,
  file: fc.constantFrom(undefined, undefined, "/a", "/b/" + "é".repeat(300)),
  take: fc.boolean(),
});

test("the bytes of the frames, one after another, are the lines", async () => {
  await fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
      const stage = staging();
      const frames: StagedFrame[] = [];
      const marks = new Map<number, InputMark>();
      steps.forEach(({ line, file, take }, i) => {
        const mark = file === undefined ? undefined : { file, offset: 2 ** 52 + i, id: "66306:9" };
        if (mark !== undefined) marks.set(i + 1, mark);
        stage.add(line, i + 1, mark);
        if (take) frames.push(...stage.take());
      });
      frames.push(...stage.take());
      let seq = 1;
      for (const frame of frames) {
        stage.seal(frame);
        const { chunk, slab, start, end } = frame;
        const expected = encoder.encode(
          steps.slice(seq - 1, seq - 1 + chunk.count).map(({ line }) => line).join(""),
        );
        assert.equal(chunk.firstSeq, seq);
        assert.equal(digest(chunk.bytes), digest(expected));
        assert.ok(chunk.bytes.length <= MAX_BODY_BYTES || chunk.count === 1);
        assert.equal(frame.mark, marks.get(seq + chunk.count - 1));
        const header = readFrameHeader(slab.subarray(start, end), crc32);
        assert.ok(header !== undefined && header !== "short");
        assert.deepEqual(
          [header.seq, header.n, header.len, header.durable, header.salt, header.in],
          [seq, chunk.count, chunk.bytes.length, 7, "0badf00d", frame.mark],
        );
        assert.equal(start + header.head + header.len, end);
        seq += chunk.count;
      }
      assert.equal(seq, steps.length + 1);
    }),
    { numRuns: 150 },
  );
});

test("a frame has one input: its mark is the place of its last record", () => {
  const stage = staging();
  const mark = (file: string, offset: number): InputMark => ({ file, offset, id: "1" });
  stage.add("1\n", 1, mark("a", 1));
  stage.add("2\n", 2, mark("a", 2));
  stage.add("3\n", 3, mark("b", 1));
  stage.add("4\n", 4, undefined);
  stage.add("5\n", 5, mark("b", 2));
  stage.add("6\n", 6, { file: "b", offset: 9, id: "another inode" });
  const frames = stage.take();
  assert.deepEqual(frames.map(({ chunk }) => chunk.count), [2, 1, 1, 1, 1]);
  assert.deepEqual(frames.map((frame) => frame.mark?.offset), [2, 1, undefined, 2, 9]);
});

test("bytes that readers were given never change", async () => {
  const wal = await openWal(memoryStore(), { windowBytes: Infinity, segmentBytes: 100_000 });
  const given: { bytes: Uint8Array; before: string }[] = [];
  wal.onWritten(({ bytes }) => given.push({ bytes, before: digest(bytes) }));
  for (let i = 0; i < 3000; i++) {
    wal.stage("line ".repeat(i % 97) + i + "\n");
    if (i % 7 === 0) wal.flushSync();
  }
  await wal.sync();
  const reader = wal.reader(1);
  for (let read = await reader.next(); read.kind === "lines"; read = await reader.next()) {
    given.push({ bytes: read.chunk.bytes, before: digest(read.chunk.bytes) });
  }
  for (let i = 0; i < 3000; i++) {
    wal.stage("other " + "y".repeat(i % 301) + "\n");
    if (i % 5 === 0) wal.flushSync();
  }
  await wal.sync();
  for (const { bytes, before } of given) assert.equal(digest(bytes), before);
});

test("headerRoom() is enough for every mark", () => {
  const anyMark = fc.record({
    file: unicodeText({ maxLength: 400 }),
    offset: fc.maxSafeNat(),
    id: unicodeText({ maxLength: 60 }),
  });
  fc.assert(fc.property(anyMark, (mark) => {
    const stage = staging();
    stage.add("x\n", Number.MAX_SAFE_INTEGER - 1, mark);
    const [frame] = stage.take();
    stage.seal(frame!);
    assert.equal(headerRoom(mark) % 256, 0);
    const header = readFrameHeader(frame!.slab.subarray(frame!.start, frame!.end), crc32);
    assert.ok(header !== undefined && header !== "short");
    assert.equal(header.in?.offset, mark.offset);
  }));
});

test("readHeader() never throws and believes no bytes without their checksum", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    const found = readHeader(bytes, crc32);
    assert.ok(found === undefined || found === "short");
  }));
  fc.assert(fc.property(fc.string({ maxLength: 100 }), (noise) => {
    const bytes = encoder.encode(`{"$":"frame","n":"${noise}","crc":"00000000"}\n`);
    assert.ok(readHeader(bytes, crc32) === undefined);
  }));
});

test("crc32Of() equals zlib's", () => {
  assert.equal(crc32Of(encoder.encode("123456789")), 0xcbf43926);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(9), (bytes, skip) => {
    const part = bytes.subarray(skip);
    assert.equal(crc32Of(part), crc32(part));
  }));
});

test("stage() refuses a line without an LF at its end, and gives it no number", async () => {
  const wal = await openWal(memoryStore());
  for (const line of ["", "{}", "{}\n{}"]) assert.throws(() => wal.stage(line), TypeError);
  assert.equal(wal.nextSeq, 1);
  await wal.close();
});
