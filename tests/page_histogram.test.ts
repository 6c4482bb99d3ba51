import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type HistogramData, SEVERITIES } from "../src/tail/page/app/messages.ts";
import { heldRecord, type HeldRow } from "../src/tail/page/app/worker/held_row.ts";
import { Histogram, LEAST_WIDTH_MS, MAX_BUCKETS } from "../src/tail/page/app/worker/histogram.ts";
import { RowStore } from "../src/tail/page/app/worker/row_store.ts";
import { StripFeed } from "../src/tail/page/app/worker/strip_feed.ts";
import { View } from "../src/tail/page/app/worker/view.ts";

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
const SEVERITY = [0, 0, 0, 1, 2, 2];
const START = Date.UTC(2026, 0);

function record(seq: number, time: number, level: (typeof LEVELS)[number] = "info"): HeldRow {
  const text = Number.isNaN(time) ? undefined : new Date(time).toISOString();
  return heldRecord(seq, { time: text, level, msg: `record ${seq}` });
}

/** Counts rows as a list of them would, in the buckets that the data has. */
function countAnew({ startMs, widthMs, counts }: HistogramData, rows: readonly HeldRow[]) {
  const anew = new Uint32Array(counts.length);
  for (const row of rows) {
    if (row.gap !== undefined || Number.isNaN(row.time)) continue;
    anew[Math.floor((row.time - startMs) / widthMs) * SEVERITIES + SEVERITY[row.level]!]!++;
  }
  return anew;
}

function rowsOf(view: View): HeldRow[] {
  return Array.from({ length: view.count }, (_, i) => view.at(view.base + i)!);
}

// Mostly on, at times far ahead, back, before 1970, or without a time at all.
const move = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 3_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: -100_000, max: 10_000_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(-2 * START, 400 * 86_400_000, NaN) },
);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ move, level: fc.constantFrom(...LEVELS) }) },
  {
    weight: 1,
    arbitrary: fc.record({ levels: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.constantFrom("refine" as const, "clear" as const) },
);

test("counts over time are those of the rows in view, whatever comes, leaves and is filtered", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
    const view = new View(new RowStore({ maxRows: 6, maxChars: Infinity }));
    let time = START;
    for (const [seq, one] of steps.entries()) {
      if (one === "clear") view.clear();
      else if (one === "refine") view.refineHistogram();
      else if ("levels" in one) view.setLevels(one.levels);
      else {
        const at = time + one.move;
        view.push(record(seq, at, one.level));
        if (at >= 0) time = at;
      }
      const data = view.histogram.data();
      const rows = rowsOf(view);
      assert.deepEqual(data.counts, countAnew(data, rows));
      const timed = rows.filter((row) => row.gap === undefined && !Number.isNaN(row.time));
      const total = data.counts.reduce((sum, n) => sum + n, 0);
      assert.equal(total, timed.length, "no row lies outside of the buckets");
      assert.ok(data.counts.length <= MAX_BUCKETS * SEVERITIES);
    }
  }));
});

test("a bucket is as narrow as it can be, and becomes twice as wide when the span grows", () => {
  const histogram = new Histogram();
  const end = START + MAX_BUCKETS * LEAST_WIDTH_MS;
  for (let time = START; time < end; time += LEAST_WIDTH_MS) histogram.add(time, 2);
  assert.equal(histogram.data().widthMs, LEAST_WIDTH_MS);
  histogram.add(end, 4);
  const { startMs, widthMs, counts } = histogram.data();
  assert.deepEqual([startMs, widthMs], [START, LEAST_WIDTH_MS * 2]);
  assert.deepEqual([...counts.slice(0, 3)], [2, 0, 0]);
  assert.deepEqual([...counts.slice(-3)], [0, 0, 1]);
});

test("buckets become narrow again when a long quiet time has left, and not before", () => {
  const view = new View(new RowStore({ maxRows: 100, maxChars: Infinity }));
  for (let i = 0; i < 100; i++) view.push(record(i, START + i * 60_000));
  const { widthMs } = view.histogram.data();
  view.refineHistogram();
  assert.equal(view.histogram.data().widthMs, widthMs, "they are as narrow as they can be");
  for (let i = 0; i < 100; i++) view.push(record(100 + i, START + 6_000_000 + i));
  assert.equal(view.histogram.isCoarse, true);
  view.refineHistogram();
  assert.equal(view.histogram.isCoarse, false);
  const data = view.histogram.data();
  assert.equal(data.widthMs, LEAST_WIDTH_MS);
  assert.deepEqual(data.counts, countAnew(data, rowsOf(view)));
});

test("the window is shown counts when they change: at most each 250 ms, after a filter at once", () => {
  const view = new View();
  const shown: HistogramData[] = [];
  const strip = new StripFeed(view, (data) => shown.push(data));
  view.push(record(1, START));
  assert.deepEqual([strip.send(0), strip.send(10), shown.length], [undefined, undefined, 1]);
  view.push(record(2, START));
  assert.deepEqual([strip.send(100), shown.length], [150, 1]);
  assert.deepEqual([strip.send(250), shown.length], [undefined, 2]);
  view.setLevels(LEVELS.map((level) => level !== "info"));
  assert.deepEqual([strip.send(260), shown.length], [undefined, 3]);
  assert.equal(shown[2]?.counts.length, 0);
});
