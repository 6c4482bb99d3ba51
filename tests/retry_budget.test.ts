/** Retries that share a budget, and retries of calls through a breaker. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createCircuitBreaker } from "../src/delivery/circuit_breaker.ts";
import { backoff, createRetryBudget, retry } from "../src/delivery/retry.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

const down = (): never => {
  throw new Error("down");
};

test("a budget lets three calls retry at once, and denies the others", async () => {
  const clock = fakeClock();
  const budget = createRetryBudget();
  const options = { clock, budget, maxAttempts: 3, backoff: backoff.list([100]) };
  const calls = Array.from({ length: 5 }, () => retry(down, options).catch((error) => error));
  await clock.advance(0);
  assert.deepEqual(budget.stats(), { running: 3, retrying: 3, denied: 2 });
  await clock.advance(1000);
  const errors = await Promise.all(calls);
  const limit = "max_attempts";
  assert.deepEqual(errors.map(({ reason }) => reason), [limit, limit, limit, "budget", "budget"]);
  const message = "Gave up after 1 attempt, since too many calls retry at present: down";
  assert.equal(errors[4].message, message);
  assert.deepEqual(budget.stats(), { running: 0, retrying: 0, denied: 2 });
});

test("a budget lets a share of many calls retry", () => {
  const budget = createRetryBudget({ minRetries: 1, maxShare: 0.5 });
  const places = Array.from({ length: 10 }, () => budget.enter());
  assert.equal(places.filter((place) => place.mayRetry()).length, 5);
  assert.ok(places[0]?.mayRetry(), "Who has leave keeps it");
  for (const place of places.slice(0, 5)) {
    place.leave();
    place.leave();
  }
  assert.deepEqual(budget.stats(), { running: 5, retrying: 0, denied: 5 });
});

test("a budget is not asked for calls that a breaker refused", async () => {
  const clock = fakeClock();
  const budget = createRetryBudget({ minRetries: 0, maxShare: 0 });
  const breaker = createCircuitBreaker({ clock });
  const hold = breaker.force("isolated");
  clock.setTimer(() => hold.release(), 5000);
  const call = retry(() => breaker.execute(() => "done"), {
    clock,
    budget,
    backoff: backoff.list([1000]),
  });
  await clock.advance(10_000);
  assert.equal(await call, "done");
  assert.equal(budget.stats().denied, 0);
});

test("createRetryBudget() refuses values out of range", () => {
  for (const minRetries of [-1, 1.5, NaN]) {
    assert.throws(() => createRetryBudget({ minRetries }), RangeError);
  }
  for (const maxShare of [-0.1, 1.1, NaN]) {
    assert.throws(() => createRetryBudget({ maxShare }), RangeError);
  }
});

test("D2 an open breaker spends no attempt of the retry around it", async () => {
  const clock = fakeClock();
  const breaker = createCircuitBreaker({
    clock,
    trip: { rule: "consecutive", failures: 1 },
    openMs: 3000,
  });
  const attempts: number[] = [];
  let isDown = true;
  clock.setTimer(() => isDown = false, 500);
  const call = retry(({ attempt }) => {
    attempts.push(attempt);
    return breaker.execute(() => isDown ? down() : "done");
  }, { clock, maxAttempts: 2, backoff: backoff.list([1000]) });
  await clock.advance(60_000);
  assert.equal(await call, "done");
  // The failure, the refusal 1 s later, and the probe when the breaker is half-open.
  assert.deepEqual(attempts, [1, 2, 2]);
  assert.equal(breaker.state, "closed");
});

test("retry() ends at once whenever it is aborted, and leaves nothing behind", async () => {
  const results = fc.array(fc.constantFrom("fail", "refuse", "slow"), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(results, fc.nat(600), async (all, abortMs) => {
      const clock = fakeClock();
      const budget = createRetryBudget();
      const breaker = createCircuitBreaker({ clock });
      const controller = new AbortController();
      clock.setTimer(() => controller.abort(new Error("enough")), abortMs);
      const left = [...all];
      let endsMs = 0;
      const call = retry(() => {
        const next = left.shift();
        if (next === "fail") throw new Error("down");
        if (next === "refuse") {
          using _hold = breaker.force("isolated");
          breaker.allow();
        }
        if (next === undefined) return "done";
        return new Promise<string>((_, reject) => {
          clock.setTimer(() => reject(new Error("slow")), 50);
        });
      }, { clock, budget, backoff: backoff.list([100]), maxAttempts: 9, signal: controller.signal })
        .catch((error) => error.message).finally(() => endsMs = clock.monotonic());
      await clock.advance(1000);
      const result = await call;
      // An attempt under way is waited for: 50 ms at most.
      const allowedMs = abortMs + (all.includes("slow") ? 50 : 0);
      assert.ok(result === "done" || result === "enough", result);
      assert.ok(endsMs <= allowedMs || result === "done", `${endsMs} ms`);
      assert.equal(clock.pending, 0);
      assert.equal(budget.stats().running, 0);
    }),
    { numRuns: 60 },
  );
});
