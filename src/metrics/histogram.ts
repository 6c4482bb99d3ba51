/** Equal buckets of 1 µs before the first doubling, and twice the buckets of each doubling. */
const LINEAR = 32;
/** Buckets of each doubling: a value is told to within one part in this many. */
const PER_DOUBLING = LINEAR / 2;
/** Doublings after the linear part: up to 2^43 µs, about 100 days. */
const DOUBLINGS = 38;
/** The first power of two that is not in the linear part. */
const FIRST_EXPONENT = 5;

/** The powers of two, of microseconds, below which values are told: 64 µs to 33.5 s. */
const BOUND_EXPONENTS: readonly number[] = Array.from({ length: 20 }, (_, i) => i + 6);

/** How many took less than a time. */
export interface LatencyBucket {
  /** The time in milliseconds, a power of two of microseconds. */
  readonly leMs: number;
  /** Those that took less, to the nearest microsecond; the ones of smaller buckets included. */
  readonly count: number;
}

/** How long something took, over all times that were looked at. */
export interface LatencyStats {
  /** Times that were looked at. */
  readonly count: number;
  /** All of them together, in milliseconds. */
  readonly sumMs: number;
  /** Half of them took no longer, in milliseconds; 0 when there are none. Within 1/32 of the value. */
  readonly p50Ms: number;
  /** All but one in a hundred took no longer, in milliseconds. Within 1/32 of the value. */
  readonly p99Ms: number;
  /** How they spread: cumulative, from 0.064 ms up to 33.5 s in steps of two. */
  readonly buckets: readonly LatencyBucket[];
}

/**
 * Counts durations in buckets that double in width every 16 of them, as HdrHistogram does: 5 KiB whatever
 * comes, one increment a value, and the same relative error from a microsecond to days.
 */
export class Histogram {
  readonly #buckets = new Float64Array(LINEAR + DOUBLINGS * PER_DOUBLING);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** Counts a duration in milliseconds; what is no positive, finite number counts as 0. */
  record(ms: number): void {
    const valid = ms > 0 && ms < Infinity ? ms : 0;
    this.#buckets[bucketOf(Math.round(valid * 1000))]!++;
    this.#count++;
    this.#sumMs += valid;
    if (valid > this.#maxMs) this.#maxMs = valid;
  }

  /** The duration in milliseconds that a share of all values, 0 to 1, does not exceed; 0 without any. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      seen += count;
      if (seen >= rank) return Math.min(middleOf(bucket) / 1000, this.#maxMs);
    }
    return 0;
  }

  /** Figures. */
  stats(): LatencyStats {
    return {
      count: this.#count,
      sumMs: this.#sumMs,
      p50Ms: this.quantile(0.5),
      p99Ms: this.quantile(0.99),
      buckets: this.#cumulative(),
    };
  }

  #cumulative(): LatencyBucket[] {
    let count = 0;
    let from = 0;
    return BOUND_EXPONENTS.map((exponent) => {
      // A power of two begins a bucket, so no bucket lies on both sides of it.
      const end = bucketOf(2 ** exponent);
      for (; from < end; from++) count += this.#buckets[from]!;
      return { leMs: 2 ** exponent / 1000, count };
    });
  }
}

function bucketOf(us: number): number {
  if (us < LINEAR) return us;
  const exponent = Math.floor(Math.log2(us));
  // At a power of two the logarithm may be a hair off; the bucket beside it is as good.
  const step = Math.floor(us / 2 ** (exponent - FIRST_EXPONENT + 1));
  const bucket = (exponent - FIRST_EXPONENT + 1) * PER_DOUBLING + step;
  return Math.min(bucket, LINEAR + DOUBLINGS * PER_DOUBLING - 1);
}

/** The middle of a bucket, in microseconds. */
function middleOf(bucket: number): number {
  if (bucket < LINEAR) return bucket;
  const doubling = Math.floor(bucket / PER_DOUBLING) - 1;
  const width = 2 ** doubling;
  return (bucket - doubling * PER_DOUBLING) * width + (width - 1) / 2;
}
