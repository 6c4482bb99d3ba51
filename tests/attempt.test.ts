/** How a sink's answer is read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { allBehind, attemptOf, noneBehind } from "../src/delivery/attempt.ts";
import { batchOfLines } from "../src/testing/recording_sink.ts";

const three = batchOfLines(["1", "2", "3"]);

test("indexes that are none of the batch's are ignored, just behind its end too", () => {
  const none = [3, -1, 0.5, NaN, 99];
  const reject = none.map((index) => ({ index, reason: "no" }));
  const { delivered, again, rejected } = attemptOf(three, { retry: none, reject }, noneBehind);
  assert.deepEqual([delivered, again, rejected], [3, [], []]);
});

test("rejections come out in the order of the batch, the last word on each", () => {
  const reject = [2, 0, 2].map((index, nth) => ({ index, reason: `word ${nth}` }));
  assert.deepEqual(attemptOf(three, { reject }, noneBehind).rejected, [
    { index: 0, reason: "word 1" },
    { index: 2, reason: "word 2" },
  ]);
});

test("every record of a batch is delivered, rejected or sent again, whatever a sink answers", () => {
  const index = fc.oneof(fc.integer({ min: -2, max: 9 }), fc.double());
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 8 }),
    fc.array(index),
    fc.array(index),
    fc.constantFrom(allBehind, noneBehind),
    (count, retry, rejects, behind) => {
      const batch = batchOfLines(Array.from({ length: count }, (_, i) => String(i)));
      const reject = rejects.map((one) => ({ index: one, reason: "no" }));
      const { delivered, again, rejected, failed } = attemptOf(batch, { retry, reject }, behind);
      const named = [...again, ...rejected.map((one) => one.index)];
      assert.equal(new Set(named).size, named.length);
      assert.equal(delivered + named.length, count);
      for (const list of [again, failed, rejected.map((one) => one.index)]) {
        assert.deepEqual(list, [...list].sort((a, b) => a - b));
      }
      assert.ok(failed.every((one) => again.includes(one)));
    },
  ));
});
