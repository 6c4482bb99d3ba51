/** The cases of tests/cases/retry.json, and what they cannot say. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { RejectedError } from "../src/errors.ts";
import {
  BreakerOpenError,
  RateLimitedError,
  TooManyProbesError,
} from "../src/delivery/circuit_breaker_errors.ts";
import {
  backoff,
  classifyError,
  classifyStatus,
  createRetrySchedule,
  parseRetryAfter,
  retry,
  type RetryEvent,
} from "../src/delivery/retry.ts";
import { type FakeClock, fakeClock } from "../src/testing/fake_clock.ts";

interface HttpResult {
  readonly status: number;
  readonly retryAfter?: string;
  readonly retryAfterDateInMs?: number;
}

type Result = string | HttpResult | { readonly openForMs: number };

interface RetryCase {
  readonly name: string;
  readonly options?: { readonly maxAttempts?: number | "Infinity"; readonly maxElapsedMs?: number };
  /** The waits by list, jitterless. */
  readonly delays?: readonly number[];
  readonly retryOnly?: readonly string[];
  readonly abortAtMs?: number;
  readonly abortInAttempt?: number;
  readonly results: readonly Result[];
  readonly want: {
    readonly callsAt: readonly number[];
    readonly attempts?: readonly number[];
    readonly error?: string;
    readonly cause?: string;
    readonly reason?: string;
    readonly endsAt?: number;
  };
}

const CASES = JSON.parse(
  readFileSync(new URL("./cases/retry.json", import.meta.url), "utf8"),
) as RetryCase[];

/** A signal that tells how many listen to it. */
function watchedAbort(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal) as (...args: unknown[]) => void;
  const remove = signal.removeEventListener.bind(signal) as (...args: unknown[]) => void;
  signal.addEventListener = (...args: unknown[]) => (listeners++, add(...args));
  signal.removeEventListener = (...args: unknown[]) => (listeners--, remove(...args));
  return { controller, listeners: () => listeners };
}

function outcomeOf(result: Result | undefined, clock: FakeClock): string {
  if (result === "ok") return result;
  if (result === "isolated") throw new BreakerOpenError("b", Infinity);
  if (result === "probing") throw new TooManyProbesError("b");
  if (result === undefined || typeof result === "string") throw new Error(result);
  if ("openForMs" in result) throw new BreakerOpenError("b", result.openForMs);
  const { status, retryAfter, retryAfterDateInMs } = result;
  const header = retryAfterDateInMs === undefined
    ? retryAfter
    : new Date(clock.now() + retryAfterDateInMs).toUTCString();
  const retryAfterMs = parseRetryAfter(header, clock.now());
  throw Object.assign(new Error(`status ${status}`), { status, retryAfterMs });
}

for (const { name, options, delays, retryOnly, want, ...given } of CASES) {
  test(`retry() ${name}`, async () => {
    const clock = fakeClock();
    const { controller, listeners } = watchedAbort();
    const abort = (): void => controller.abort(new Error("aborted"));
    if (given.abortAtMs === -1) abort();
    else if (given.abortAtMs !== undefined) clock.setTimer(abort, given.abortAtMs);
    const callsAt: number[] = [];
    const attempts: number[] = [];
    const call = ({ attempt }: { attempt: number }): string => {
      attempts.push(attempt);
      if (callsAt.push(clock.monotonic()) === given.abortInAttempt) abort();
      return outcomeOf(given.results[callsAt.length - 1], clock);
    };
    let endsAt = -1;
    const run = retry(call, {
      ...options,
      maxAttempts: Number(options?.maxAttempts ?? 5),
      backoff: backoff.list(delays ?? [100]),
      ...(retryOnly === undefined ? {} : {
        classify: (error) => retryOnly.includes((error as Error).message) ? "retry" : "dead-letter",
      }),
      signal: controller.signal,
      clock,
    }).then(() => undefined, (error: Error) => error).finally(() => endsAt = clock.monotonic());
    await clock.advance(60_000);
    const error = await run;

    assert.deepEqual(callsAt, want.callsAt);
    if (want.attempts !== undefined) assert.deepEqual(attempts, want.attempts);
    assert.ok([error?.name, error?.message].includes(want.error), `${error}`);
    if (want.cause !== undefined) assert.equal((error?.cause as Error).message, want.cause);
    if (want.reason !== undefined) {
      assert.equal((error as { reason?: string } | undefined)?.reason, want.reason);
    }
    assert.equal(endsAt, want.endsAt ?? want.callsAt.at(-1) ?? 0);
    assert.equal(clock.pending, 0, "A timer stays behind");
    assert.equal(listeners(), 0, "A listener stays behind");
  });
}

test("retry() answers with what the function answers, asynchronous or not", async () => {
  assert.equal(await retry(() => 1), 1);
  assert.equal(await retry(() => Promise.resolve("two")), "two");
});

test("retry() refuses at once what is no function", async () => {
  let waits = 0;
  const onRetry = (): void => void waits++;
  for (const none of [undefined, Promise.resolve(1), "fn"]) {
    await assert.rejects(retry(none as unknown as () => number, { onRetry }), {
      name: "TypeError",
      message: /^Cannot retry what is no function but .*: pass a function$/,
    });
  }
  assert.equal(waits, 0);
});

test("retry() holds the process only while it waits", async () => {
  const clock = fakeClock();
  let held = 0;
  const holding = { ...clock, hold: () => (held++, () => void held--) };
  let failed = false;
  const run = retry(() => {
    assert.equal(held, 0);
    if (failed) return;
    failed = true;
    throw new Error("once");
  }, { clock: holding, backoff: backoff.list([100]) });
  await clock.advance(50);
  assert.equal(held, 1);
  await clock.advance(50);
  await run;
  assert.equal(held, 0);
});

test("retry() tells each wait, and a listener that throws changes nothing", async () => {
  const clock = fakeClock();
  const events: RetryEvent[] = [];
  const [first, second] = [new Error("first"), new RateLimitedError("b", 7.2)];
  const errors = [first, second];
  const error = console.error;
  console.error = () => {};
  try {
    const run = retry(() => {
      const next = errors.shift();
      if (next !== undefined) throw next;
    }, {
      clock,
      backoff: backoff.list([100]),
      onRetry: (event) => {
        events.push(event);
        throw new Error("listener");
      },
    });
    await clock.advance(1000);
    await run;
  } finally {
    console.error = error;
  }
  assert.deepEqual(events, [
    { attempts: 1, error: first, delayMs: 100, isRefused: false },
    { attempts: 1, error: second, delayMs: 8, isRefused: true },
  ]);
});

test("retry() says how often and why it gave up", async () => {
  const clock = fakeClock();
  const fail = (): never => {
    throw new Error("connection reset");
  };
  await assert.rejects(retry(fail, { maxAttempts: 1, clock }), {
    message: "Gave up after 1 attempt: connection reset",
  });
  const late = retry(fail, { maxElapsedMs: 10, clock, backoff: backoff.list([10]) });
  const check = assert.rejects(late, {
    message: "Gave up after 2 attempts in the time allowed: connection reset",
  });
  await clock.advance(10);
  await check;
  const parked = (): never => {
    throw Object.assign(new Error("Too Many Requests"), { status: 429, retryAfterMs: 400_000 });
  };
  await assert.rejects(retry(parked, { clock }), {
    name: "RetryParkedError",
    message: "Parked until somebody steps in, not before 400000 ms: Too Many Requests",
    retryAfterMs: 400_000,
  });
});

test("retry() hands the wait before to a decorrelated backoff", async () => {
  const clock = fakeClock();
  const previous: unknown[] = [];
  const run = retry(() => {
    throw new Error("down");
  }, {
    clock,
    maxAttempts: 4,
    backoff: (attempt, _, previousMs) => {
      previous.push(previousMs);
      return attempt * 10;
    },
  });
  const check = assert.rejects(run);
  await clock.advance(100);
  await check;
  assert.deepEqual(previous, [undefined, 10, 20]);
});

test("createRetrySchedule() takes a retryAfterMs that is no number for none", () => {
  const schedule = createRetrySchedule({
    backoff: backoff.list([70]),
    classify: () => ({ retryAfterMs: NaN }),
  });
  assert.deepEqual(schedule.failed("x"), { action: "retry", delayMs: 70, isRefused: false });
});

for (const field of ["maxElapsedMs", "maxRetryAfterMs"] as const) {
  test(`createRetrySchedule() refuses a ${field} that is negative or no number`, () => {
    for (const value of [-1, NaN]) {
      assert.throws(() => createRetrySchedule({ [field]: value }), RangeError);
    }
  });
}

test("createRetrySchedule() never asks for a wait that no timer can take", () => {
  const anyNumber = fc.double();
  const decision = fc.oneof(
    fc.constantFrom("retry" as const, "refused" as const),
    fc.record({ retryAfterMs: anyNumber, isRefused: fc.boolean() }),
  );
  const limit = fc.oneof(fc.constant(Infinity), fc.double({ min: 0, noNaN: true }));
  fc.assert(fc.property(fc.array(decision), anyNumber, limit, (decisions, delayMs, most) => {
    const clock = fakeClock();
    const left = [...decisions];
    const schedule = createRetrySchedule({
      clock,
      maxAttempts: Infinity,
      maxElapsedMs: most,
      maxRetryAfterMs: most,
      backoff: () => delayMs,
      classify: () => left.shift() ?? "dead-letter",
    });
    for (let step = schedule.failed(0); step.action === "retry"; step = schedule.failed(0)) {
      assert.ok(Number.isInteger(step.delayMs), `${step.delayMs}`);
      assert.ok(step.delayMs >= 0 && step.delayMs < 2 ** 31, `${step.delayMs}`);
    }
  }));
});

const DECISIONS: readonly [string, unknown, unknown][] = [
  ["any error", new Error("x"), "retry"],
  ["a TypeError, which may be a broken network", new TypeError("x"), "retry"],
  ["no error at all", undefined, "retry"],
  ["a RejectedError", new RejectedError("x"), "dead-letter"],
  ["status 422", { status: 422 }, "dead-letter"],
  ["status 403", { status: 403 }, "park"],
  ["status 502", { status: 502 }, "retry"],
  ["a status that is none of HTTP", { status: 14 }, "retry"],
  ["a time to wait", { retryAfterMs: 20 }, { retryAfterMs: 20 }],
  ["a time to wait that is no number", { retryAfterMs: "20" }, "retry"],
  ["too many probes", new TooManyProbesError("b"), "refused"],
  ["an open breaker", new BreakerOpenError("b", 5), { retryAfterMs: 5, isRefused: true }],
  ["a limited rate", new RateLimitedError("b", 5), { retryAfterMs: 5, isRefused: true }],
];

for (const [name, error, want] of DECISIONS) {
  test(`classifyError() on ${name}`, () => assert.deepEqual(classifyError(error), want));
}

test("classifyStatus() follows its lists", () => {
  assert.equal(classifyStatus({ status: 401 }, { parkOn: [] }), "dead-letter");
  assert.equal(classifyStatus({ status: 404 }, { retryOn: [404] }), "retry");
  assert.deepEqual(classifyStatus({ status: 404, retryAfterMs: 3 }, { retryOn: [404] }), {
    retryAfterMs: 3,
  });
});

const NOW = Date.UTC(2026, 0, 1);
const HEADERS: readonly [string | null | undefined, number | undefined][] = [
  ["2", 2000],
  [" 0 ", 0],
  ["Thu, 01 Jan 2026 00:00:05 GMT", 5000],
  ["Thursday, 01-Jan-26 00:00:05 GMT", 5000],
  ["Thu Jan  1 00:00:05 2026", 5000],
  ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
  ["9".repeat(400), Infinity],
  ["abc", undefined],
  ["1.5", undefined],
  ["-3", undefined],
  ["2026-01-01T00:00:05Z", undefined],
  ["Thu, nothing GMT", undefined],
  ["", undefined],
  [null, undefined],
  [undefined, undefined],
];

for (const [header, want] of HEADERS) {
  test(`parseRetryAfter() of ${JSON.stringify(header)?.slice(0, 40)}`, () => {
    assert.equal(parseRetryAfter(header, NOW), want);
  });
}
