import type { Clock } from "../clock.ts";

/** How often a reading is given out; a job that ends and the one that starts in its place ask once each. */
const SHARED_BY = 16;
const SETTLED: Promise<void> = Promise.resolve();

/**
 * The time of day of a pool. Some runtimes take longer to read the clock than the pool takes for all else
 * that becomes of a short job, so jobs that come, start or end without a pause share a reading: at most
 * sixteen times, and never after the microtasks that were waiting when it was made. Those belong to jobs
 * that had ended by then, so for them it is the better one.
 */
export class PoolTime {
  readonly #clock: Clock;
  #now = 0;
  #left = 0;
  #isForgetting = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The reading that others share, in milliseconds of the monotonic clock. */
  shared(): number {
    if (this.#left === 0) return this.fresh();
    this.#left--;
    return this.#now;
  }

  /** One of now: for what must be exact, and after code of others ran for long. */
  fresh(): number {
    this.#now = this.#clock.monotonic();
    this.#left = SHARED_BY - 1;
    if (!this.#isForgetting) {
      this.#isForgetting = true;
      void SETTLED.then(this.#forget);
    }
    return this.#now;
  }

  readonly #forget = (): void => {
    this.#left = 0;
    this.#isForgetting = false;
  };
}
