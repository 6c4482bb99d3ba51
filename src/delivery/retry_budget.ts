/** How many of the calls under way may be retries. */
export interface RetryBudgetOptions {
  /** So many calls may always retry at once. @default {3} */
  readonly minRetries?: number;
  /** And this share of all calls under way, from 0 to 1. @default {0.2} */
  readonly maxShare?: number;
}

/** The figures of a budget. */
export interface RetryBudgetStats {
  /** Calls under way. */
  readonly running: number;
  /** Those among them that failed at least once and are retried. */
  readonly retrying: number;
  /** Retries that were denied so far. */
  readonly denied: number;
}

/** The place of one call in a budget. */
export interface RetryBudgetPlace {
  /** Asks for leave to retry; a call that has it keeps it. */
  mayRetry(): boolean;
  /** The call has ended. Again is no error. */
  leave(): void;
}

/** Keeps retries from becoming most of the load, when many callers fail at the same time. */
export interface RetryBudget {
  /** A call begins; `retry` does this for its calls. */
  enter(): RetryBudgetPlace;
  /** Its figures. */
  stats(): RetryBudgetStats;
}

/**
 * Makes a budget for all calls that are given it: at most `minRetries` of them retry at once, or the
 * share `maxShare` of all that are under way if that is more (the rule of failsafe-go's retry budget).
 * One that is denied fails at once with its last error.
 *
 * @throws {RangeError} If an option is out of range
 *
 * @example
 * ```ts
 * import { createRetryBudget, retry } from "@logflume/logflume/retry";
 *
 * const budget = createRetryBudget({ minRetries: 0, maxShare: 0 });
 * const call = retry(() => Promise.reject(new Error("down")), { budget });
 * const error = await call.catch((error) => error);
 * console.assert(error.reason === "budget" && budget.stats().denied === 1);
 * ```
 */
export function createRetryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  const { minRetries = 3, maxShare = 0.2 } = options;
  if (!(Number.isInteger(minRetries) && minRetries >= 0)) {
    throw new RangeError(`Cannot use minRetries ${minRetries}: allowed are whole numbers from 0`);
  }
  if (!(maxShare >= 0 && maxShare <= 1)) {
    throw new RangeError(`Cannot use maxShare ${maxShare}: allowed are numbers from 0 to 1`);
  }
  return new Budget(minRetries, maxShare);
}

class Budget implements RetryBudget {
  readonly #minRetries: number;
  readonly #maxShare: number;
  #running = 0;
  #retrying = 0;
  #denied = 0;

  constructor(minRetries: number, maxShare: number) {
    this.#minRetries = minRetries;
    this.#maxShare = maxShare;
  }

  enter(): RetryBudgetPlace {
    this.#running++;
    let isRetrying = false;
    let hasLeft = false;
    return {
      mayRetry: () => isRetrying ||= this.#admit(),
      leave: () => {
        if (hasLeft) return;
        hasLeft = true;
        this.#running--;
        if (isRetrying) this.#retrying--;
      },
    };
  }

  #admit(): boolean {
    const hasRoom = this.#retrying < Math.max(this.#minRetries, this.#maxShare * this.#running);
    if (hasRoom) this.#retrying++;
    else this.#denied++;
    return hasRoom;
  }

  stats(): RetryBudgetStats {
    return { running: this.#running, retrying: this.#retrying, denied: this.#denied };
  }
}
