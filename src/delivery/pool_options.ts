import { type Clock, systemClock } from "../clock.ts";
import { isolated } from "../isolated.ts";
import type { PoolSizeRange } from "./pool_limit.ts";
import { POOL_POLICIES, type PoolDropListeners, type PoolOverflow } from "./pool_overflow.ts";

/** How a pool is bounded, and what it does at its bounds. */
export interface PoolOptions extends PoolDropListeners {
  /**
   * Jobs that run at once; `resize` changes it. With a range the pool finds its size by itself: it starts at
   * the least, allows one more while all workers are busy and nothing pushes back, and a tenth fewer when
   * something does, once in the mean time of a job at most.
   *
   * @default {8}
   */
  readonly size?: number | PoolSizeRange;
  /**
   * With a range: whether a job that failed pushed back, as a destination does that is asked too much. A
   * timeout always does, a job that its caller aborted never.
   *
   * @default {() => true}
   */
  readonly isBackPressure?: (error: unknown) => boolean;
  /** Jobs that may wait for a worker; 0 takes only what can start at once. @default {1000} */
  readonly maxQueued?: number;
  /** What to do when the queue is full. @default {"block"} */
  readonly overflow?: PoolOverflow;
  /** With `block`: calls of `submit` that may wait for room at once; more are refused. @default {10_000} */
  readonly maxBlocked?: number;
  /** With `sample`: one in this many is taken while the queue is full. @default {10} */
  readonly sampleEvery?: number;
  /** The longest run of a job in milliseconds, unless it says otherwise. @default {Infinity} */
  readonly timeoutMs?: number;
  /**
   * How long a job that was aborted may go on, in milliseconds. It holds its worker and its key meanwhile,
   * so that no more run than are allowed; then it counts as leaked. @default {5000}
   */
  readonly graceMs?: number;
  /**
   * Leaked jobs whose worker is replaced by a new one. A pool never runs more than its size and these;
   * those beyond hold their workers until they end. @default {8}
   */
  readonly maxLeaked?: number;
  /** Told why a posted job did not succeed: it failed, or was cut short, dropped or cancelled. */
  readonly onError?: (error: unknown) => void;
  /** Told of each job that still runs after the grace period. */
  readonly onLeak?: (leak: PoolLeak) => void;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Chance, 0 up to 1, for `sample`. @default {Math.random} */
  readonly random?: () => number;
}

/** A job that does not end. */
export interface PoolLeak {
  /** Number of the worker that ran it. */
  readonly worker: number;
  /** Whether the worker goes on with other jobs; otherwise it is stuck until the job ends. */
  readonly replaced: boolean;
  /** Jobs that are leaked now, this one included. */
  readonly leaked: number;
}

/** Checked options with all defaults. */
export interface PoolSettings {
  readonly size: PoolSizeRange;
  readonly isBackPressure: (error: unknown) => boolean;
  readonly maxQueued: number;
  readonly overflow: PoolOverflow;
  readonly maxBlocked: number;
  readonly sampleEvery: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  readonly maxLeaked: number;
  readonly onError: ((error: unknown) => void) | undefined;
  readonly onLeak: (leak: PoolLeak) => void;
  readonly clock: Clock;
  readonly random: () => number;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws {RangeError} If one is out of range
 */
export function poolSettings(options: PoolOptions): PoolSettings {
  const { overflow = "block", onError } = options;
  if (!POOL_POLICIES.includes(overflow)) {
    throw new RangeError(`Unknown overflow "${overflow}": use one of ${POOL_POLICIES.join(", ")}`);
  }
  return {
    overflow,
    size: poolSize(options.size ?? 8),
    isBackPressure: answering(options.isBackPressure ?? (() => true)),
    maxQueued: count("maxQueued", options.maxQueued ?? 1000, 0),
    maxBlocked: count("maxBlocked", options.maxBlocked ?? 10_000, 0),
    sampleEvery: count("sampleEvery", options.sampleEvery ?? 10, 1),
    maxLeaked: count("maxLeaked", options.maxLeaked ?? 8, 0),
    timeoutMs: duration("timeoutMs", options.timeoutMs ?? Infinity),
    graceMs: duration("graceMs", options.graceMs ?? 5000),
    onError: onError === undefined ? undefined : isolated("onError", onError),
    onLeak: isolated("onLeak", options.onLeak ?? (() => {})),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  };
}

/**
 * Checks a number of workers; a single number is a range of one.
 *
 * @throws {RangeError} If it is none
 */
export function poolSize(size: number | PoolSizeRange): PoolSizeRange {
  if (typeof size === "number") return { min: count("size", size, 1), max: size };
  const { min, max } = size;
  count("size.min", min, 1);
  count("size.max", max, 1);
  if (min <= max) return { min, max };
  throw new RangeError(`Cannot use a size of ${min} to ${max}: min is at most max`);
}

/** A question that answers true when it throws. */
function answering(ask: (error: unknown) => boolean): (error: unknown) => boolean {
  let answer: boolean;
  const asked = isolated("isBackPressure", (error: unknown) => answer = ask(error));
  return (error) => {
    answer = true;
    asked(error);
    return answer;
  };
}

function count(name: string, value: number, least: number): number {
  if (value === Infinity || (Number.isSafeInteger(value) && value >= least)) return value;
  throw new RangeError(`Cannot use ${name} ${value}: allowed are whole numbers from ${least}`);
}

/**
 * Checks a time.
 *
 * @throws {RangeError} If it is negative or not a number
 */
export function duration(name: string, ms: number): number {
  if (ms >= 0) return ms;
  throw new RangeError(`Cannot use ${name} ${ms}: allowed are 0 and more`);
}
