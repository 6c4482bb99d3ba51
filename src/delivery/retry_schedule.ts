import { type Clock, systemClock } from "../clock.ts";
import { type Backoff, backoff as backoffs, MAX_DELAY_MS, within } from "./backoff.ts";
import { classifyError, type RetryDecision } from "./retry_decision.ts";

/** When to try again, and when to give up. */
export interface RetryRules {
  /** Tries in all, the first one included; `Infinity` for no limit. @default {5} */
  readonly maxAttempts?: number;
  /**
   * No try begins later than this after the start, in milliseconds; the last wait is cut to it.
   * @default {Infinity}
   */
  readonly maxElapsedMs?: number;
  /** A `retryAfterMs` beyond this parks instead of waiting. @default {300000} */
  readonly maxRetryAfterMs?: number;
  /** The wait between tries; where it gives no number, it is the default one. @default {backoff.exponential()} */
  readonly backoff?: Backoff;
  /** What to do about an error. @default {classifyError} */
  readonly classify?: (error: unknown, attempt: number) => RetryDecision;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Chance, from 0 up to 1. @default {Math.random} */
  readonly random?: () => number;
}

/** What to do after a failure. */
export type RetryStep = RetryWait | RetryGiveUp | RetryPark;

/** Try again after a wait. */
export interface RetryWait {
  /** What to do. */
  readonly action: "retry";
  /** How long to wait before, in milliseconds. */
  readonly delayMs: number;
  /** Whether the call never ran: it has spent no attempt. */
  readonly isRefused: boolean;
}

/** Give the call up for good. */
export interface RetryGiveUp {
  /** What to do. */
  readonly action: "dead-letter";
  /** Why: the error is final, or tries or time are used up. */
  readonly reason: "rejected" | "max_attempts" | "max_elapsed";
}

/** Stop trying until somebody steps in, or a long time has passed. */
export interface RetryPark {
  /** What to do. */
  readonly action: "park";
  /** Why: the error said so, or asked for more patience than `maxRetryAfterMs`. */
  readonly reason: "parked" | "retry_after";
  /** For how long it asked, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** The tries of one call: counts them and says what comes next. It never waits itself. */
export interface RetrySchedule {
  /** Tries that failed; refused ones do not count. */
  readonly attempts: number;
  /** What to do about the failure of a try. */
  failed(error: unknown): RetryStep;
}

const DEFAULT_MAX_ATTEMPTS = 5;
const DEFAULT_MAX_RETRY_AFTER_MS = 300_000;

/**
 * Starts the tries of one call, for callers that wait in their own way; `retry` is a loop around it. Its
 * time begins now.
 *
 * @throws {RangeError} If `maxAttempts` is not a whole number of at least 1 or `Infinity`, or a time is
 *   negative or not a number
 * @throws {TypeError} If `backoff` or `classify` is no function
 *
 * @example
 * ```ts
 * import { backoff, createRetrySchedule } from "@logflume/logflume/retry";
 *
 * const schedule = createRetrySchedule({ maxAttempts: 2, backoff: backoff.list([50]) });
 * const first = schedule.failed(new Error("connection reset"));
 * console.assert(first.action === "retry" && first.delayMs === 50);
 * const second = schedule.failed(new Error("connection reset"));
 * console.assert(second.action === "dead-letter" && second.reason === "max_attempts");
 * ```
 */
export function createRetrySchedule(rules: RetryRules = {}): RetrySchedule {
  return new Schedule(rules);
}

class Schedule implements RetrySchedule {
  readonly #maxAttempts: number;
  readonly #maxElapsedMs: number;
  readonly #rules: RetryRules;
  readonly #clock: Clock;
  readonly #startMs: number;
  #attempts = 0;
  #refusals = 0;
  #previousMs: number | undefined;

  constructor(rules: RetryRules) {
    this.#rules = rules;
    this.#maxAttempts = attemptsOf(rules.maxAttempts ?? DEFAULT_MAX_ATTEMPTS);
    this.#maxElapsedMs = atLeastZero("maxElapsedMs", rules.maxElapsedMs ?? Infinity);
    atLeastZero("maxRetryAfterMs", rules.maxRetryAfterMs ?? 0);
    assertRule("backoff", rules.backoff, "such as backoff.constant({ baseMs: 500 })");
    assertRule("classify", rules.classify, "such as classifyError");
    this.#clock = rules.clock ?? systemClock;
    // A look at the clock costs more than all the rest of a call that works.
    this.#startMs = this.#maxElapsedMs === Infinity ? 0 : this.#clock.monotonic();
  }

  get attempts(): number {
    return this.#attempts;
  }

  failed(error: unknown): RetryStep {
    const decision = (this.#rules.classify ?? classifyError)(error, this.#attempts + 1);
    const asked = typeof decision === "object" ? decision : undefined;
    if (decision === "refused" || asked?.isRefused === true) return this.#refused(asked);
    this.#attempts++;
    this.#refusals = 0;
    if (decision === "dead-letter") return { action: "dead-letter", reason: "rejected" };
    if (decision === "park") return { action: "park", reason: "parked" };
    if (this.#attempts >= this.#maxAttempts) {
      return { action: "dead-letter", reason: "max_attempts" };
    }
    return this.#again(asked?.retryAfterMs);
  }

  /** A server's word is never undercut, so chance only decides where the backoff is the longer one. */
  #again(retryAfterMs: number | undefined): RetryStep {
    const maxRetryAfterMs = this.#rules.maxRetryAfterMs ?? DEFAULT_MAX_RETRY_AFTER_MS;
    if (retryAfterMs !== undefined && retryAfterMs > maxRetryAfterMs) {
      return { action: "park", reason: "retry_after", retryAfterMs };
    }
    this.#previousMs = this.#backoff(this.#attempts, this.#previousMs);
    const askedMs = within(MAX_DELAY_MS, Math.ceil(retryAfterMs || 0));
    return this.#wait(Math.max(this.#previousMs, askedMs), askedMs, false);
  }

  /** Who refuses without knowing until when is asked again by the backoff of its refusals in a row. */
  #refused(asked: { readonly retryAfterMs: number } | undefined): RetryStep {
    this.#refusals++;
    const askedMs = asked?.retryAfterMs ?? Infinity;
    if (!Number.isFinite(askedMs)) return this.#wait(this.#backoff(this.#refusals), 0, true);
    const delayMs = within(MAX_DELAY_MS, Math.max(1, Math.ceil(askedMs)));
    return this.#wait(delayMs, delayMs, true);
  }

  #backoff(attempt: number, previousMs?: number): number {
    const { backoff = DEFAULT_BACKOFF, random = Math.random } = this.#rules;
    const delayMs: unknown = backoff(attempt, random, previousMs);
    // A function that forgets its answer must not wait for ever, nor not at all.
    const isNumber = typeof delayMs === "number" && !Number.isNaN(delayMs);
    return within(MAX_DELAY_MS, isNumber ? delayMs : DEFAULT_BACKOFF(attempt, random));
  }

  /** Cuts a wait to the time that is left, unless trying earlier than `atLeastMs` is of no use. */
  #wait(delayMs: number, atLeastMs: number, isRefused: boolean): RetryStep {
    if (this.#maxElapsedMs === Infinity) return { action: "retry", delayMs, isRefused };
    const leftMs = this.#maxElapsedMs - (this.#clock.monotonic() - this.#startMs);
    if (leftMs <= 0 || atLeastMs > leftMs) {
      return { action: "dead-letter", reason: "max_elapsed" };
    }
    return { action: "retry", delayMs: Math.min(delayMs, Math.ceil(leftMs)), isRefused };
  }
}

const DEFAULT_BACKOFF: Backoff = backoffs.exponential();

function attemptsOf(maxAttempts: number): number {
  if (maxAttempts === Infinity || (Number.isInteger(maxAttempts) && maxAttempts >= 1)) {
    return maxAttempts;
  }
  throw new RangeError(
    `Cannot use maxAttempts ${maxAttempts}: allowed are whole numbers from 1, and Infinity`,
  );
}

/** A rule that cannot be asked would hide the first error behind one of its own. */
function assertRule(name: string, rule: unknown, example: string): void {
  if (rule === undefined || typeof rule === "function") return;
  throw new TypeError(`Cannot use ${name} ${String(rule)}: give a function, ${example}`);
}

function atLeastZero(name: string, value: number): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new RangeError(`Cannot use ${name} ${value}: allowed are 0 and more milliseconds`);
}
