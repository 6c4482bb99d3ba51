import { type Clock, systemClock } from "../clock.ts";
import { classifyError, type RetryDecision } from "./retry_decision.ts";
import {
  createRetrySchedule,
  type RetryRules,
  type RetrySchedule,
  type RetryStep,
} from "./retry_schedule.ts";

const DEFAULT_CAP_MS = 300_000;

/**
 * The tries of one batch. What parks the lane is no try: nothing was wrong with these records. Nor does time
 * pass for them while nobody may make a try, as with a lane that is paused or parked, or waits for its breaker.
 */
export class Tries {
  readonly #rules: RetryRules;
  readonly #before: number;
  readonly #clock: Clock;
  #schedule: RetrySchedule | undefined;
  #decision: RetryDecision = "retry";
  /** Time that does not count, and since when none does. */
  #idleMs = 0;
  #idleSinceMs: number | undefined;

  /** `before` is how often these records were sent in a larger batch. */
  constructor(rules: RetryRules, before = 0) {
    this.#rules = rules;
    this.#before = before;
    this.#clock = rules.clock ?? systemClock;
    // Its time begins now; without a limit of time it is made when something fails.
    if (this.isTimed) this.#schedule = this.#begin();
  }

  /** Whether their time is limited: only then `waits` and `begins` need be told. */
  get isTimed(): boolean {
    return (this.#rules.maxElapsedMs ?? Infinity) !== Infinity;
  }

  /** A try is due: until it begins, no time passes. */
  waits(): void {
    this.#idleSinceMs ??= this.#clock.monotonic();
  }

  /** The try begins. */
  begins(): void {
    if (this.#idleSinceMs === undefined) return;
    this.#idleMs += this.#clock.monotonic() - this.#idleSinceMs;
    this.#idleSinceMs = undefined;
  }

  /** Tries that failed. */
  get attempts(): number {
    return this.#before + (this.#schedule?.attempts ?? 0);
  }

  #begin(): RetrySchedule {
    const monotonic = (): number => (this.#idleSinceMs ?? this.#clock.monotonic()) - this.#idleMs;
    const clock = { ...this.#clock, monotonic };
    return createRetrySchedule({ ...this.#rules, clock, classify: () => this.#decision });
  }

  /** What to do about a failure. */
  failed(error: unknown): RetryStep {
    this.#decision = this.#classify(error);
    if (this.#decision === "park") return { action: "park", reason: "parked" };
    const { maxRetryAfterMs = DEFAULT_CAP_MS } = this.#rules;
    const asked = typeof this.#decision === "object" ? this.#decision : undefined;
    if (asked !== undefined && !asked.isRefused && asked.retryAfterMs > maxRetryAfterMs) {
      return { action: "park", reason: "retry_after", retryAfterMs: asked.retryAfterMs };
    }
    this.#schedule ??= this.#begin();
    return this.#schedule.failed(error);
  }

  /** A rule that throws or answers null says nothing; the record must not pay for it. */
  #classify(error: unknown): RetryDecision {
    try {
      return (this.#rules.classify ?? classifyError)(error, this.attempts + 1) ?? "retry";
    } catch {
      return "retry";
    }
  }
}
