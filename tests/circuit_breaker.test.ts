/** Calls through a breaker, its events, timers and figures, and where it goes on after a restart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RejectedError } from "../src/errors.ts";
import {
  BreakerOpenError,
  type BreakerStateChange,
  type CircuitBreaker,
  type CircuitBreakerOptions,
  createCircuitBreaker,
  isBreakerRefusal,
  judgeError,
  RateLimitedError,
  TooManyProbesError,
} from "../src/delivery/circuit_breaker.ts";
import { Ramp } from "../src/delivery/circuit_breaker_ramp.ts";
import { type FakeClock, fakeClock } from "../src/testing/fake_clock.ts";

const down = (): Promise<never> => Promise.reject(new Error("down"));

/** A breaker that opens at the first failure, and what it told. */
function fragile(options: CircuitBreakerOptions = {}): {
  breaker: CircuitBreaker;
  clock: FakeClock;
  changes: BreakerStateChange[];
} {
  const clock = fakeClock(1_000_000);
  const changes: BreakerStateChange[] = [];
  const breaker = createCircuitBreaker({
    name: "b",
    trip: { rule: "consecutive", failures: 1 },
    openMs: 1000,
    clock,
    onStateChange: (change) => changes.push(change),
    ...options,
  });
  return { breaker, clock, changes };
}

test("execute() answers with the result, and rejects with the error of the function", async () => {
  const { breaker } = fragile();
  assert.equal(await breaker.execute(() => 1), 1);
  assert.equal(await breaker.execute(() => Promise.resolve("two")), "two");
  await assert.rejects(breaker.execute(down), { message: "down" });
  const { success, failure } = breaker.stats().calls;
  assert.deepEqual({ success, failure }, { success: 2, failure: 1 });
});

test("execute() rejects while open, without a call", async () => {
  const { breaker } = fragile();
  await assert.rejects(breaker.execute(down));
  const call = breaker.execute(() => assert.fail("called"));
  await assert.rejects(call, {
    name: "BreakerOpenError",
    breaker: "b",
    retryAfterMs: 1000,
    message: 'Breaker "b" is open: try again in 1000 ms',
  });
  assert.equal(breaker.stats().calls.rejectedOpen, 1);
});

test("execute() counts whatever was thrown, undefined too", async () => {
  const { breaker } = fragile();
  await breaker.execute(() => Promise.reject(undefined)).catch(() => {});
  assert.equal(breaker.state, "open");
});

test("execute() excludes a call that its own caller aborted", async () => {
  const { breaker } = fragile();
  const controller = new AbortController();
  const call = breaker.execute((signal) => {
    controller.abort(new Error("enough"));
    return Promise.reject(signal?.reason);
  }, { signal: controller.signal });
  await assert.rejects(call, { message: "enough" });
  const after = breaker.execute(() => assert.fail("called"), { signal: controller.signal });
  await assert.rejects(after, { message: "enough" });
  assert.equal(breaker.state, "closed");
  assert.deepEqual([breaker.counts.requests, breaker.counts.exclusions], [1, 1]);
});

test("execute() counts a timeout as failure, even one of the caller's signal", async () => {
  const { breaker } = fragile();
  const controller = new AbortController();
  const call = breaker.execute((signal) => {
    controller.abort(new DOMException("Too slow", "TimeoutError"));
    return Promise.reject(signal?.reason);
  }, { signal: controller.signal });
  await assert.rejects(call, { name: "TimeoutError" });
  assert.equal(breaker.state, "open");
});

test("execute() counts a success that comes in spite of an abort", async () => {
  const { breaker } = fragile();
  const controller = new AbortController();
  const call = () => (controller.abort(), "done");
  assert.equal(await breaker.execute(call, { signal: controller.signal }), "done");
  assert.equal(breaker.counts.successes, 1);
});

test("done() takes an error as classify says, and none as success", () => {
  const verdicts = ["success", "exclude", "failure"] as const;
  const { breaker } = fragile({ classify: (error) => verdicts[error as number] ?? "failure" });
  breaker.allow().done();
  breaker.allow().done(0);
  breaker.allow().done(1);
  assert.deepEqual([breaker.counts.successes, breaker.counts.exclusions], [2, 1]);
  breaker.allow().done(2);
  assert.equal(breaker.state, "open");
});

test("a classify that throws counts a failure, and keeps no probe's place", async () => {
  const { breaker, clock } = fragile({
    failureThreshold: 2,
    classify: () => {
      throw new TypeError("wrong");
    },
  });
  assert.throws(() => breaker.allow().done("x"), { message: "wrong" });
  await clock.advance(1000);
  assert.throws(() => breaker.allow().done("x"), { message: "wrong" });
  assert.equal(breaker.stats().probesInFlight, 0);
  breaker.allow().success();
  assert.equal(breaker.state, "closed");
});

test("judgeError() excludes what is not the destination's fault", () => {
  const excluded = [
    new RejectedError("too large"),
    new BreakerOpenError("x", 1),
    new TooManyProbesError("x"),
    new RateLimitedError("x", 1),
  ];
  for (const error of excluded) assert.equal(judgeError(error), "exclude");
  for (const error of [new Error("down"), undefined, "down"]) {
    assert.equal(judgeError(error), "failure");
    assert.ok(!isBreakerRefusal(error));
  }
});

test("a custom rule sees the counts, with a window those in it", async () => {
  const clock = fakeClock();
  const seen: number[] = [];
  const breaker = createCircuitBreaker({
    clock,
    trip: {
      rule: "custom",
      windowMs: 1000,
      shouldTrip: ({ failures }) => {
        seen.push(failures);
        return failures >= 3;
      },
    },
  });
  for (const ms of [0, 0, 1000, 0, 0]) {
    await clock.advance(ms);
    breaker.allow().failure();
    breaker.stats();
  }
  assert.deepEqual(seen, [1, 2, 1, 2, 3]);
  assert.equal(breaker.state, "open");
});

test("an event tells the counts of the state that ended, and when the change was due", async () => {
  const { breaker, clock, changes } = fragile({ trip: { rule: "consecutive", failures: 2 } });
  breaker.allow().success();
  breaker.allow().failure();
  await clock.advance(10);
  breaker.allow().failure();
  await clock.advance(5000);
  assert.equal(changes.length, 1, "Nobody has looked");
  assert.equal(breaker.state, "half-open");
  const zero = {
    requests: 0,
    successes: 0,
    failures: 0,
    exclusions: 0,
    consecutiveSuccesses: 0,
    consecutiveFailures: 0,
  };
  const counts = { ...zero, requests: 3, successes: 1, failures: 2, consecutiveFailures: 2 };
  assert.deepEqual(changes, [
    { name: "b", from: "closed", to: "open", reason: "tripped", counts, atMs: 1_000_010 },
    {
      name: "b",
      from: "open",
      to: "half-open",
      reason: "open_over",
      counts: zero,
      atMs: 1_001_010,
    },
  ]);
});

test("a listener may use the breaker, and everybody sees the changes in order", async () => {
  const seen: string[] = [];
  const { breaker, clock } = fragile({
    onStateChange: ({ from, to }) => {
      seen.push(`${from}>${to}: ${breaker.state}`);
      if (to === "open") breaker.force("isolated");
      if (to === "isolated") breaker.reset();
      seen.push(`after ${to}`);
    },
  });
  breaker.allow().failure();
  assert.deepEqual(seen, [
    "closed>open: open",
    "after open",
    "open>isolated: isolated",
    "after isolated",
    "isolated>closed: closed",
    "after closed",
  ]);
  await clock.advance(0);
  assert.equal(breaker.state, "closed");
});

test("a listener that takes the only probe leaves none for the call that woke it", async () => {
  const { breaker, clock } = fragile({
    onStateChange: ({ to }) => {
      if (to === "half-open") breaker.allow();
    },
  });
  breaker.allow().failure();
  await clock.advance(1000);
  assert.throws(() => breaker.allow(), TooManyProbesError);
  assert.equal(breaker.stats().probesInFlight, 1);
});

test("isEager tells what time changes without a call, and holds a timer only for that", async () => {
  const { breaker, clock, changes } = fragile({ isEager: true, probeTimeoutMs: 300 });
  const told = () => changes.map(({ to, reason }) => `${to} ${reason}`).splice(0);
  assert.equal(clock.pending, 0);
  breaker.allow().failure();
  assert.equal(clock.pending, 1);
  await clock.advance(1000);
  assert.deepEqual(told(), ["open tripped", "half-open open_over"]);
  assert.equal(clock.pending, 0);
  breaker.allow();
  assert.equal(clock.pending, 1);
  await clock.advance(300);
  assert.deepEqual(told().slice(2), ["open probe_timed_out"]);
  await clock.advance(1000);
  breaker.allow().exclude();
  assert.equal(clock.pending, 0);
  breaker.allow().success();
  assert.deepEqual([breaker.state, clock.pending], ["closed", 0]);
  breaker.allow().failure();
  breaker[Symbol.dispose]();
  assert.equal(clock.pending, 0);
  await clock.advance(1000);
  assert.equal(breaker.state, "half-open", "Without its timer it looks at the clock");
});

test("isEager survives a timer that comes early", async () => {
  const clock = fakeClock();
  const early = { ...clock, setTimer: (fn: () => void, ms: number) => clock.setTimer(fn, ms / 2) };
  const changes: string[] = [];
  const breaker = createCircuitBreaker({
    trip: { rule: "consecutive", failures: 1 },
    openMs: 1000,
    isEager: true,
    clock: early,
    onStateChange: ({ to }) => changes.push(to),
  });
  breaker.allow().failure();
  await clock.advance(999);
  assert.deepEqual(changes, ["open"]);
  await clock.advance(2);
  assert.deepEqual(changes, ["open", "half-open"]);
  assert.equal(clock.pending, 0);
});

test("stats() tells the time in each state, to the moment a change was due", async () => {
  const { breaker, clock } = fragile();
  await clock.advance(50);
  breaker.allow().failure();
  await clock.advance(1700);
  const { timeInStateMs, transitions } = breaker.stats();
  assert.deepEqual(timeInStateMs, { closed: 50, open: 1000, "half-open": 700 });
  assert.deepEqual(transitions, { "closed>open": 1, "open>half-open": 1 });
  assert.deepEqual(JSON.parse(JSON.stringify(breaker.stats())), breaker.stats());
});

test("restore() goes on with what is left of the open time", async () => {
  const { breaker, clock } = fragile();
  breaker.allow().failure();
  await clock.advance(300);
  const snapshot = JSON.parse(JSON.stringify(breaker.snapshot()));
  const later = fragile({ clock: fakeClock(clock.now() + 200) });
  assert.equal(later.breaker.restore(snapshot), undefined);
  assert.deepEqual([later.breaker.state, later.breaker.retryAfterMs], ["open", 500]);
  assert.deepEqual(later.changes.map(({ reason }) => reason), ["restored"]);
  const jumped = fragile({ clock: fakeClock(0) });
  jumped.breaker.restore(snapshot);
  assert.equal(jumped.breaker.retryAfterMs, 700, "A clock that ran back makes it no longer");
});

test("restore() counts openings on", async () => {
  const openMs = (openings: number): number => openings * 1000;
  const { breaker, clock } = fragile({ openMs });
  breaker.allow().failure();
  await clock.advance(1000);
  const snapshot = breaker.snapshot();
  assert.equal(snapshot.state, "half-open");
  const other = fragile({ openMs });
  other.breaker.restore(snapshot);
  assert.equal(other.breaker.state, "half-open");
  other.breaker.allow().failure();
  assert.equal(other.breaker.retryAfterMs, 2000);
});

test("restore() holds a forced state anew, which its answer releases", () => {
  const { breaker } = fragile();
  breaker.force("isolated");
  const other = fragile();
  const hold = other.breaker.restore(breaker.snapshot());
  assert.equal(other.breaker.state, "isolated");
  hold?.release();
  assert.equal(other.breaker.state, "closed");
});

test("restore() closes by the snapshot of a closed one, and refuses nonsense", () => {
  const { breaker } = fragile();
  const snapshot = breaker.snapshot();
  const other = fragile();
  other.breaker.allow().failure();
  other.breaker.restore(snapshot);
  assert.equal(other.breaker.state, "closed");
  assert.throws(() => other.breaker.restore({ ...snapshot, state: "ajar" as "open" }), {
    name: "RangeError",
    message: 'Cannot restore breaker "b" to the state "ajar": allowed are "closed", "open", ' +
      '"half-open" and "isolated", "disabled", "metrics-only"',
  });
  other.breaker.restore({ ...snapshot, state: "open", openForMs: NaN });
  assert.equal(other.breaker.state, "half-open");
});

const WRONG: readonly [string, CircuitBreakerOptions][] = [
  ["Cannot use openMs -1: allowed are 0 and more milliseconds", { openMs: -1 }],
  [
    "Cannot use maxRetryAfterMs NaN: allowed are 0 and more milliseconds",
    { maxRetryAfterMs: NaN },
  ],
  ["Cannot use maxProbes 0: allowed are whole numbers from 1", { maxProbes: 0 }],
  ["Cannot use successThreshold 1.5: allowed are whole numbers from 1", { successThreshold: 1.5 }],
  ["Cannot use failureThreshold -1: allowed are whole numbers from 1", { failureThreshold: -1 }],
  [
    "Cannot use probeTimeoutMs 0: allowed are milliseconds above 0, and Infinity",
    { probeTimeoutMs: 0 },
  ],
  [
    "Cannot use failures 0: allowed are whole numbers from 1",
    { trip: { rule: "consecutive", failures: 0 } },
  ],
  [
    "Cannot use failureRate 0: allowed are numbers above 0 and up to 1",
    { trip: { rule: "count", failureRate: 0 } },
  ],
  [
    "Cannot use minResults 20 with size 10: the circuit would never open",
    { trip: { rule: "count", size: 10 } },
  ],
  [
    "Cannot use windowMs 0: allowed are milliseconds above 0",
    { trip: { rule: "time", windowMs: 0 } },
  ],
  [
    "Cannot use segments 0: allowed are whole numbers from 1",
    { trip: { rule: "time", segments: 0 } },
  ],
  [
    'Cannot trip by "often": allowed are "consecutive", "count", "time" and "custom"',
    { trip: { rule: "often" as "count" } },
  ],
  ["Cannot use perSecond 0: allowed are numbers above 0", { ramp: { perSecond: 0 } }],
  ["Cannot use shares[1] 0: allowed are numbers above 0", {
    ramp: { perSecond: 1, shares: [1, 0] },
  }],
  [
    "Cannot ramp without shares: give at least one, such as [0.1, 1]",
    { ramp: { perSecond: 1, shares: [] } },
  ],
  ["Cannot use burst 0: allowed are whole numbers from 1", { ramp: { perSecond: 1, burst: 0 } }],
];

for (const [message, options] of WRONG) {
  test(`createCircuitBreaker(): ${message}`, () => {
    assert.throws(() => createCircuitBreaker(options), { name: "RangeError", message });
  });
}

test("the ramp lets through what its rate allows, no less and no more", () => {
  const shares = fc.array(fc.constantFrom(0.1, 0.25, 0.5, 1, 2), { minLength: 1, maxLength: 4 });
  const options = fc.record({
    perSecond: fc.constantFrom(0.5, 2, 7, 100),
    rampMs: fc.integer({ min: 1, max: 5000 }),
    shares,
    burst: fc.integer({ min: 1, max: 3 }),
  });
  const waits = fc.array(fc.integer({ min: 0, max: 900 }), { size: "large" });
  fc.assert(fc.property(options, fc.nat(1000), waits, (given, startMs, all) => {
    const ramp = new Ramp(given);
    ramp.hold(startMs);
    ramp.rise(startMs);
    const stepMs = given.rampMs / given.shares.length;
    /** What the rate brings between two moments since the start, by tiny sums. */
    const broughtUntil = (ms: number): number =>
      given.shares.reduce((sum, share, i) => {
        const isLast = i === given.shares.length - 1;
        const spent = Math.max(0, Math.min(ms - i * stepMs, isLast ? Infinity : stepMs));
        return sum + spent * share * given.perSecond / 1000;
      }, 0);
    let [ms, tokens, before] = [0, given.burst, 0];
    for (const wait of all) {
      ms += wait;
      tokens = Math.min(given.burst, tokens + broughtUntil(ms) - broughtUntil(before));
      before = ms;
      // Within rounding of a whole token both answers are right.
      if (Math.abs(tokens - 1) < 1e-5) return;
      const step = Math.min(given.shares.length - 1, Math.floor(ms / stepMs));
      const perMs = (given.shares[step] ?? 0) * given.perSecond / 1000;
      const wantMs = tokens >= 1 ? 0 : (1 - tokens) / perMs;
      const waitMs = ramp.take(startMs + ms);
      assert.ok(
        Math.abs(waitMs - wantMs) < 0.01,
        `${tokens} tokens, wait ${waitMs}, not ${wantMs}`,
      );
      if (waitMs === 0) tokens--;
    }
  }));
});

test("the ramp: when the wait it named is over there is a token", () => {
  const ramp = new Ramp({ perSecond: 3, rampMs: 1000 });
  ramp.hold(0);
  ramp.rise(0);
  ramp.take(0);
  for (let ms = 0; ms < 10_000;) {
    const waitMs = ramp.take(ms);
    assert.ok(waitMs > 0);
    ms += waitMs;
    assert.equal(ramp.take(ms), 0);
  }
});
