/**
 * Tries a call again until it works, is not worth it, or nobody waits any more. It knows nothing of
 * logs and can be used alone.
 *
 * @example
 * ```ts
 * import { backoff, retry } from "@logflume/logflume/retry";
 *
 * let calls = 0;
 * const answer = await retry(() => {
 *   if (++calls < 3) throw new Error("connection reset");
 *   return "hello";
 * }, { backoff: backoff.constant({ baseMs: 1 }) });
 * console.assert(answer === "hello" && calls === 3);
 * ```
 *
 * @module
 */
import { type Clock, systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { isolated } from "../isolated.ts";
import { pause } from "./pause.ts";
import type { RetryBudget, RetryBudgetPlace } from "./retry_budget.ts";
import {
  createRetrySchedule,
  type RetryGiveUp,
  type RetryPark,
  type RetryRules,
} from "./retry_schedule.ts";

/** One try. */
export interface RetryContext {
  /** 1 is the first try; one that a circuit breaker refused is not counted. */
  readonly attempt: number;
  /** The signal given to `retry`: a try under way is waited for, so it should listen to it. */
  readonly signal: AbortSignal | undefined;
}

/** A try failed, and another one follows. */
export interface RetryEvent {
  /** Tries that failed so far. */
  readonly attempts: number;
  /** Why this one failed. */
  readonly error: unknown;
  /** How long the wait is that begins now, in milliseconds. */
  readonly delayMs: number;
  /** Whether the call was refused and never ran. */
  readonly isRefused: boolean;
}

/** How to retry. */
export interface RetryOptions extends RetryRules {
  /** Ends a wait at once, and allows no further try. */
  readonly signal?: AbortSignal | undefined;
  /** What it shares with other calls, so that retries do not become most of the load. */
  readonly budget?: RetryBudget;
  /** Told before each wait; what it throws changes nothing. */
  readonly onRetry?: (event: RetryEvent) => void;
}

const LIMIT_SAID: Readonly<Record<RetryLimit, string>> = {
  max_attempts: "",
  max_elapsed: " in the time allowed",
  budget: ", since too many calls retry at present",
};

/** What ended the tries: their number, the time, or the budget that they share with others. */
export type RetryLimit = "max_attempts" | "max_elapsed" | "budget";

/** Tries, time or the budget are used up; `cause` is the last error. */
export class RetryExhaustedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "RetryExhaustedError";
  /** Tries that failed. */
  readonly attempts: number;
  /** What was used up. */
  readonly reason: RetryLimit;
  /** Says after how many tries, and why the last one failed. */
  constructor(attempts: number, reason: RetryLimit, cause: unknown) {
    const tries = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
    super(`Gave up after ${tries}${LIMIT_SAID[reason]}: ${messageOf(cause)}`, { cause });
    this.attempts = attempts;
    this.reason = reason;
  }
}

/** No try can work until somebody steps in or a long time has passed; `cause` is the last error. */
export class RetryParkedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "RetryParkedError";
  /** Tries that failed. */
  readonly attempts: number;
  /** Why: the error said so, or asked for too much patience. */
  readonly reason: "parked" | "retry_after";
  /** For how long the error asked, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Says why the last try failed. */
  constructor(attempts: number, step: RetryPark, cause: unknown) {
    const asked = step.retryAfterMs === undefined ? "" : `, not before ${step.retryAfterMs} ms`;
    super(`Parked until somebody steps in${asked}: ${messageOf(cause)}`, { cause });
    this.attempts = attempts;
    this.reason = step.reason;
    this.retryAfterMs = step.retryAfterMs;
  }
}

/**
 * Calls a function until it works. Between the tries it waits as `backoff` says, or longer if the error
 * asks for it; it keeps the process alive meanwhile. An abort ends a wait at once; a try under way gets
 * the signal and is waited for, and what it still brings is the result. No timer or listener stays
 * behind.
 *
 * @param fn What to try; it may be asynchronous
 * @param options Limits, waits, and which errors are worth another try
 * @returns What the first try that works answers
 *
 * @throws {RetryExhaustedError} If tries, time or the budget are used up
 * @throws {RetryParkedError} If nothing can work until somebody steps in
 * @throws {RangeError} If a limit is out of range
 * @throws {TypeError} If `fn` is no function, such as the promise of a call that runs already, or
 *   `backoff` or `classify` is none
 * @throws The error itself, if it is final; the signal's reason after an abort
 *
 * @example
 * ```ts ignore
 * import { parseRetryAfter, retry } from "@logflume/logflume/retry";
 *
 * const orders = await retry(async ({ signal }) => {
 *   const response = await fetch("https://shop.example/orders", { signal: signal ?? null });
 *   if (response.ok) return await response.json();
 *   const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), Date.now());
 *   throw Object.assign(new Error(response.statusText), { status: response.status, retryAfterMs });
 * }, { maxAttempts: 8, signal: AbortSignal.timeout(60_000) });
 * ```
 */
export function retry<T>(
  fn: (context: RetryContext) => T | PromiseLike<T>,
  options: RetryOptions = {},
): Promise<T> {
  const place = options.budget?.enter();
  const result = attempt(fn, options, place);
  // Without a budget nothing is put around the promise, which keeps the usual call cheap.
  return place === undefined ? result : result.finally(() => place.leave());
}

async function attempt<T>(
  fn: (context: RetryContext) => T | PromiseLike<T>,
  options: RetryOptions,
  place: RetryBudgetPlace | undefined,
): Promise<T> {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot retry what is no function but ${typeof fn}: pass a function`);
  }
  const { clock = systemClock, signal, onRetry } = options;
  const tell = onRetry === undefined ? undefined : isolated("onRetry", onRetry);
  const schedule = createRetrySchedule(options);
  while (true) {
    signal?.throwIfAborted();
    try {
      return await fn({ attempt: schedule.attempts + 1, signal });
    } catch (error) {
      signal?.throwIfAborted();
      const step = schedule.failed(error);
      const { attempts } = schedule;
      if (step.action !== "retry") throw endOf(step, attempts, error);
      const { delayMs, isRefused } = step;
      // A call that was refused puts no load on anybody.
      if (!isRefused && place?.mayRetry() === false) {
        throw new RetryExhaustedError(attempts, "budget", error);
      }
      tell?.({ attempts, error, delayMs, isRefused });
      await wait(delayMs, clock, signal);
    }
  }
}

/** Somebody waits for the result, so the process must stay alive. */
async function wait(delayMs: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  const release = clock.hold();
  try {
    await pause(delayMs, clock, signal);
  } finally {
    release();
  }
}

function endOf(step: RetryGiveUp | RetryPark, attempts: number, error: unknown): unknown {
  if (step.action === "park") return new RetryParkedError(attempts, step, error);
  return step.reason === "rejected" ? error : new RetryExhaustedError(attempts, step.reason, error);
}

export {
  type Backoff,
  backoff,
  type BackoffLimits,
  type BackoffOptions,
  type Backoffs,
  type DecorrelatedOptions,
  type ExponentialOptions,
} from "./backoff.ts";
export type { Jitter } from "./jitter.ts";
export { parseRetryAfter } from "./retry_after.ts";
export {
  createRetryBudget,
  type RetryBudget,
  type RetryBudgetOptions,
  type RetryBudgetPlace,
  type RetryBudgetStats,
} from "./retry_budget.ts";
export {
  classifyError,
  classifyStatus,
  type ClassifyStatusOptions,
  type HttpOutcome,
  type RetryAfter,
  type RetryDecision,
} from "./retry_decision.ts";
export {
  createRetrySchedule,
  type RetryGiveUp,
  type RetryPark,
  type RetryRules,
  type RetrySchedule,
  type RetryStep,
  type RetryWait,
} from "./retry_schedule.ts";
