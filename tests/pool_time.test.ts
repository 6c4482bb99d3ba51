import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../src/clock.ts";
import { createPool } from "../src/delivery/pool.ts";
import { PoolTime } from "../src/delivery/pool_time.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

/** A clock whose time moves while code runs, as that of the system does. */
function busyClock(): { clock: Clock; work(ms: number): void; readonly readings: number } {
  let now = 0;
  let readings = 0;
  const monotonic = (): number => {
    readings++;
    return now;
  };
  return {
    clock: { ...fakeClock(), monotonic },
    work: (ms) => void (now += ms),
    get readings() {
      return readings;
    },
  };
}

test("a reading is shared sixteen times, and not after the microtasks that were waiting", async () => {
  const { clock, work } = busyClock();
  const time = new PoolTime(clock);
  const readings = Array.from({ length: 17 }, () => {
    work(1);
    return time.shared();
  });
  assert.deepEqual(readings, [...Array(16).fill(1), 17]);
  assert.equal(time.shared(), 17);
  await Promise.resolve();
  work(1);
  assert.equal(time.shared(), 18);
  work(1);
  assert.equal(time.fresh(), 19);
  assert.equal(time.shared(), 19);
});

test("a pool of jobs without a timeout reads the clock less than once a job", async () => {
  const busy = busyClock();
  const pool = createPool({ size: 8, clock: busy.clock });
  await Promise.all(Array.from({ length: 1000 }, () => pool.submit(async () => {})));
  assert.ok(busy.readings < 500, `${busy.readings} readings`);
});

test("the run of a job that never waits is measured by itself", async () => {
  const { clock, work } = busyClock();
  const pool = createPool({ size: 4, clock });
  for (const ms of [1, 2, 3]) pool.post(() => work(ms));
  await pool.drain();
  const { run } = pool.stats();
  assert.deepEqual([run.count, run.sumMs, run.maxMs], [3, 6, 3]);
});

test("the deadline of a job counts from its own start, however long others kept the thread", async () => {
  const { clock, work } = busyClock();
  let ring = (): void => {};
  const setTimer = (fn: () => void): () => void => {
    ring = fn;
    return () => {};
  };
  const pool = createPool({ size: 2, clock: { ...clock, setTimer }, timeoutMs: 100 });
  pool.post(() => Promise.resolve(work(90)));
  const slow = pool.submit(() => new Promise<void>(() => {}));
  await Promise.resolve();
  await Promise.resolve();
  work(60);
  ring();
  assert.equal(pool.stats().timedOut, 0, "it has run for 60 ms");
  work(40);
  ring();
  await assert.rejects(slow, { name: "JobTimeoutError" });
});
