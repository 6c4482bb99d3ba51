import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { barAt, barsOf, nextBar, pathsOf } from "../src/tail/page/app/ui/strip_bars.ts";
import { barText, edgeText } from "../src/tail/page/app/ui/strip_words.ts";

const START = Date.UTC(2026, 0, 1, 14, 32);

function data(widthMs: number, ...buckets: readonly [number, number, number][]) {
  return { startMs: START, widthMs, counts: new Uint32Array(buckets.flat()) };
}

test("every bucket is in exactly one bar, and bars have room for a pointer", () => {
  const count = fc.nat(50);
  const buckets = fc.array(fc.tuple(count, count, count), { minLength: 1, maxLength: 256 });
  fc.assert(
    fc.property(buckets, fc.nat(300), fc.integer({ min: 40, max: 2_600 }), (list, off, widthPx) => {
      const given = data(250, ...list);
      const shifted = { ...given, startMs: START + off * 250 };
      const { bars, stepPx } = barsOf(shifted, widthPx);
      assert.ok(stepPx >= 4 || bars.length === 1);
      assert.ok(bars.length * stepPx <= widthPx + 1e-6, "the last bar is in the strip");
      for (const [k] of [0, 1, 2].entries()) {
        const all = list.reduce((sum, counts) => sum + counts[k]!, 0);
        assert.equal(bars.reduce((sum, { counts }) => sum + counts[k]!, 0), all);
      }
      for (const [i, bar] of bars.entries()) {
        assert.equal(barAt({ bars, stepPx }, bar.from), i);
        assert.equal(barAt({ bars, stepPx }, bar.to - 1), i);
        assert.equal(
          bar.from % (bar.to - bar.from),
          0,
          "bars begin where buckets of their width do",
        );
      }
    }),
  );
});

test("a strip stands still while a few bars come", () => {
  const steps = Array.from({ length: 8 }, (_, i) => {
    const list = Array.from({ length: 65 + i }, (): [number, number, number] => [1, 0, 0]);
    return barsOf(data(250, ...list), 1_000).stepPx;
  });
  assert.equal(new Set(steps).size, 1);
});

/** The height of each stretch of a path. */
function heights(path: string): number[] {
  return [...path.matchAll(/v(\d+)/g)].map(([, height]) => Number(height));
}

test("errors stand at the foot, and one of them among thousands of rows is seen", () => {
  const bars = barsOf(data(1_000, [5_000, 0, 0], [4_999, 0, 1], [0, 1, 0], [0, 0, 0]), 600);
  const [calm, warn, bad] = pathsOf(bars, 30);
  assert.deepEqual([heights(calm), heights(warn), heights(bad)], [[25, 25], [2], [4]]);
  assert.match(bad, /^M10 26h9v4h-9z$/);
  assert.match(calm, /M10 1h9v25/, "what is calm stands on them");
});

test("nothing is higher than the strip, however the counts are spread", () => {
  const count = fc.nat(100_000);
  fc.assert(fc.property(count, count, count, (calm, warn, bad) => {
    const paths = pathsOf(barsOf(data(250, [calm, warn, bad]), 600), 30);
    assert.ok(paths.flatMap(heights).reduce((sum, height) => sum + height, 0) <= 30);
  }));
});

test("the keys lead from bar to bar past those that are empty", () => {
  const bars = barsOf(data(1_000, [1, 0, 0], [0, 0, 0], [0, 0, 2], [0, 0, 0]), 600);
  assert.equal(nextBar(bars, 0, 1), 2);
  assert.equal(nextBar(bars, 2, 1), 2);
  assert.equal(nextBar(bars, 2, -1), 0);
  assert.equal(nextBar(bars, 0, -1), 0);
  assert.equal(nextBar(barsOf(data(250), 600), -1, 1), -1);
  assert.equal(barAt(bars, 0), 0);
  assert.equal(barAt(bars, START * 2), 3);
});

const BARS: readonly [widthMs: number, now: number, text: string][] = [
  [250, START, "14:32:00.000 – 14:32:00.250: 12 rows, 1 warning, 2 errors"],
  [4_000, START, "14:32:00 – 14:32:04: 12 rows, 1 warning, 2 errors"],
  [64_000, START, "14:32 – 14:33: 12 rows, 1 warning, 2 errors"],
  [64_000, START + 86_400_000, "Jan 01 14:32 – 14:33: 12 rows, 1 warning, 2 errors"],
  [86_400_000, START, "14:32 – Jan 02 14:32: 12 rows, 1 warning, 2 errors"],
];
for (const [widthMs, now, text] of BARS) {
  test(`barText() of ${widthMs} ms says ${text}`, () => {
    const bar = { from: START, to: START + widthMs, counts: [9, 1, 2] as const };
    assert.equal(barText(bar, "utc", now), text);
  });
}

test("a bar without warnings and errors says its rows alone, on a narrow screen one time", () => {
  const bar = { from: START, to: START + 1_000, counts: [1, 0, 0] as const };
  assert.equal(barText(bar, "utc", START, true), "14:32:00: 1 row");
  // An age would change by itself, so the clock is told instead.
  assert.equal(edgeText(START, 1_000, "relative", START), edgeText(START, 1_000, "local", START));
});
