/** How long to wait after a failed attempt: `attempt` 1 is the first try. */
export type Backoff = (attempt: number, random: () => number) => number;

/** How an exponential backoff grows. */
export interface ExponentialOptions {
  /** The longest wait after the first failure, in milliseconds. @default {200} */
  readonly baseMs?: number;
  /** What each further failure multiplies it with. @default {2} */
  readonly factor?: number;
  /** No wait is longer, in milliseconds. @default {30000} */
  readonly capMs?: number;
  /** `full`: a random part of the wait, so that many clients do not come back at once. @default {"full"} */
  readonly jitter?: "full" | "none";
}

/**
 * Exponential backoff, by default with full jitter ("Exponential Backoff And Jitter", AWS Architecture
 * Blog, 2015): a wait is a whole number of milliseconds from 0 to min(cap, base × factor^(attempt − 1)).
 *
 * @throws {RangeError} If a value is negative or not a number
 *
 * @example
 * ```ts
 * import { backoff } from "@logflume/logflume";
 *
 * const wait = backoff.exponential({ baseMs: 100, capMs: 1000, jitter: "none" });
 * console.assert([1, 2, 3, 9].map((n) => wait(n, Math.random)).join() === "100,200,400,1000");
 * ```
 */
function exponential(options: ExponentialOptions = {}): Backoff {
  const { baseMs = 200, factor = 2, capMs = 30_000, jitter = "full" } = options;
  for (const [name, value] of Object.entries({ baseMs, factor, capMs })) {
    if (!(value >= 0)) throw new RangeError(`Cannot use ${name} ${value}: allowed are 0 and more`);
  }
  return (attempt, random) => {
    // A large attempt overflows to Infinity, which the cap brings back; 0 × Infinity would be NaN.
    const grown = baseMs === 0 ? 0 : baseMs * factor ** (attempt - 1);
    const longest = Math.min(capMs, grown);
    return Math.floor(jitter === "full" ? random() * longest : longest);
  };
}

/** Ways to wait between attempts. */
export const backoff: { readonly exponential: (options?: ExponentialOptions) => Backoff } = {
  exponential,
};
