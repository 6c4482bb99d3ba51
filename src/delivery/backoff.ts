import { type Jitter, spreadBy } from "./jitter.ts";

/**
 * How long to wait after a failed attempt, in milliseconds.
 *
 * @param attempt Which attempt failed: 1 is the first try
 * @param random Chance, from 0 up to 1
 * @param previousMs The wait before that attempt; only `decorrelated` asks for it
 */
export type Backoff = (attempt: number, random: () => number, previousMs?: number) => number;

/** What every backoff keeps to, however it grows. */
export interface BackoffLimits {
  /** No wait is longer, in milliseconds; never more than 2^31 − 1. @default {30000} */
  readonly capMs?: number;
  /** How much of each wait is left to chance. @default {"full"} */
  readonly jitter?: Jitter;
}

/** A backoff that starts from one wait. */
export interface BackoffOptions extends BackoffLimits {
  /** The wait after the first failure, in milliseconds. @default {200} */
  readonly baseMs?: number;
}

/** How an exponential backoff grows. */
export interface ExponentialOptions extends BackoffOptions {
  /** What each further failure multiplies the wait with. @default {2} */
  readonly factor?: number;
}

/** Bounds of a decorrelated backoff, whose growth is its jitter. */
export type DecorrelatedOptions = Omit<BackoffOptions, "jitter">;

/** The ways to wait between attempts; each makes a {@linkcode Backoff}. */
export interface Backoffs {
  /** The same wait each time. */
  constant(options?: BackoffOptions): Backoff;
  /** base × attempt. */
  linear(options?: BackoffOptions): Backoff;
  /** base × factor^(attempt − 1). */
  exponential(options?: ExponentialOptions): Backoff;
  /** base × 1, 1, 2, 3, 5, 8 and so on: gentler than doubling. */
  fibonacci(options?: BackoffOptions): Backoff;
  /** These waits, in milliseconds, then the last of them again and again; no jitter by default. */
  list(delaysMs: readonly number[], limits?: BackoffLimits): Backoff;
  /**
   * Random from the base to three times the wait before, as AWS calls it; a caller that keeps no
   * previous wait gets the first one each time.
   */
  decorrelated(options?: DecorrelatedOptions): Backoff;
  /** What the function says, brought within the limits; no jitter by default. */
  custom(delayMs: Backoff, limits?: BackoffLimits): Backoff;
}

/** The longest time that timers of all runtimes can wait: a longer one would fire at once. */
export const MAX_DELAY_MS: number = 2 ** 31 - 1;

const DEFAULT_BASE_MS = 200;
const DEFAULT_CAP_MS = 30_000;

/**
 * A wait that a timer can take: whole milliseconds from 0 to the cap. What is no number is the cap,
 * since waiting too long harms less than not waiting at all.
 */
export function within(capMs: number, delayMs: number): number {
  if (Number.isNaN(delayMs)) return Math.floor(capMs);
  return Math.floor(Math.max(0, Math.min(capMs, delayMs)));
}

function constant(options: BackoffOptions = {}): Backoff {
  const baseMs = atLeastZero("baseMs", options.baseMs ?? DEFAULT_BASE_MS);
  return limited(() => baseMs, options);
}

function linear(options: BackoffOptions = {}): Backoff {
  const baseMs = atLeastZero("baseMs", options.baseMs ?? DEFAULT_BASE_MS);
  return limited((attempt) => baseMs * attempt, options);
}

function exponential(options: ExponentialOptions = {}): Backoff {
  const baseMs = atLeastZero("baseMs", options.baseMs ?? DEFAULT_BASE_MS);
  const factor = atLeastZero("factor", options.factor ?? 2);
  // A large attempt overflows to Infinity, which the cap brings back; 0 × Infinity would be NaN.
  return limited((attempt) => baseMs === 0 ? 0 : baseMs * factor ** (attempt - 1), options);
}

function fibonacci(options: BackoffOptions = {}): Backoff {
  const baseMs = atLeastZero("baseMs", options.baseMs ?? DEFAULT_BASE_MS);
  return limited((attempt) => baseMs === 0 ? 0 : baseMs * fibonacciOf(attempt), options);
}

/** Beyond this one a fibonacci number is Infinity as a double. */
const LAST_FIBONACCI = 1477;

function fibonacciOf(nth: number): number {
  let [one, next] = [1, 1];
  for (let i = Math.min(nth, LAST_FIBONACCI); i > 1; i--) [one, next] = [next, one + next];
  return one;
}

function list(delaysMs: readonly number[], limits: BackoffLimits = {}): Backoff {
  const delays = delaysMs.map((delayMs, index) => atLeastZero(`delaysMs[${index}]`, delayMs));
  const last = delays.at(-1);
  if (last === undefined) {
    throw new RangeError("Cannot wait by an empty list: give at least one delay in milliseconds");
  }
  return limited((attempt) => delays[attempt - 1] ?? last, { jitter: "none", ...limits });
}

function decorrelated(options: DecorrelatedOptions = {}): Backoff {
  const baseMs = atLeastZero("baseMs", options.baseMs ?? DEFAULT_BASE_MS);
  const grow: Backoff = (_, random, previousMs = baseMs) =>
    baseMs + random() * (Math.max(baseMs, previousMs * 3) - baseMs);
  return limited(grow, { ...options, jitter: "none" });
}

function custom(delayMs: Backoff, limits: BackoffLimits = {}): Backoff {
  return limited(delayMs, { jitter: "none", ...limits });
}

/**
 * The cap comes before the jitter, or all late waits would be the same, and again last, since
 * proportional jitter goes beyond.
 */
function limited(grow: Backoff, limits: BackoffLimits): Backoff {
  const capMs = Math.min(MAX_DELAY_MS, atLeastZero("capMs", limits.capMs ?? DEFAULT_CAP_MS));
  const jitter = limits.jitter ?? "full";
  const spread = spreadBy(jitter);
  const isRandom = jitter !== "none";
  return (attempt, random, previousMs) => {
    const nth = attempt >= 1 ? Math.floor(attempt) : 1;
    const longest = within(capMs, grow(nth, random, previousMs));
    return isRandom ? within(capMs, spread(longest, random())) : longest;
  };
}

function atLeastZero(name: string, value: number): number {
  if (value >= 0) return value;
  throw new RangeError(`Cannot use ${name} ${value}: allowed are 0 and more`);
}

/**
 * Ways to wait between attempts: pure functions of the attempt, chance and, for `decorrelated`, the
 * wait before. Every wait is a whole number of milliseconds from 0 to `capMs`, however large the
 * attempt is and whatever a custom function answers. Making one throws a `RangeError` for values that
 * are negative or no numbers.
 *
 * @example
 * ```ts
 * import { backoff } from "@logflume/logflume";
 *
 * const wait = backoff.exponential({ baseMs: 100, capMs: 1000, jitter: "none" });
 * console.assert([1, 2, 3, 9].map((n) => wait(n, Math.random)).join() === "100,200,400,1000");
 * ```
 */
export const backoff: Backoffs = {
  constant,
  linear,
  exponential,
  fibonacci,
  list,
  decorrelated,
  custom,
};
