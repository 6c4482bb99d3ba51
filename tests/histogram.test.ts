import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Histogram } from "../src/metrics/histogram.ts";

/** The value at a rank of the sorted values: what a histogram estimates. */
function exact(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
}

test("Histogram tells every quantile within 1/32, from a microsecond to days", () => {
  const ms = fc.oneof(
    fc.double({ min: 0.001, max: 1, noNaN: true }),
    fc.double({ min: 1, max: 1000, noNaN: true }),
    fc.double({ min: 1000, max: 8.64e9, noNaN: true }),
    fc.integer({ min: 0, max: 42 }).map((power) => 2 ** power / 1000),
  );
  fc.assert(
    fc.property(fc.array(ms, { minLength: 1, maxLength: 300 }), (values) => {
      const histogram = new Histogram();
      for (const value of values) histogram.record(value);
      for (const share of [0, 0.01, 0.5, 0.9, 0.99, 1]) {
        const wanted = exact(values, share);
        const found = histogram.quantile(share);
        // One microsecond is the resolution.
        assert.ok(Math.abs(found - wanted) <= wanted / 32 + 0.0011, `${found} for ${wanted}`);
      }
      const { count, sumMs } = histogram.stats();
      assert.equal(count, values.length);
      assert.ok(Math.abs(sumMs - values.reduce((sum, value) => sum + value, 0)) <= sumMs * 1e-9);
    }),
    { numRuns: 300 },
  );
});

test("Histogram counts what lies below each power of two, exactly", () => {
  const ms = fc.double({ min: 0, max: 100_000, noNaN: true });
  fc.assert(
    fc.property(fc.array(ms, { maxLength: 200 }), fc.nat(3), (values, more) => {
      const histogram = new Histogram();
      // Values beside the bounds, which a random one hardly ever is.
      const near = [64, 65_536, 33_554_432].flatMap((us) => [us - 1, us, us + 1]).slice(more);
      const all = [...values, ...near.map((us) => us / 1000)];
      for (const value of all) histogram.record(value);
      const { buckets } = histogram.stats();
      assert.equal(buckets.length, 20);
      for (const { leMs, count } of buckets) {
        const below = all.filter((value) => Math.round(value * 1000) < Math.round(leMs * 1000));
        assert.equal(count, below.length, `${leMs}`);
      }
    }),
    { numRuns: 200 },
  );
});

test("Histogram is empty at first, and takes what is no duration for 0", () => {
  const histogram = new Histogram();
  const { buckets, ...none } = histogram.stats();
  assert.deepEqual(none, { count: 0, sumMs: 0, p50Ms: 0, p99Ms: 0 });
  assert.ok(buckets.every(({ count }) => count === 0));
  for (const value of [NaN, -1, -Infinity, Infinity]) histogram.record(value);
  const { buckets: filled, ...four } = histogram.stats();
  assert.deepEqual(four, { count: 4, sumMs: 0, p50Ms: 0, p99Ms: 0 });
  assert.ok(filled.every(({ count }) => count === 4));
  histogram.record(1e300);
  assert.ok(histogram.quantile(1) > 8.64e9);
});
