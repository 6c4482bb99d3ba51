import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { alarm } from "../src/delivery/alarm.ts";
import { Durations } from "../src/delivery/durations.ts";
import { Line, type Place } from "../src/delivery/line.ts";
import { createSampler } from "../src/sampler.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

test("a line behaves like an array from which any place may be taken", () => {
  const step = fc.oneof(fc.constantFrom("push" as const, "shift" as const), fc.nat(20));
  fc.assert(fc.property(fc.array(step), (steps) => {
    const line = new Line<number>();
    const model: Place<number>[] = [];
    for (const [index, step] of steps.entries()) {
      if (step === "push") model.push(line.push(index));
      else if (step === "shift") assert.equal(line.shift(), model.shift()?.item);
      else {
        const [place] = model.splice(step, 1);
        place?.leave();
        // Leaving twice does nothing.
        place?.leave();
      }
      assert.equal(line.size, model.length);
      assert.equal(line.first, model[0]?.item);
    }
    assert.deepEqual(model.map(() => line.shift()), model.map(({ item }) => item));
  }));
});

test("durations count all and tell quantiles at most an eighth too high", () => {
  const times = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });
  fc.assert(fc.property(times, (all) => {
    const durations = new Durations();
    for (const ms of all) durations.add(ms);
    const sorted = all.toSorted((a, b) => a - b);
    const { count, sumMs, maxMs, p50Ms, p99Ms } = durations.stats();
    assert.equal(count, all.length);
    assert.equal(sumMs, all.reduce((sum, ms) => sum + ms, 0));
    assert.equal(maxMs, sorted.at(-1));
    for (const [share, told] of [[0.5, p50Ms], [0.99, p99Ms]] as const) {
      const exact = sorted[Math.ceil(all.length * share) - 1]!;
      assert.ok(told >= exact && told <= exact * 1.125 + 0.001, `${told} for ${exact}`);
    }
  }));
});

test("durations tell of none, of none at all long, and of more than half an hour", () => {
  const durations = new Durations();
  assert.deepEqual(durations.stats(), { count: 0, sumMs: 0, maxMs: 0, p50Ms: 0, p99Ms: 0 });
  durations.add(0);
  assert.equal(durations.stats().p99Ms, 0);
  durations.add(1e12);
  durations.add(1e12);
  assert.equal(durations.stats().p99Ms, 1e12);
});

test("alarm() rings after the longest time a system timer can take, and can be cancelled", async () => {
  const clock = fakeClock();
  const month = 30 * 24 * 60 * 60 * 1000;
  const delays: number[] = [];
  const spied = {
    ...clock,
    setTimer(fn: () => void, ms: number) {
      delays.push(ms);
      return clock.setTimer(fn, ms);
    },
  };
  let rung = 0;
  alarm(spied, () => rung++, month);
  const cancel = alarm(spied, () => rung++, month);
  alarm(spied, () => rung++, Infinity);
  await clock.advance(month - 1);
  assert.equal(rung, 0);
  cancel();
  await clock.advance(1);
  assert.equal(rung, 1);
  assert.equal(clock.pending, 0);
  assert.ok(delays.every((ms) => ms < 2 ** 31));
});

test("createSampler() chooses exactly one in each run, wherever chance puts it", () => {
  const shares = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), shares, (every, chances) => {
    let at = 0;
    const isChosen = createSampler(every, () => chances[at++ % chances.length]!);
    for (let run = 0; run < 5; run++) {
      const chosen = Array.from({ length: every }, isChosen).filter(Boolean);
      assert.equal(chosen.length, 1);
    }
  }));
});
