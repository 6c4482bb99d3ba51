import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineBatch } from "../src/delivery/batch.ts";
import { parseSequence } from "../src/sink/http.ts";
import { BatchParts, halves } from "../src/sink/http_parts.ts";
import { formatSequence, runText } from "../src/sink/http_sequence.ts";
import type { SeqRun } from "../src/storage/store.ts";
import { unicodeText } from "./support/unicode_text.ts";

/** Runs in ascending order, with holes between them. */
const runs = fc.array(
  fc.record({ hole: fc.integer({ min: 1, max: 1e9 }), count: fc.integer({ min: 1, max: 9 }) }),
  { minLength: 1, maxLength: 20 },
).map((steps) => {
  let next = 0;
  return steps.map(({ hole, count }): SeqRun => {
    const firstSeq = next + hole;
    next = firstSeq + count;
    return { firstSeq, count };
  });
});

/** A batch of these runs, whose lines differ in length. */
function batchOf(given: readonly SeqRun[]): LineBatch {
  const seqs = given.flatMap(({ firstSeq, count }) =>
    Array.from({ length: count }, (_, i) => firstSeq + i)
  );
  const lines = seqs.map((seq) => `{"msg":"${"ü".repeat(seq % 7)}${seq}"}\n`);
  return new LineBatch(given, new TextEncoder().encode(lines.join("")));
}

test("parseSequence() reads what the sink writes, whatever the lane is called", () => {
  const lane = unicodeText({ minLength: 1 });
  fc.assert(fc.property(runs, lane, fc.nat(), fc.nat(), (given, lane, opening, since) => {
    const logId = "00c0ffee00c0ffee";
    const from = { logId, lane, run: `${logId}.${opening}`, runFirstSeq: since };
    const header = formatSequence(from, given);
    assert.match(header, /^[\x20-\x7e]+$/);
    const read = parseSequence(header);
    assert.deepEqual(read, {
      source: `${logId}/${encodeURIComponent(lane)}`,
      runs: given,
      count: given.reduce((sum, { count }) => sum + count, 0),
      run: opening,
      runFirstSeq: since,
    });
  }));
});

test("a lane's name of half a character makes a header too", () => {
  const from = { logId: "0a", lane: "\ud800", run: "0a.1", runFirstSeq: 1 };
  assert.equal(parseSequence(formatSequence(from, [{ firstSeq: 1, count: 1 }]))?.count, 1);
});

const NO_SEQUENCES: readonly (string | null | undefined)[] = [
  undefined,
  null,
  "",
  "0a/web",
  "0a/web; ; run=1; since=1",
  "0a/web; 3-2; run=1; since=1",
  "0a/web; 1,,2; run=1; since=1",
  "0a/web; 1-2-3; run=1; since=1",
  "0a/web; -1; run=1; since=1",
  "0a/web; 1; run=x; since=1",
  "0a/web; 1; run=1",
  "0a/; 1; run=1; since=1",
  "0a/we b; 1; run=1; since=1",
  "0a/web; 1-99999999999999999999; run=1; since=1",
];

for (const value of NO_SEQUENCES) {
  test(`parseSequence() refuses ${JSON.stringify(value)}`, () => {
    assert.equal(parseSequence(value), undefined);
  });
}

test("the parts of a batch are the batch, and within the limits where that can be", () => {
  const limit = fc.integer({ min: 1, max: 300 });
  fc.assert(fc.property(runs, limit, limit, (given, maxBytes, maxRunChars) => {
    const batch = batchOf(given);
    const parts = new BatchParts(batch);
    const cut = parts.cut({ maxBytes, maxRunChars });
    const text = cut.map((part) => new TextDecoder().decode(parts.bytesOf(part))).join("");
    assert.equal(text, new TextDecoder().decode(batch.bytes));
    let next = 0;
    for (const part of cut) {
      assert.equal(part.start, next);
      next = part.end;
      const partRuns = parts.runsOf(part);
      const single = part.end - part.start === 1;
      assert.ok(single || parts.bytesOf(part).length <= maxBytes);
      assert.ok(single || partRuns.map(runText).join(",").length <= maxRunChars);
      const seqs = partRuns.flatMap(({ firstSeq, count }) =>
        Array.from({ length: count }, (_, i) => firstSeq + i)
      );
      const expected = seqs.map((_, i) => batch.seqAt(part.start + i));
      assert.deepEqual(seqs, expected);
      assert.equal(seqs.length, part.end - part.start);
    }
    assert.equal(next, batch.count);
  }));
});

test("both halves of a part are the part", () => {
  fc.assert(fc.property(fc.nat(1000), fc.integer({ min: 2, max: 1000 }), (start, count) => {
    const [left, right] = halves({ start, end: start + count });
    assert.deepEqual([left.start, left.end, right.end], [start, right.start, start + count]);
    assert.ok(left.start < left.end && right.start < right.end);
  }));
});
