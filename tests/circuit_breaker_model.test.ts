/**
 * The breaker against the plainest one that does the same: it keeps every result of a phase with its
 * time and counts anew whenever asked. A permit belongs to the phase it was given in.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type BreakerState,
  type CircuitBreakerOptions,
  createCircuitBreaker,
  type ForcedHold,
  type ForcedState,
  type Permit,
  type TripRule,
} from "../src/delivery/circuit_breaker.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

type Kind = "request" | "success" | "failure" | "exclude";

interface Limits {
  readonly trip: Exclude<TripRule, { rule: "custom" }>;
  readonly openMs: number;
  readonly maxProbes: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  readonly probeTimeoutMs: number;
}

/** The time between two changes of the state. */
interface Phase {
  readonly state: BreakerState;
  readonly untilMs: number;
  readonly log: { readonly kind: Kind; readonly atMs: number }[];
  readonly probes: Set<ModelPermit>;
}

interface ModelPermit {
  readonly phase: Phase;
  readonly atMs: number;
  isSettled: boolean;
}

class Model {
  nowMs = 0;
  stale = 0;
  readonly #limits: Limits;
  #phase: Phase = this.#phaseOf("closed", Infinity);
  #holds: ForcedState[] = [];

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  #phaseOf(state: BreakerState, untilMs: number): Phase {
    return { state, untilMs, log: [], probes: new Set() };
  }

  get state(): BreakerState {
    return this.#phase.state;
  }

  get probes(): number {
    return this.#phase.probes.size;
  }

  count(kind: Kind): number {
    return this.#seen().filter((one) => one.kind === kind).length;
  }

  /** What the rule sees, oldest first. */
  #seen(): Phase["log"] {
    const { log, state } = this.#phase;
    const { trip } = this.#limits;
    if (state !== "closed" && state !== "metrics-only") return log;
    if (trip.rule === "time") {
      const segmentMs = (trip.windowMs ?? 0) / (trip.segments ?? 1);
      const segment = (ms: number): number => Math.floor(ms / segmentMs);
      return log.filter(({ atMs }) => segment(this.nowMs) - segment(atMs) < (trip.segments ?? 1));
    }
    if (trip.rule === "consecutive") return log;
    const results = log.filter(({ kind }) => kind === "success" || kind === "failure");
    const last = new Set(results.slice(-(trip.size ?? 0)));
    return log.filter((one) => last.has(one) || !results.includes(one));
  }

  #isTripped(): boolean {
    const { trip } = this.#limits;
    if (trip.rule === "consecutive") {
      const results = this.#seen().filter(({ kind }) => kind === "success" || kind === "failure");
      const failures = trip.failures ?? 6;
      return results.length >= failures &&
        results.slice(-failures).every(({ kind }) => kind === "failure");
    }
    const [successes, failures] = [this.count("success"), this.count("failure")];
    const enough = successes + failures >= (trip.minResults ?? 20);
    return enough && failures / (successes + failures) >= (trip.failureRate ?? 0.5);
  }

  /** Runs time on, one change after the other. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    while (true) {
      const deadlines = [...this.#phase.probes].map(({ atMs }) =>
        atMs + this.#limits.probeTimeoutMs
      );
      const nextMs = Math.min(this.#phase.untilMs, ...deadlines);
      if (nextMs > endMs) break;
      this.nowMs = nextMs;
      if (this.#phase.state === "open") this.#phase = this.#phaseOf("half-open", Infinity);
      else this.#end([...this.#phase.probes][0]!, "failure");
    }
    this.nowMs = endMs;
  }

  allow(): ModelPermit | undefined {
    const { state, probes } = this.#phase;
    if (state === "open" || state === "isolated") return undefined;
    const { maxProbes, successThreshold } = this.#limits;
    const most = Math.max(maxProbes, successThreshold);
    if (state === "half-open") {
      if (probes.size >= maxProbes || this.count("success") + probes.size >= most) return undefined;
    }
    const permit = { phase: this.#phase, atMs: this.nowMs, isSettled: false };
    if (state !== "disabled") this.#phase.log.push({ kind: "request", atMs: this.nowMs });
    if (state === "half-open") probes.add(permit);
    return permit;
  }

  settle(permit: ModelPermit, kind: Kind): void {
    if (permit.isSettled) return;
    permit.isSettled = true;
    const { phase } = permit;
    const isLate = phase !== this.#phase ||
      (phase.state === "half-open" && !phase.probes.has(permit));
    if (isLate) this.stale++;
    else if (phase.state !== "disabled") this.#end(permit, kind);
  }

  #end(permit: ModelPermit, kind: Kind): void {
    const { state, probes, log } = this.#phase;
    probes.delete(permit);
    log.push({ kind, atMs: this.nowMs });
    const { successThreshold, failureThreshold, openMs } = this.#limits;
    const opens = kind === "failure" &&
      (state === "closed" && this.#isTripped() ||
        state === "half-open" && this.count("failure") >= failureThreshold);
    const closes = state === "half-open" && this.count("success") >= successThreshold;
    if (opens) this.#phase = this.#phaseOf("open", this.nowMs + openMs);
    else if (closes) this.#phase = this.#phaseOf("closed", Infinity);
  }

  force(state: ForcedState): void {
    this.#holds.push(state);
    this.#follow();
  }

  release(index: number): void {
    this.#holds.splice(index, 1);
    this.#follow();
  }

  #follow(): void {
    const isolated = this.#holds.find((state) => state === "isolated");
    const state = isolated ?? this.#holds.at(-1) ?? "closed";
    if (state !== this.#phase.state) this.#phase = this.#phaseOf(state, Infinity);
  }

  reset(): void {
    this.#holds = [];
    this.#phase = this.#phaseOf("closed", Infinity);
  }
}

type Step =
  | "allow"
  | "reset"
  | { readonly ms: number }
  | { readonly settle: number; readonly as: Exclude<Kind, "request"> }
  | { readonly force: ForcedState }
  | { readonly release: number };

const outcome = fc.constantFrom("success" as const, "failure" as const, "exclude" as const);
/** Forced states and resets are rare, or little else would be seen. */
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: fc.constant("allow" as const) },
  { weight: 30, arbitrary: fc.record({ settle: fc.nat(), as: outcome }) },
  { weight: 20, arbitrary: fc.record({ ms: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ ms: fc.nat(1000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      force: fc.constantFrom("isolated" as const, "disabled" as const, "metrics-only" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ release: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant("reset" as const) },
);

const small = fc.integer({ min: 1, max: 3 });
const failureRate = fc.constantFrom(0.25, 0.5, 0.6, 1);
const trip: fc.Arbitrary<Limits["trip"]> = fc.oneof(
  fc.record({ rule: fc.constant("consecutive" as const), failures: small }),
  fc.record({
    rule: fc.constant("count" as const),
    size: fc.integer({ min: 3, max: 5 }),
    minResults: small,
    failureRate,
  }),
  fc.record({
    rule: fc.constant("time" as const),
    windowMs: fc.constant(60),
    segments: small,
    minResults: small,
    failureRate,
  }),
);
const limits: fc.Arbitrary<Limits> = fc.record({
  trip,
  openMs: fc.integer({ min: 0, max: 50 }),
  maxProbes: small,
  successThreshold: small,
  failureThreshold: small,
  probeTimeoutMs: fc.integer({ min: 1, max: 50 }),
});

/** The breaker and the model side by side. */
class Pair {
  readonly #clock = fakeClock();
  readonly #model: Model;
  readonly #breaker;
  readonly #permits: { readonly real: Permit; readonly model: ModelPermit }[] = [];
  #holds: ForcedHold[] = [];
  readonly #events: string[] = [];

  constructor(options: CircuitBreakerOptions & Limits, isEager: boolean) {
    this.#model = new Model(options);
    const onStateChange = ({ from, to }: { from: string; to: string }): void => {
      this.#events.push(from, to);
    };
    this.#breaker = createCircuitBreaker({
      ...options,
      isEager,
      clock: this.#clock,
      onStateChange,
    });
  }

  async apply(step: Step): Promise<void> {
    // An open time of 0 is over at once.
    this.#model.advance(0);
    if (step === "allow") this.#allow();
    else if (step === "reset") {
      this.#breaker.reset();
      this.#model.reset();
      this.#holds = [];
    } else if ("ms" in step) {
      this.#model.advance(step.ms);
      await this.#clock.advance(step.ms);
    } else if ("settle" in step) this.#settle(step.settle, step.as);
    else if ("force" in step) {
      this.#holds.push(this.#breaker.force(step.force));
      this.#model.force(step.force);
    } else if (this.#holds.length > 0) {
      const index = step.release % this.#holds.length;
      this.#holds.splice(index, 1)[0]?.release();
      this.#model.release(index);
    }
  }

  #allow(): void {
    const model = this.#model.allow();
    if (model === undefined) return void assert.throws(() => this.#breaker.allow());
    this.#permits.push({ real: this.#breaker.allow(), model });
  }

  #settle(which: number, as: Exclude<Kind, "request">): void {
    // Mostly one of the last, so that not every result is late.
    const permit = this.#permits[this.#permits.length - 1 - which % 5];
    permit?.real[as]();
    if (permit !== undefined) this.#model.settle(permit.model, as);
  }

  check(): void {
    const { state, counts, calls, probesInFlight } = this.#breaker.stats();
    const model = this.#model;
    model.advance(0);
    assert.equal(state, model.state);
    assert.equal(counts.requests, model.count("request"));
    assert.equal(counts.successes, model.count("success"));
    assert.equal(counts.failures, model.count("failure"));
    assert.equal(counts.exclusions, model.count("exclude"));
    assert.equal(calls.stale, model.stale);
    assert.equal(probesInFlight, model.probes);
    this.#checkEvents(state);
  }

  /** Each event begins where the last one ended; the last one ends here. */
  #checkEvents(state: BreakerState): void {
    const chain = ["closed", ...this.#events, state];
    for (let i = 0; i < chain.length; i += 2) assert.equal(chain[i], chain[i + 1]);
  }

  end(): void {
    this.#breaker[Symbol.dispose]();
    assert.equal(this.#clock.pending, 0, "A timer stays behind");
  }
}

for (const isEager of [false, true]) {
  test(`the breaker does what the model does${isEager ? ", with a timer" : ""}`, async () => {
    const steps = fc.array(step, { maxLength: 80, size: "max" });
    const asks = fc.boolean();
    await fc.assert(
      fc.asyncProperty(limits, steps, asks, async (options, all, asksOften) => {
        const pair = new Pair(options, isEager);
        for (const one of all) {
          await pair.apply(one);
          // Without a look in between the changes that time brings pile up.
          if (asksOften) pair.check();
        }
        pair.check();
        pair.end();
      }),
      { numRuns: 300 },
    );
  });
}
