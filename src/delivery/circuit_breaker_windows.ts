import type { Clock } from "../clock.ts";
import { type BreakerCounts, type CallTally, PlainTally } from "./circuit_breaker_counts.ts";

/**
 * Successes and failures of the last `size` results; requests, exclusions and the consecutive counts are
 * those since it was cleared.
 */
export class CountWindow implements CallTally {
  readonly #all = new PlainTally();
  readonly #isFailure: Uint8Array;
  #next = 0;
  #held = 0;
  #failures = 0;

  constructor(size: number) {
    this.#isFailure = new Uint8Array(size);
  }

  get counts(): BreakerCounts {
    const failures = this.#failures;
    return { ...this.#all.counts, successes: this.#held - failures, failures };
  }

  request(): void {
    this.#all.request();
  }

  success(): void {
    this.#all.success();
    this.#push(0);
  }

  failure(): void {
    this.#all.failure();
    this.#push(1);
  }

  exclusion(): void {
    this.#all.exclusion();
  }

  clear(): void {
    this.#all.clear();
    this.#next = this.#held = this.#failures = 0;
  }

  #push(failure: 0 | 1): void {
    const size = this.#isFailure.length;
    if (this.#held === size) this.#failures -= this.#isFailure[this.#next] ?? 0;
    else this.#held++;
    this.#isFailure[this.#next] = failure;
    this.#failures += failure;
    this.#next = this.#next + 1 === size ? 0 : this.#next + 1;
  }
}

/** What each segment of time counts, in this order. */
const [REQUESTS, SUCCESSES, FAILURES, EXCLUSIONS] = [0, 1, 2, 3];
const KINDS = 4;

/**
 * Calls of the last `windowMs`, kept in segments: a whole segment is forgotten at a time, and all of
 * them, with the consecutive counts, after a window without any call. A call is counted when it
 * begins, its result when it ends.
 */
export class TimeWindow implements CallTally {
  readonly #clock: Clock;
  readonly #segmentMs: number;
  readonly #segments: number;
  /** `KINDS` numbers a segment, in a ring. */
  readonly #ring: Float64Array;
  readonly #sums: Float64Array = new Float64Array(KINDS);
  #newest = 0;
  #consecutiveSuccesses = 0;
  #consecutiveFailures = 0;

  constructor(windowMs: number, segments: number, clock: Clock) {
    this.#clock = clock;
    this.#segmentMs = windowMs / segments;
    this.#segments = segments;
    this.#ring = new Float64Array(segments * KINDS);
    this.#newest = this.#segmentNow();
  }

  get counts(): BreakerCounts {
    this.#rotate();
    const [requests = 0, successes = 0, failures = 0, exclusions = 0] = this.#sums;
    return {
      requests,
      successes,
      failures,
      exclusions,
      consecutiveSuccesses: this.#consecutiveSuccesses,
      consecutiveFailures: this.#consecutiveFailures,
    };
  }

  request(): void {
    this.#add(REQUESTS);
  }

  success(): void {
    this.#add(SUCCESSES);
    this.#consecutiveSuccesses++;
    this.#consecutiveFailures = 0;
  }

  failure(): void {
    this.#add(FAILURES);
    this.#consecutiveFailures++;
    this.#consecutiveSuccesses = 0;
  }

  exclusion(): void {
    this.#add(EXCLUSIONS);
  }

  clear(): void {
    this.#newest = this.#segmentNow();
    this.#forgetAll();
  }

  #add(kind: number): void {
    this.#rotate();
    const at = this.#newest % this.#segments * KINDS + kind;
    this.#ring[at] = this.#ring[at]! + 1;
    this.#sums[kind] = this.#sums[kind]! + 1;
  }

  #segmentNow(): number {
    return Math.floor(this.#clock.monotonic() / this.#segmentMs);
  }

  /** By the segments that have passed, not by calls: an idle hour leaves nothing. */
  #rotate(): void {
    const now = this.#segmentNow();
    if (now - this.#newest >= this.#segments) this.#forgetAll();
    else for (let next = this.#newest + 1; next <= now; next++) this.#forget(next);
    if (now > this.#newest) this.#newest = now;
  }

  #forget(segment: number): void {
    const from = segment % this.#segments * KINDS;
    for (let kind = 0; kind < KINDS; kind++) {
      this.#sums[kind] = this.#sums[kind]! - this.#ring[from + kind]!;
      this.#ring[from + kind] = 0;
    }
  }

  #forgetAll(): void {
    this.#ring.fill(0);
    this.#sums.fill(0);
    this.#consecutiveSuccesses = this.#consecutiveFailures = 0;
  }
}
