import type { BreakerCounts } from "./circuit_breaker_counts.ts";

/**
 * What a circuit breaker does with calls:
 *
 * - `"closed"`: lets them through
 * - `"open"`: refuses them for a while
 * - `"half-open"`: lets a few through as probes
 * - the forced states, see {@linkcode ForcedState}
 */
export type BreakerState = "closed" | "open" | "half-open" | ForcedState;

/**
 * A state by somebody's will, which no result of a call changes:
 *
 * - `"isolated"`: refuses every call
 * - `"disabled"`: lets every call through and counts nothing
 * - `"metrics-only"`: lets every call through and counts
 */
export type ForcedState = "isolated" | "disabled" | "metrics-only";

/** Why the state changed. */
export type BreakerChangeReason =
  | "tripped"
  | "open_over"
  | "probe_succeeded"
  | "probe_failed"
  | "probe_timed_out"
  | "forced"
  | "released"
  | "reset"
  | "restored";

/** The state has changed. */
export interface BreakerStateChange {
  /** The breaker's name. */
  readonly name: string;
  /** The state before. */
  readonly from: BreakerState;
  /** The state now. */
  readonly to: BreakerState;
  /** Why. */
  readonly reason: BreakerChangeReason;
  /** What the state before had counted; the counts are zero now. */
  readonly counts: BreakerCounts;
  /** When, in milliseconds since 1970; for what time alone changed, when it was due. */
  readonly atMs: number;
}

/**
 * Leave for one call. Exactly one result counts, the first; disposing of it without one excludes the
 * call. A result that comes after the state has changed is counted as stale and changes nothing.
 */
export interface Permit {
  /** The call worked. */
  success(): void;
  /** The call failed; a `retryAfterMs` of the error can keep the circuit open for longer. */
  failure(error?: unknown): void;
  /** The call says nothing about the destination. */
  exclude(): void;
  /** The call has ended: without an error it worked, and with one `classify` says what it means. */
  done(error?: unknown): void;
  /** Excludes the call if it has no result yet. */
  [Symbol.dispose](): void;
}

/** A forced state that lasts until it is released. */
export interface ForcedHold {
  /** The state. */
  readonly state: ForcedState;
  /** Ends it; the circuit is closed after the last one. Again is no error. */
  release(): void;
  /** The same as `release`. */
  [Symbol.dispose](): void;
}

/** What became of all calls, whatever the state was. */
export interface BreakerCalls {
  /** Worked. */
  readonly success: number;
  /** Failed; probes that timed out among them. */
  readonly failure: number;
  /** Said nothing about the destination. */
  readonly excluded: number;
  /** Had a result only after the state had changed. */
  readonly stale: number;
  /** Refused: open or isolated. */
  readonly rejectedOpen: number;
  /** Refused: as many probes as needed were under way. */
  readonly rejectedProbe: number;
  /** Refused: the rate was limited. */
  readonly rejectedRate: number;
}

/** The figures of a breaker. */
export interface BreakerStats {
  /** Its name. */
  readonly name: string;
  /** Its state. */
  readonly state: BreakerState;
  /** What the trip rule sees: see `CircuitBreaker.counts`. */
  readonly counts: BreakerCounts;
  /** All calls since it was made. */
  readonly calls: BreakerCalls;
  /** How often the state changed, by `"from>to"`. */
  readonly transitions: Readonly<Record<string, number>>;
  /** Milliseconds in each state it has been in. */
  readonly timeInStateMs: Readonly<Partial<Record<BreakerState, number>>>;
  /** Probes under way. */
  readonly probesInFlight: number;
}

/** What another process needs to go on with a breaker; plain JSON. */
export interface BreakerSnapshot {
  /** Its name. */
  readonly name: string;
  /** Its state. */
  readonly state: BreakerState;
  /** For how long it was still to be open, in milliseconds. */
  readonly openForMs: number;
  /** How often in a row it had opened. */
  readonly openings: number;
  /** When this was so, in milliseconds since 1970. */
  readonly atMs: number;
}

/** How to call through a breaker. */
export interface ExecuteOptions {
  /** The caller's own; an error after its abort is excluded, unless it is the signal of a timeout. */
  readonly signal?: AbortSignal | undefined;
}

/** Stops calling what fails, so that it can recover and nobody waits for it. */
export interface CircuitBreaker {
  /** Its name. */
  readonly name: string;
  /** Its state now; to ask is enough to move it on when its time has come. */
  readonly state: BreakerState;
  /**
   * What the trip rule sees: calls since the last change of the state, with a window those in it. Zero
   * while open.
   */
  readonly counts: BreakerCounts;
  /**
   * Milliseconds after which `allow` may let a call through, at the latest; 0 if it would now,
   * `Infinity` while isolated.
   */
  readonly retryAfterMs: number;
  /**
   * Asks for leave to call. Never waits.
   *
   * @throws {BreakerOpenError} While open or isolated
   * @throws {TooManyProbesError} While half-open, if enough probes are under way
   * @throws {RateLimitedError} While the rate is limited
   */
  allow(): Permit;
  /**
   * Calls a function and takes its result. Rejects with what `allow` throws, with what the function
   * throws, or with the signal's reason if it was aborted before.
   */
  execute<T>(
    fn: (signal: AbortSignal | undefined) => T | PromiseLike<T>,
    options?: ExecuteOptions,
  ): Promise<T>;
  /** Holds a state until the answer is released; `isolated` wins over the others, the latest of them. */
  force(state: ForcedState): ForcedHold;
  /** Closes the circuit and ends every forced state; the figures of `stats` stay. */
  reset(): void;
  /** Its figures. */
  stats(): BreakerStats;
  /** What `restore` takes. */
  snapshot(): BreakerSnapshot;
  /**
   * Goes on where another breaker stood; the time since then counts. A forced state is held again: the
   * answer releases it.
   */
  restore(snapshot: BreakerSnapshot): ForcedHold | undefined;
  /** Cancels the timer of `isEager`; the breaker works on without it. */
  [Symbol.dispose](): void;
}
