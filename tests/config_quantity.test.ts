import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf, DURATION_PATTERN, millisecondsOf, SIZE_PATTERN } from "../src/config/quantity.ts";

/** Texts that are quantities, and such as nearly are. */
function near(pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.constantFrom("0", "7", "64", "123456789012345", ".5", ".", " ", "-", ...pieces);
  return fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(""));
}

const sizes = near(["B", "b", "KB", "kb", "Mi", "MiB", "mib", "GIB", "T", "TB", "i", "XB"]);
const durations = near(["ms", "s", "m", "h", "d", "MS", "S", "us", "1.5s"]);

test("an editor takes the very sizes that are read", () => {
  const pattern = new RegExp(SIZE_PATTERN, "u");
  fc.assert(
    fc.property(sizes, (text) => assert.equal(pattern.test(text), bytesOf(text) !== undefined)),
    { numRuns: 2000 },
  );
});

test("an editor takes the very durations that are read", () => {
  const pattern = new RegExp(DURATION_PATTERN, "u");
  fc.assert(
    fc.property(
      durations,
      (text) => assert.equal(pattern.test(text), millisecondsOf(text) !== undefined),
    ),
    { numRuns: 2000 },
  );
});

const SIZES: readonly [text: string, bytes: number | undefined][] = [
  ["64MiB", 64 * 1024 * 1024],
  ["64mib", 64 * 1024 * 1024],
  ["1.5 KB", 1500],
  ["65536", 65_536],
  ["64M", undefined],
  ["64Ki", undefined],
];

for (const [text, bytes] of SIZES) {
  test(`"${text}" is ${bytes === undefined ? "no size" : `${bytes} bytes`}`, () => {
    assert.equal(bytesOf(text), bytes);
  });
}
