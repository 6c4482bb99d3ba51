/** Figures of many durations. */
export interface DurationStats {
  /** How many were measured. */
  readonly count: number;
  /** Their sum, in milliseconds. */
  readonly sumMs: number;
  /** The longest, in milliseconds. */
  readonly maxMs: number;
  /** Half of them were not longer, in milliseconds; at most an eighth too high. */
  readonly p50Ms: number;
  /** 99 in 100 were not longer, in milliseconds; at most an eighth too high. */
  readonly p99Ms: number;
}

/** Bits of a duration that are told apart below its highest one: 8 buckets for each power of two. */
const BITS = 3;
const LONGEST_US = 2 ** 31 - 1;
const BUCKETS = (31 - BITS + 1) << BITS;

/**
 * Counts durations in buckets that grow with them, so that memory is fixed and quantiles have a bounded
 * relative error (the log-linear buckets of Gil Tene's HdrHistogram).
 */
export class Durations {
  readonly #buckets = new Float64Array(BUCKETS);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** Counts one. */
  add(ms: number): void {
    this.#count++;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
    this.#buckets[bucketOf(ms)]!++;
  }

  /** The figures so far. */
  stats(): DurationStats {
    return {
      count: this.#count,
      sumMs: this.#sumMs,
      maxMs: this.#maxMs,
      p50Ms: this.#quantile(0.5),
      p99Ms: this.#quantile(0.99),
    };
  }

  #quantile(share: number): number {
    let left = Math.ceil(this.#count * share);
    if (left === 0) return 0;
    for (let bucket = 0; bucket < BUCKETS - 1; bucket++) {
      left -= this.#buckets[bucket]!;
      if (left <= 0) return Math.min(this.#maxMs, endOf(bucket));
    }
    return this.#maxMs;
  }
}

function bucketOf(ms: number): number {
  const us = Math.min(LONGEST_US, ms * 1000) | 0;
  const exponent = 31 - Math.clz32(us);
  if (exponent < BITS) return us;
  const shift = exponent - BITS;
  return ((shift + 1) << BITS) + ((us >> shift) & ((1 << BITS) - 1));
}

/** The duration below which all of a bucket lie, in milliseconds. */
function endOf(bucket: number): number {
  const shift = Math.max(0, (bucket >> BITS) - 1);
  const start = bucket < 1 << BITS ? bucket : (1 << BITS) + (bucket & ((1 << BITS) - 1));
  return (start + 1) * 2 ** shift / 1000;
}
