import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createPool, type Pool } from "../src/delivery/pool.ts";
import { PoolLimit } from "../src/delivery/pool_limit.ts";
import type { PoolOptions } from "../src/delivery/pool_options.ts";
import { type FakeClock, fakeClock } from "../src/testing/fake_clock.ts";

/** A destination that bears so many jobs of 10 ms at once and fails the others. */
function destination(clock: FakeClock, bears: number): () => Promise<void> {
  let underWay = 0;
  return () =>
    new Promise((resolve, reject) => {
      const isTooMuch = ++underWay > bears;
      clock.setTimer(() => {
        underWay--;
        if (isTooMuch) reject(new Error("too many requests"));
        else resolve();
      }, 10);
    });
}

function adaptive(options: PoolOptions): { readonly clock: FakeClock; readonly pool: Pool } {
  const clock = fakeClock();
  return { clock, pool: createPool({ size: { min: 1, max: 8 }, clock, ...options }) };
}

test("a pool with a range grows while all workers are busy and nothing pushes back", async () => {
  const { clock, pool } = adaptive({});
  const work = destination(clock, 100);
  for (let i = 0; i < 200; i++) pool.post(work);
  const sizes: number[] = [];
  for (let round = 0; round < 10; round++) {
    sizes.push(pool.size);
    await clock.advance(10);
  }
  assert.deepEqual(sizes, [1, 2, 3, 4, 5, 6, 7, 8, 8, 8]);
});

test("a pool with a range does not grow while workers are free", async () => {
  const { clock, pool } = adaptive({ size: { min: 2, max: 8 } });
  const work = destination(clock, 100);
  for (let i = 0; i < 10; i++) {
    pool.post(work);
    await clock.advance(10);
  }
  assert.equal(pool.size, 2);
});

test("a pool with a range stays near what its destination bears", async () => {
  const { clock, pool } = adaptive({});
  const work = destination(clock, 4);
  for (let i = 0; i < 1000; i++) pool.post(work);
  const sizes: number[] = [];
  for (let round = 0; round < 60; round++) {
    await clock.advance(10);
    sizes.push(pool.size);
  }
  const late = sizes.slice(10);
  assert.ok(late.every((size) => size >= 3 && size <= 6), `${late}`);
});

test("timeouts push back, failures that are none and aborts do not", async () => {
  const controller = new AbortController();
  const pushBack: readonly [options: PoolOptions, size: number][] = [
    [{ timeoutMs: 5 }, 3],
    [{ isBackPressure: () => false }, 5],
    [{ isBackPressure: () => true }, 3],
  ];
  for (const [options, size] of pushBack) {
    const { clock, pool } = adaptive({ ...options, graceMs: 0 });
    pool.resize(4);
    pool.resize({ min: 1, max: 8 });
    const work = destination(clock, 0);
    for (let i = 0; i < 4; i++) pool.post(work);
    await clock.advance(10);
    assert.equal(pool.size, size);
  }
  const { clock, pool } = adaptive({ size: { min: 4, max: 8 } });
  for (let i = 0; i < 4; i++) pool.post(destination(clock, 0), { signal: controller.signal });
  await clock.advance(5);
  controller.abort();
  await clock.advance(10);
  assert.equal(pool.size, 4);
});

test("resize() to a number ends the search, and to a range moves the size into it", async () => {
  const { clock, pool } = adaptive({});
  const work = destination(clock, 100);
  pool.resize(3);
  for (let i = 0; i < 20; i++) pool.post(work);
  await clock.advance(30);
  assert.equal(pool.size, 3);
  pool.resize({ min: 5, max: 6 });
  assert.equal(pool.size, 5);
  pool.resize({ min: 1, max: 2 });
  assert.equal(pool.size, 2);
  assert.throws(() => pool.resize({ min: 3, max: 2 }), RangeError);
  assert.throws(() => pool.resize({ min: 0, max: 2 }), RangeError);
  assert.equal(pool.size, 2);
});

test("a question about back-pressure that throws counts as yes", async () => {
  const { clock, pool } = adaptive({
    size: { min: 4, max: 8 },
    isBackPressure: () => {
      throw new Error("unsure");
    },
  });
  const { error } = console;
  const shown: unknown[] = [];
  console.error = (line: unknown) => shown.push(line);
  try {
    for (let i = 0; i < 4; i++) pool.post(destination(clock, 0));
    await clock.advance(20);
  } finally {
    console.error = error;
  }
  assert.equal(pool.size, 4);
  assert.deepEqual(shown, ["logflume: isBackPressure threw unsure"]);
});

test("a limit that was reached once grows once", async () => {
  const clock = fakeClock();
  const limit = new PoolLimit({ min: 1, max: 8 }, clock);
  limit.reach();
  const sizes: number[] = [];
  for (let i = 0; i < 3; i++) {
    await clock.advance(10);
    sizes.push(limit.next(sizes.at(-1) ?? 1, 10, false));
  }
  assert.deepEqual(sizes, [2, 2, 2]);
});

test("a limit stays in its range and changes once in the mean run at most", async () => {
  const job = fc.record({ isPressure: fc.boolean(), reaches: fc.boolean() });
  const range = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(20));
  const runMs = fc.integer({ min: 1, max: 10 });
  await fc.assert(
    fc.asyncProperty(range, runMs, fc.array(job), async ([min, more], runMs, jobs) => {
      const clock = fakeClock();
      const limit = new PoolLimit({ min, max: min + more }, clock);
      let size = min;
      let changedAt = 0;
      for (const { isPressure, reaches } of jobs) {
        await clock.advance(1);
        if (reaches) limit.reach();
        const next = limit.next(size, runMs, isPressure);
        assert.ok(next >= min && next <= min + more && next <= size + 1);
        if (next === size) continue;
        assert.ok(clock.monotonic() - changedAt >= runMs);
        changedAt = clock.monotonic();
        size = next;
      }
    }),
    { numRuns: 30 },
  );
});
