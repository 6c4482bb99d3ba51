import assert from "node:assert/strict";
import { test } from "node:test";
import { createPool } from "../mod.ts";
import { fakeClock } from "../src/testing/mod.ts";

test("submit() with a graceMs of its own holds its worker for that long after the abort", async () => {
  const clock = fakeClock();
  await using pool = createPool({ size: 1, clock, timeoutMs: 50, graceMs: 1000 });
  const hang = (): Promise<void> => new Promise(() => {});
  const ends = assert.rejects(pool.submit(hang, { graceMs: 20 }), { name: "JobTimeoutError" });
  await clock.advance(50);
  await ends;
  const next = pool.submit(() => "next");
  await clock.advance(19);
  assert.deepEqual([pool.running, pool.stats().leaked], [1, 0]);
  await clock.advance(1);
  assert.equal(await next, "next");
  assert.equal(pool.stats().leaked, 1);
  await assert.rejects(pool.submit(hang, { graceMs: -1 }), {
    name: "RangeError",
    message: /graceMs/,
  });
});
