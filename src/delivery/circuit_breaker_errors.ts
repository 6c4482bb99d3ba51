/** Why a circuit breaker let a call not through. None of these is a failure of the call. */

/** The circuit is open or isolated: nothing is let through. */
export class BreakerOpenError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "BreakerOpenError";
  /** The breaker's name. */
  readonly breaker: string;
  /** Milliseconds until it lets a probe through; `Infinity` while it is isolated. */
  readonly retryAfterMs: number;
  /** Says which breaker is open, and for how long. */
  constructor(breaker: string, retryAfterMs: number) {
    super(
      Number.isFinite(retryAfterMs)
        ? `Breaker "${breaker}" is open: try again in ${Math.ceil(retryAfterMs)} ms`
        : `Breaker "${breaker}" is isolated: release it to let calls through`,
    );
    this.breaker = breaker;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The circuit is half-open, and as many probes as it needs are under way. */
export class TooManyProbesError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "TooManyProbesError";
  /** The breaker's name. */
  readonly breaker: string;
  /** Says which breaker waits for its probes. */
  constructor(breaker: string) {
    super(`Breaker "${breaker}" is half-open and waits for its probes: try again after them`);
    this.breaker = breaker;
  }
}

/** The circuit is recovering and lets only so many calls a second through. */
export class RateLimitedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "RateLimitedError";
  /** The breaker's name. */
  readonly breaker: string;
  /** Milliseconds until there is room for one call. */
  readonly retryAfterMs: number;
  /** Says which breaker limits the rate, and when there is room. */
  constructor(breaker: string, retryAfterMs: number) {
    super(`Breaker "${breaker}" is recovering: try again in ${Math.ceil(retryAfterMs)} ms`);
    this.breaker = breaker;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Whether a circuit breaker refused the call: it never ran, so it neither failed nor spent an attempt.
 *
 * @example
 * ```ts
 * import { BreakerOpenError, isBreakerRefusal } from "@logflume/logflume/circuit-breaker";
 *
 * console.assert(isBreakerRefusal(new BreakerOpenError("orders", 500)));
 * console.assert(!isBreakerRefusal(new Error("connection reset")));
 * ```
 */
export function isBreakerRefusal(
  error: unknown,
): error is BreakerOpenError | TooManyProbesError | RateLimitedError {
  return error instanceof BreakerOpenError || error instanceof TooManyProbesError ||
    error instanceof RateLimitedError;
}
