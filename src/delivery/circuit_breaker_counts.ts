/** What became of the calls that a circuit breaker let through. */
export interface BreakerCounts {
  /** Calls let through. */
  readonly requests: number;
  /** Those that worked. */
  readonly successes: number;
  /** Those that failed. */
  readonly failures: number;
  /** Those that say nothing about the destination, such as one that its own caller aborted. */
  readonly exclusions: number;
  /** Successes since the last failure. */
  readonly consecutiveSuccesses: number;
  /** Failures since the last success. */
  readonly consecutiveFailures: number;
}

/** Counts calls, over all time or over a window of it. */
export interface CallTally {
  /** The counts as they are now; a value that does not change. */
  readonly counts: BreakerCounts;
  /** A call was let through. */
  request(): void;
  /** A call worked. */
  success(): void;
  /** A call failed. */
  failure(): void;
  /** A call says nothing. */
  exclusion(): void;
  /** Starts from zero. */
  clear(): void;
}

/** Counts everything since it was cleared. */
export class PlainTally implements CallTally {
  #requests = 0;
  #successes = 0;
  #failures = 0;
  #exclusions = 0;
  #consecutiveSuccesses = 0;
  #consecutiveFailures = 0;

  get counts(): BreakerCounts {
    return {
      requests: this.#requests,
      successes: this.#successes,
      failures: this.#failures,
      exclusions: this.#exclusions,
      consecutiveSuccesses: this.#consecutiveSuccesses,
      consecutiveFailures: this.#consecutiveFailures,
    };
  }

  request(): void {
    this.#requests++;
  }

  success(): void {
    this.#successes++;
    this.#consecutiveSuccesses++;
    this.#consecutiveFailures = 0;
  }

  failure(): void {
    this.#failures++;
    this.#consecutiveFailures++;
    this.#consecutiveSuccesses = 0;
  }

  exclusion(): void {
    this.#exclusions++;
  }

  clear(): void {
    this.#requests =
      this.#successes =
      this.#failures =
      this.#exclusions =
        0;
    this.#consecutiveSuccesses = this.#consecutiveFailures = 0;
  }
}
