import { MAX_DELAY_MS } from "./backoff.ts";
import type {
  BreakerChangeReason,
  BreakerSnapshot,
  BreakerState,
  BreakerStats,
  CircuitBreaker,
  ExecuteOptions,
  ForcedHold,
  ForcedState,
  Permit,
} from "./circuit_breaker_contract.ts";
import { type BreakerCounts, type CallTally, PlainTally } from "./circuit_breaker_counts.ts";
import {
  BreakerOpenError,
  RateLimitedError,
  TooManyProbesError,
} from "./circuit_breaker_errors.ts";
import { ChangeTeller } from "./circuit_breaker_events.ts";
import { ForcedStates } from "./circuit_breaker_forced.ts";
import { BreakerLedger } from "./circuit_breaker_ledger.ts";
import type { BreakerSettings, BreakerVerdict } from "./circuit_breaker_options.ts";
import { IssuedPermit, type PermitIssuer } from "./circuit_breaker_permit.ts";
import { Probes } from "./circuit_breaker_probes.ts";
import { Ramp } from "./circuit_breaker_ramp.ts";
import { createTrip, type Trip } from "./circuit_breaker_trip.ts";

const FORCED_STATES: readonly BreakerState[] = ["isolated", "disabled", "metrics-only"];

/**
 * The states and how they change. Each change begins a new generation, and permits carry theirs: a late
 * result of an older one cannot reach the present state (the idea is sony/gobreaker's). Time is looked
 * at when somebody asks, and a change that was due before bears the time when it was due, so that the
 * outcome does not depend on who asks when, nor on whether a timer runs.
 */
export class BreakerMachine implements CircuitBreaker, PermitIssuer {
  readonly name: string;
  readonly #settings: BreakerSettings;
  readonly #trip: Trip;
  readonly #probes: Probes;
  readonly #ramp: Ramp | undefined;
  readonly #ledger: BreakerLedger;
  readonly #teller: ChangeTeller;
  readonly #forced: ForcedStates = new ForcedStates(() => this.#follow("released"));
  /** Counts where the trip rule does not: half-open; zero in the states that count nothing. */
  readonly #plain = new PlainTally();
  #tally: CallTally;
  #state: BreakerState = "closed";
  #generation = 0;
  /** Whether calls pass without a look at the clock: the rule, and so the fast way. */
  #isFree = true;
  #openUntilMs = 0;
  /** Times it opened in a row without closing between them, and for how long the last time. */
  #openings = 0;
  #openForMs: number | undefined;
  #cancelTimer: (() => void) | undefined;
  #isEager: boolean;

  constructor(settings: BreakerSettings) {
    this.name = settings.name;
    this.#settings = settings;
    this.#trip = createTrip(settings.trip, settings.clock);
    this.#tally = this.#trip.tally;
    this.#probes = new Probes(settings);
    this.#ramp = settings.ramp && new Ramp(settings.ramp);
    this.#ledger = new BreakerLedger(settings.clock.monotonic());
    this.#teller = new ChangeTeller(settings.onStateChange);
    this.#isEager = settings.isEager;
  }

  get state(): BreakerState {
    this.#advance();
    return this.#state;
  }

  get counts(): BreakerCounts {
    this.#advance();
    return this.#tally.counts;
  }

  get retryAfterMs(): number {
    const nowMs = this.#advance();
    if (this.#state === "isolated") return Infinity;
    if (this.#state === "open") return this.#openUntilMs - nowMs;
    if (this.#state === "half-open" && !this.#probes.hasRoom) {
      return this.#probes.nextDeadlineMs - nowMs;
    }
    return this.#isFree ? 0 : this.#ramp?.waitMs(nowMs) ?? 0;
  }

  allow(): Permit {
    return this.#issue();
  }

  async execute<T>(
    fn: (signal: AbortSignal | undefined) => T | PromiseLike<T>,
    options?: ExecuteOptions,
  ): Promise<T> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const permit = this.#issue();
    let result: T;
    try {
      result = await fn(signal);
    } catch (error) {
      if (isCallersAbort(signal)) permit.exclude();
      else permit.threw(error);
      throw error;
    }
    permit.success();
    return result;
  }

  #issue(): IssuedPermit {
    if (!this.#isFree) this.#admit();
    const permit = new IssuedPermit(this, this.#generation);
    if (this.#state !== "disabled") this.#tally.request();
    if (this.#state === "half-open") {
      this.#probes.add(permit, this.#settings.clock.monotonic());
      this.#setTimer();
    }
    return permit;
  }

  /** Throws if there is no leave to call now. */
  #admit(): void {
    const nowMs = this.#advance();
    const { calls } = this.#ledger;
    if (this.#state === "open" || this.#state === "isolated") {
      calls.rejectedOpen++;
      throw new BreakerOpenError(this.name, this.retryAfterMs);
    }
    if (this.#state === "half-open" && !this.#probes.hasRoom) {
      calls.rejectedProbe++;
      throw new TooManyProbesError(this.name);
    }
    // The last, so that a call that is refused anyway takes no token.
    const waitMs = this.#isFree ? 0 : this.#ramp?.take(nowMs) ?? 0;
    if (waitMs > 0) {
      calls.rejectedRate++;
      throw new RateLimitedError(this.name, waitMs);
    }
  }

  succeeded(permit: IssuedPermit): void {
    if (!this.#takes(permit)) return;
    this.#ledger.calls.success++;
    this.#tally.success();
    if (this.#state !== "half-open") return;
    if (this.#probes.succeeded(permit)) this.#become("closed", "probe_succeeded", this.#now());
    else this.#setTimer();
  }

  failed(permit: IssuedPermit, error: unknown): void {
    if (!this.#takes(permit)) return;
    this.#ledger.calls.failure++;
    this.#tally.failure();
    if (this.#state === "half-open") {
      if (this.#probes.failed(permit)) this.#open("probe_failed", this.#now(), error);
      else this.#setTimer();
    } else if (this.#state === "closed" && this.#trip.isTripped()) {
      this.#open("tripped", this.#now(), error);
    }
  }

  excluded(permit: IssuedPermit): void {
    if (!this.#takes(permit)) return;
    this.#ledger.calls.excluded++;
    this.#tally.exclusion();
    if (this.#state !== "half-open") return;
    this.#probes.excluded(permit);
    this.#setTimer();
  }

  threw(permit: IssuedPermit, error: unknown): void {
    const verdict = this.#judge(permit, error);
    if (verdict === "failure") this.failed(permit, error);
    else if (verdict === "success") this.succeeded(permit);
    else this.excluded(permit);
  }

  #judge(permit: IssuedPermit, error: unknown): BreakerVerdict {
    try {
      return this.#settings.classify(error);
    } catch (thrown) {
      // The call has failed anyhow, and a probe must give its place back.
      this.failed(permit, error);
      throw thrown;
    }
  }

  /** Whether a result belongs to the present state and is counted in it. */
  #takes(permit: IssuedPermit): boolean {
    if (this.#state === "half-open") this.#advance();
    const isStale = permit.generation !== this.#generation ||
      (this.#state === "half-open" && !this.#probes.has(permit));
    if (isStale) this.#ledger.calls.stale++;
    return !isStale && this.#state !== "disabled";
  }

  #now(): number {
    return this.#settings.clock.monotonic();
  }

  /** Makes the changes that time has brought since somebody last looked. */
  #advance(): number {
    const nowMs = this.#now();
    if (this.#isFree) return nowMs;
    while (true) {
      if (this.#state === "open" && nowMs >= this.#openUntilMs) {
        this.#become("half-open", "open_over", this.#openUntilMs);
      } else if (this.#state === "half-open" && nowMs >= this.#probes.nextDeadlineMs) {
        this.#expireProbe(this.#probes.nextDeadlineMs);
      } else break;
    }
    if (this.#state === "closed" && this.#ramp?.isOver(nowMs) !== false) this.#isFree = true;
    return nowMs;
  }

  #expireProbe(atMs: number): void {
    this.#ledger.calls.failure++;
    this.#tally.failure();
    if (this.#probes.expireOldest()) this.#open("probe_timed_out", atMs, undefined);
  }

  #open(reason: BreakerChangeReason, atMs: number, error: unknown): void {
    this.#openings++;
    this.#openForMs = this.#settings.openMsAfter(this.#openings, this.#openForMs);
    const askedMs = Math.min(this.#settings.maxRetryAfterMs, retryAfterOf(error));
    this.#openUntilMs = atMs + Math.max(this.#openForMs, askedMs);
    this.#become("open", reason, atMs);
  }

  /** The last step of whatever changes the state, since listeners may come in again from here. */
  #become(to: BreakerState, reason: BreakerChangeReason, atMs: number): void {
    const from = this.#state;
    const { counts } = this.#tally;
    this.#generation++;
    this.#state = to;
    this.#ledger.moved(from, to, atMs);
    this.#begin(to, from === "half-open", atMs);
    const { clock } = this.#settings;
    const since = clock.monotonic() - atMs;
    const { name } = this;
    this.#teller.tell({ name, from, to, reason, counts, atMs: clock.now() - since });
  }

  #begin(state: BreakerState, isRecovery: boolean, atMs: number): void {
    this.#plain.clear();
    this.#trip.tally.clear();
    this.#probes.clear();
    const counts = state === "closed" || state === "metrics-only";
    this.#tally = counts ? this.#trip.tally : this.#plain;
    const isRamping = state === "closed" && isRecovery && this.#ramp !== undefined;
    if (state === "half-open") this.#ramp?.hold(atMs);
    if (isRamping) this.#ramp?.rise(atMs);
    if (state === "closed") {
      this.#openings = 0;
      this.#openForMs = undefined;
    }
    this.#isFree = (counts || state === "disabled") && !isRamping;
    this.#setTimer();
  }

  /** Eager only: a timer for the next change that time brings. */
  #setTimer(): void {
    if (!this.#isEager) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const dueMs = this.#state === "open"
      ? this.#openUntilMs
      : this.#state === "half-open"
      ? this.#probes.nextDeadlineMs
      : Infinity;
    if (dueMs === Infinity) return;
    // Rounded up, and set again if a timer comes early.
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(1, Math.ceil(dueMs - this.#now())));
    this.#cancelTimer = this.#settings.clock.setTimer(() => {
      this.#advance();
      this.#setTimer();
    }, delayMs);
  }

  force(state: ForcedState): ForcedHold {
    return this.#hold(state, "forced");
  }

  #hold(state: ForcedState, reason: BreakerChangeReason): ForcedHold {
    this.#advance();
    const hold = this.#forced.add(state);
    this.#follow(reason);
    return hold;
  }

  /** Goes to the forced state that counts now, or closes if there is none any more. */
  #follow(reason: BreakerChangeReason): void {
    const state = this.#forced.present ?? "closed";
    if (state !== this.#state) this.#become(state, reason, this.#now());
  }

  reset(): void {
    this.#advance();
    this.#forced.clear();
    if (this.#state !== "closed") return this.#become("closed", "reset", this.#now());
    this.#generation++;
    this.#begin("closed", false, this.#now());
  }

  stats(): BreakerStats {
    const nowMs = this.#advance();
    return {
      name: this.name,
      state: this.#state,
      counts: this.#tally.counts,
      calls: { ...this.#ledger.calls },
      transitions: this.#ledger.transitions,
      timeInStateMs: this.#ledger.timeInStateMs(this.#state, nowMs),
      probesInFlight: this.#probes.inFlight,
    };
  }

  snapshot(): BreakerSnapshot {
    const nowMs = this.#advance();
    const openForMs = this.#state === "open" ? this.#openUntilMs - nowMs : 0;
    const { name } = this;
    const atMs = this.#settings.clock.now();
    return { name, state: this.#state, openForMs, openings: this.#openings, atMs };
  }

  restore(snapshot: BreakerSnapshot): ForcedHold | undefined {
    const { state } = snapshot;
    this.#advance();
    this.#forced.clear();
    if (FORCED_STATES.includes(state)) return this.#hold(state as ForcedState, "restored");
    if (state === "closed") this.#follow("restored");
    else if (state === "open" || state === "half-open") this.#reopen(snapshot);
    else {
      throw new RangeError(
        `Cannot restore breaker "${this.name}" to the state ${
          JSON.stringify(state)
        }: allowed are ` +
          `"closed", "open", "half-open" and ${FORCED_STATES.map((one) => `"${one}"`).join(", ")}`,
      );
    }
    return undefined;
  }

  /** The system's clock may have jumped meanwhile: never open for longer than it was to be. */
  #reopen({ openForMs, openings, atMs }: BreakerSnapshot): void {
    const leftMs = openForMs - Math.max(0, this.#settings.clock.now() - atMs);
    const nowMs = this.#now();
    this.#openUntilMs = nowMs + (leftMs > 0 ? leftMs : 0);
    this.#openings = openings;
    this.#become("open", "restored", nowMs);
  }

  [Symbol.dispose](): void {
    this.#isEager = false;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

/** A timeout tells of the destination, even if it came by the caller's signal. */
function isCallersAbort(signal: AbortSignal | undefined): boolean {
  if (signal?.aborted !== true) return false;
  return (signal.reason as { name?: unknown } | undefined)?.name !== "TimeoutError";
}

function retryAfterOf(error: unknown): number {
  const { retryAfterMs } = (error ?? {}) as { retryAfterMs?: unknown };
  return typeof retryAfterMs === "number" && retryAfterMs > 0 ? retryAfterMs : 0;
}
