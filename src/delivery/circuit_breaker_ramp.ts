import { wholeFrom1 } from "./circuit_breaker_trip.ts";

/** How a destination that recovers gets its load back: by a rate that grows in steps. */
export interface RampOptions {
  /** Calls a second that the destination takes when it is well. */
  readonly perSecond: number;
  /** How long after closing the rate is limited, in milliseconds. @default {60000} */
  readonly rampMs?: number;
  /**
   * Shares of the rate, each for an equal part of `rampMs`; the first one holds for probes too.
   * @default {[0.1, 0.25, 0.5, 1]}
   */
  readonly shares?: readonly number[];
  /** Calls that may come at once after a pause. @default {1} */
  readonly burst?: number;
}

const DEFAULT_SHARES: readonly number[] = [0.1, 0.25, 0.5, 1];

/**
 * A token bucket whose rate follows the ramp: half-open it stands on the first step, and closing sets it
 * going.
 */
export class Ramp {
  readonly #perMs: readonly number[];
  readonly #stepMs: number;
  readonly #burst: number;
  #tokens = 0;
  #refilledMs = 0;
  /** When the ramp began to rise; not yet while half-open. */
  #risingSinceMs = Infinity;

  constructor(options: RampOptions) {
    const { perSecond, rampMs = 60_000, shares = DEFAULT_SHARES, burst = 1 } = options;
    above0("perSecond", perSecond);
    above0("rampMs", rampMs);
    if (shares.length === 0) {
      throw new RangeError("Cannot ramp without shares: give at least one, such as [0.1, 1]");
    }
    this.#perMs = shares.map((share, i) => above0(`shares[${i}]`, share) * perSecond / 1000);
    this.#stepMs = rampMs / shares.length;
    this.#burst = wholeFrom1("burst", burst);
  }

  /** Half-open: room for one burst, then the first share of the rate. */
  hold(nowMs: number): void {
    this.#tokens = this.#burst;
    this.#refilledMs = nowMs;
    this.#risingSinceMs = Infinity;
  }

  /** Closed: the rate begins to grow. */
  rise(nowMs: number): void {
    this.#refill(nowMs);
    this.#risingSinceMs = nowMs;
  }

  /** Whether the rate is limited no longer. */
  isOver(nowMs: number): boolean {
    return nowMs - this.#risingSinceMs >= this.#stepMs * this.#perMs.length;
  }

  /** Takes a token: 0 if there was one, or else the milliseconds until there is. */
  take(nowMs: number): number {
    const waitMs = this.waitMs(nowMs);
    if (waitMs === 0) this.#tokens = Math.max(0, this.#tokens - 1);
    return waitMs;
  }

  /** Milliseconds until there is a token, at the rate of now; 0 if there is one. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    // Sums of fractions fall short of a whole by less than a call in a million.
    if (this.#tokens >= 1 - 1e-6) return 0;
    return (1 - this.#tokens) / (this.#perMs[this.#stepAt(nowMs)] ?? 0);
  }

  /** Each step that has passed since adds what its own rate brings. */
  #refill(nowMs: number): void {
    const last = this.#perMs.length - 1;
    let fromMs = this.#refilledMs;
    for (let step = this.#stepAt(fromMs); fromMs < nowMs && this.#tokens < this.#burst; step++) {
      const isLast = step >= last || this.#risingSinceMs === Infinity;
      const stepEndMs = isLast ? nowMs : this.#risingSinceMs + (step + 1) * this.#stepMs;
      const endMs = Math.max(fromMs, Math.min(nowMs, stepEndMs));
      this.#tokens += (endMs - fromMs) * this.#perMs[Math.min(step, last)]!;
      fromMs = endMs;
    }
    this.#tokens = Math.min(this.#burst, this.#tokens);
    this.#refilledMs = Math.max(this.#refilledMs, nowMs);
  }

  #stepAt(ms: number): number {
    if (this.#risingSinceMs === Infinity) return 0;
    const step = Math.floor((ms - this.#risingSinceMs) / this.#stepMs);
    return Math.max(0, Math.min(this.#perMs.length - 1, step));
  }
}

function above0(name: string, value: number): number {
  if (value > 0 && value < Infinity) return value;
  throw new RangeError(`Cannot use ${name} ${value}: allowed are numbers above 0`);
}
