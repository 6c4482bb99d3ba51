import type { IssuedPermit } from "./circuit_breaker_permit.ts";

/** How many probes, and what they decide. */
export interface ProbeLimits {
  readonly maxProbes: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  readonly probeTimeoutMs: number;
}

/** The calls let through while half-open. */
export class Probes {
  readonly #limits: ProbeLimits;
  /** When each times out. All have the same time, so the first is the oldest. */
  readonly #deadlines = new Map<IssuedPermit, number>();
  #successes = 0;
  #failures = 0;

  constructor(limits: ProbeLimits) {
    this.#limits = limits;
  }

  get inFlight(): number {
    return this.#deadlines.size;
  }

  /** No more at once than allowed, nor than can still be of use for the decision. */
  get hasRoom(): boolean {
    const { maxProbes, successThreshold } = this.#limits;
    return this.inFlight < maxProbes &&
      this.#successes + this.inFlight < Math.max(maxProbes, successThreshold);
  }

  /** When the oldest times out; `Infinity` if there is none. */
  get nextDeadlineMs(): number {
    for (const deadline of this.#deadlines.values()) return deadline;
    return Infinity;
  }

  clear(): void {
    this.#deadlines.clear();
    this.#successes = this.#failures = 0;
  }

  add(permit: IssuedPermit, nowMs: number): void {
    this.#deadlines.set(permit, nowMs + this.#limits.probeTimeoutMs);
  }

  /** Whether it is under way, and not timed out. */
  has(permit: IssuedPermit): boolean {
    return this.#deadlines.has(permit);
  }

  /** True if this is the last success that was needed. */
  succeeded(permit: IssuedPermit): boolean {
    this.#deadlines.delete(permit);
    return ++this.#successes >= this.#limits.successThreshold;
  }

  /** True if this is one failure too many. */
  failed(permit: IssuedPermit): boolean {
    this.#deadlines.delete(permit);
    return ++this.#failures >= this.#limits.failureThreshold;
  }

  excluded(permit: IssuedPermit): void {
    this.#deadlines.delete(permit);
  }

  /** The oldest has timed out: true if this is one failure too many. */
  expireOldest(): boolean {
    for (const permit of this.#deadlines.keys()) return this.failed(permit);
    return false;
  }
}
