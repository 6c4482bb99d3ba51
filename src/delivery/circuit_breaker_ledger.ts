import type { BreakerCalls, BreakerState } from "./circuit_breaker_contract.ts";

/** The figures of a breaker that only grow. */
export class BreakerLedger {
  /** What became of the calls. */
  readonly calls: { -readonly [Outcome in keyof BreakerCalls]: number } = {
    success: 0,
    failure: 0,
    excluded: 0,
    stale: 0,
    rejectedOpen: 0,
    rejectedProbe: 0,
    rejectedRate: 0,
  };
  readonly #transitions = new Map<string, number>();
  readonly #timeInStateMs = new Map<BreakerState, number>();
  #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  /** The state changed. */
  moved(from: BreakerState, to: BreakerState, atMs: number): void {
    const key = `${from}>${to}`;
    this.#transitions.set(key, (this.#transitions.get(key) ?? 0) + 1);
    this.#timeInStateMs.set(from, this.#timeIn(from, atMs));
    this.#sinceMs = atMs;
  }

  /** How often each change came. */
  get transitions(): Record<string, number> {
    return Object.fromEntries(this.#transitions);
  }

  /** Time in each state, that of the present one up to now. */
  timeInStateMs(present: BreakerState, nowMs: number): Partial<Record<BreakerState, number>> {
    return {
      ...Object.fromEntries(this.#timeInStateMs),
      [present]: this.#timeIn(present, nowMs),
    };
  }

  #timeIn(state: BreakerState, untilMs: number): number {
    return (this.#timeInStateMs.get(state) ?? 0) + untilMs - this.#sinceMs;
  }
}
