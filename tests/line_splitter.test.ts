import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { createLineSplitter, type Line } from "../src/cli/line_splitter.ts";

const encoder = new TextEncoder();

function split(bytes: Uint8Array, sizes: number[], maxLineBytes = 1_000, offset = 0): Line[] {
  const splitter = createLineSplitter({ maxLineBytes, offset });
  const lines: Line[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn++) {
    // A copy that is wiped afterwards: a splitter must not hold on to the reader's buffer.
    const chunk = bytes.slice(at, at + (sizes[turn % sizes.length] ?? 1));
    lines.push(...splitter.push(chunk));
    at += chunk.length;
    chunk.fill(88);
  }
  const last = splitter.end();
  if (last !== undefined) lines.push(last);
  assert.equal(splitter.offset, offset + bytes.length);
  return lines;
}

const texts = (lines: Line[]): string[] => lines.map((line) => line.text);

/** The rules, said as simply as possible; no maximum. */
function model(bytes: Uint8Array, offset: number): Line[] {
  const lines: Line[] = [];
  let line: number[] = [];
  const give = (endOffset: number) => {
    const hasBom = isFirst && offset === 0 &&
      line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf;
    const text = new TextDecoder("utf-8", { ignoreBOM: true })
      .decode(Uint8Array.from(hasBom ? line.slice(3) : line));
    if (text !== "") lines.push({ text, endOffset });
    isFirst = false;
    line = [];
  };
  let isFirst = true;
  bytes.forEach((byte, index) => {
    if (byte !== 10) return void line.push(byte);
    if (line.at(-1) === 13) line.pop();
    give(offset + index + 1);
  });
  if (line.length > 0) give(offset + bytes.length);
  return lines;
}

const piece = fc.oneof(
  fc.constantFrom("\n", "\r", "\r\n", "\uFEFF", "ä", "€", "😀", "\0", "abc", "").map((text) => [
    ...encoder.encode(text),
  ]),
  fc.constantFrom([0xff], [0xe2, 0x82], [0xf0, 0x9f], [0x80], [0xed, 0xa0, 0x80], [0xef, 0xbb]),
  fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 4 }),
);
const anyBytes = fc.array(piece, { maxLength: 40 }).map((parts) => Uint8Array.from(parts.flat()));
const anySizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });

test("lines and offsets are those of the rules for any bytes in any chunks", () => {
  fc.assert(
    fc.property(anyBytes, anySizes, fc.constantFrom(0, 7), (bytes, sizes, offset) => {
      assert.deepEqual(split(bytes, sizes, 1_000, offset), model(bytes, offset));
    }),
    { numRuns: 1_000 },
  );
});

test("a cut line is the beginning of the whole one, at a character border, in any chunks", () => {
  fc.assert(
    fc.property(anyBytes, anySizes, fc.integer({ min: 4, max: 9 }), (bytes, sizes, max) => {
      const cut = split(bytes, sizes, max);
      const whole = model(bytes, 0);
      assert.deepEqual(cut.map((line) => line.endOffset), whole.map((line) => line.endOffset));
      cut.forEach((line, index) => {
        const full = whole[index]?.text ?? "";
        if (line.originalBytes === undefined) return assert.equal(line.text, full);
        assert.ok(line.originalBytes > max);
        assert.ok(line.text.length > 0);
        if (!full.includes("\uFFFD")) {
          assert.ok(full.startsWith(line.text));
          assert.ok(encoder.encode(line.text).length > max - 4);
          assert.equal(line.originalBytes, encoder.encode(full).length);
        }
      });
      assert.deepEqual(cut, split(bytes, [1], max));
    }),
    { numRuns: 1_000 },
  );
});

const cases: { name: string; bytes: string; lines: string[] }[] = [
  { name: "one CR before LF goes", bytes: "a\r\nb\r\r\n", lines: ["a", "b\r"] },
  { name: "a lone CR stays", bytes: "a\rb\nc\r", lines: ["a\rb", "c\r"] },
  { name: "empty lines are left out", bytes: "\n\r\n\na\n\n", lines: ["a"] },
  { name: "a last line without LF counts", bytes: "a\nb", lines: ["a", "b"] },
  {
    name: "a byte order mark goes at the start only",
    bytes: "\uFEFFa\n\uFEFFb",
    lines: ["a", "\uFEFFb"],
  },
  { name: "a file that is only a byte order mark has no line", bytes: "\uFEFF\n", lines: [] },
  {
    name: "NUL and line separators are characters",
    bytes: "a\0b\u2028c\n",
    lines: ["a\0b\u2028c"],
  },
];

for (const { name, bytes, lines } of cases) {
  test(`line rules: ${name}`, () => {
    assert.deepEqual(texts(split(encoder.encode(bytes), [1_000])), lines);
    assert.deepEqual(texts(split(encoder.encode(bytes), [1])), lines);
  });
}

test("a line of the maximum stays whole, one byte more is cut and says so", () => {
  for (const sizes of [[1_000], [1], [7]]) {
    const bytes = encoder.encode("123456789ä\r\n123456789aä\n😀😀😀😀\n");
    assert.deepEqual(split(bytes, sizes, 11), [
      { text: "123456789ä", endOffset: 13 },
      { text: "123456789a", endOffset: 26, originalBytes: 12 },
      { text: "😀😀", endOffset: 43, originalBytes: 16 },
    ]);
  }
});
