import type { Clock } from "../clock.ts";

/** Bounds between which a pool finds its size by itself. */
export interface PoolSizeRange {
  /** The least, and the size at the beginning. */
  readonly min: number;
  /** The most. */
  readonly max: number;
}

/** What a job that pushes back costs: the size is multiplied with this. */
const DECREASE = 0.9;
/** How much the latest run counts in the mean. */
const WEIGHT = 0.4;

/**
 * Finds how many jobs a destination bears: one more when all workers were busy and nothing pushed back, a
 * tenth fewer (at least one) when something did, and one change at most in the time that a job takes, so
 * that the effect of a change is seen before the next. This is additive increase, multiplicative decrease
 * (Chiu and Jain, 1989), which keeps TCP stable.
 */
export class PoolLimit {
  readonly #range: PoolSizeRange;
  readonly #clock: Clock;
  #meanRunMs: number | undefined;
  #changedAt: number;
  #wasReached = false;
  #wasPressed = false;

  constructor(range: PoolSizeRange, clock: Clock) {
    this.#range = range;
    this.#clock = clock;
    this.#changedAt = clock.monotonic();
  }

  /** All workers are busy. */
  reach(): void {
    this.#wasReached = true;
  }

  /** The size after a job that ran for `runMs`, and pushed back or did not. */
  next(size: number, runMs: number, isPressure: boolean): number {
    const before = this.#meanRunMs ?? runMs;
    this.#meanRunMs = before + (runMs - before) * WEIGHT;
    this.#wasPressed ||= isPressure;
    const now = this.#clock.monotonic();
    if (now - this.#changedAt < this.#meanRunMs) return size;
    if (!this.#wasPressed && !this.#wasReached) return size;
    const wanted = this.#wasPressed ? Math.floor(size * DECREASE) : size + 1;
    this.#changedAt = now;
    this.#wasReached = this.#wasPressed = false;
    return Math.min(this.#range.max, Math.max(this.#range.min, wanted));
  }
}
