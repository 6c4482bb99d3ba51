/**
 * How much of a wait is left to chance, so that many clients that failed together do not come back
 * together:
 *
 * - `"none"`: the wait as it is
 * - `"full"`: anything from 0 up to the wait
 * - `"equal"`: half of the wait, and anything from 0 up to the other half
 * - a number from 0 to 1: the wait, up to that part of it less
 * - `{ proportional }`: the wait, up to that part of it more or less
 */
export type Jitter = "none" | "full" | "equal" | number | { readonly proportional: number };

/** The parts of the wait that are random. */
const RANDOM_PART = { none: 0, equal: 0.5, full: 1 } as const;

/**
 * Makes a function that spreads waits. Full and equal jitter are those of "Exponential Backoff And
 * Jitter" (AWS Architecture Blog, 2015), a number is the jitter of `@std/async/retry`.
 *
 * @param jitter How much is left to chance
 * @returns Takes a wait in milliseconds and a number from 0 up to 1
 *
 * @throws {RangeError} If the part is not within 0 and 1
 *
 * @example
 * ```ts ignore
 * const spread = spreadBy("equal");
 * spread(400, Math.random()); // from 200 to 400
 * ```
 */
export function spreadBy(jitter: Jitter): (waitMs: number, chance: number) => number {
  if (typeof jitter === "object") {
    const part = partOf(jitter.proportional);
    return (waitMs, chance) => waitMs * (1 + part * (2 * chance - 1));
  }
  if (typeof jitter === "number") {
    const part = partOf(jitter);
    return (waitMs, chance) => waitMs * (1 - part * chance);
  }
  const part = partOf(RANDOM_PART[jitter]);
  return (waitMs, chance) => waitMs * (1 - part + part * chance);
}

function partOf(part: number): number {
  if (part >= 0 && part <= 1) return part;
  throw new RangeError(
    `Cannot use the jitter ${part}: allowed are "none", "full", "equal" and parts from 0 to 1`,
  );
}
