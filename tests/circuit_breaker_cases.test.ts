/**
 * The cases of tests/cases/circuit_breaker.json, each with and without a timer: the outcome is the same.
 * `run` lets calls through and ends each as its letter says: Success, Failure, eXclusion.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  type CircuitBreaker,
  type CircuitBreakerOptions,
  createCircuitBreaker,
  type ForcedHold,
  type ForcedState,
  type Permit,
} from "../src/delivery/circuit_breaker.ts";
import { backoff } from "../src/delivery/backoff.ts";
import { type FakeClock, fakeClock } from "../src/testing/fake_clock.ts";

interface Expected {
  readonly state?: string;
  /** requests, successes, failures, exclusions, consecutive successes, consecutive failures */
  readonly counts?: readonly number[];
  /** null stands for Infinity. */
  readonly retryAfterMs?: number | null;
  readonly probesInFlight?: number;
  readonly calls?: Readonly<Record<string, number>>;
  /** Those since they were last looked at. */
  readonly events?: readonly string[];
}

type Outcome = "success" | "failure" | "exclude" | "dispose";

type Step =
  | readonly ["run", string]
  | readonly ["advance", number]
  | readonly ["allow", string]
  | readonly ["settle", string, Outcome, number?]
  | readonly ["refused", string]
  | readonly ["force", ForcedState, string]
  | readonly ["release", string]
  | readonly ["reset"]
  | readonly ["is", Expected];

interface BreakerCase {
  readonly name: string;
  readonly options?: CircuitBreakerOptions;
  readonly openMs?: readonly number[];
  readonly throwingListener?: boolean;
  readonly steps: readonly Step[];
}

const CASES = JSON.parse(
  readFileSync(new URL("./cases/circuit_breaker.json", import.meta.url), "utf8"),
) as BreakerCase[];

const OUTCOMES: Readonly<Record<string, Outcome>> = { S: "success", F: "failure", X: "exclude" };

function settle(permit: Permit | undefined, outcome: Outcome | undefined, retryAfterMs?: number) {
  assert.ok(permit !== undefined && outcome !== undefined);
  if (outcome === "success") permit.success();
  else if (outcome === "exclude") permit.exclude();
  else if (outcome === "dispose") permit[Symbol.dispose]();
  else permit.failure(retryAfterMs === undefined ? undefined : { retryAfterMs });
}

function check(breaker: CircuitBreaker, events: string[], want: Expected, at: string): void {
  const { state, counts, calls, probesInFlight } = breaker.stats();
  const { retryAfterMs } = breaker;
  if (want.state !== undefined) assert.equal(state, want.state, at);
  if (want.counts !== undefined) {
    const { requests, successes, failures, exclusions } = counts;
    const { consecutiveSuccesses, consecutiveFailures } = counts;
    const all = [requests, successes, failures, exclusions];
    assert.deepEqual([...all, consecutiveSuccesses, consecutiveFailures], want.counts, at);
  }
  if (want.retryAfterMs !== undefined) {
    const wanted = want.retryAfterMs ?? Infinity;
    assert.ok(
      retryAfterMs === wanted || Math.abs(retryAfterMs - wanted) < 0.01,
      `${retryAfterMs} ${at}`,
    );
  }
  if (want.probesInFlight !== undefined) assert.equal(probesInFlight, want.probesInFlight, at);
  assert.deepEqual({ ...calls, ...want.calls }, calls, at);
  if (want.events !== undefined) assert.deepEqual(events.splice(0), want.events, at);
}

class Interpreter {
  readonly #clock: FakeClock = fakeClock();
  readonly #events: string[] = [];
  readonly #permits = new Map<string, Permit>();
  readonly #holds = new Map<string, ForcedHold>();
  readonly #breaker: CircuitBreaker;

  constructor(given: BreakerCase, isEager: boolean) {
    this.#breaker = createCircuitBreaker({
      ...given.options,
      ...(given.openMs === undefined ? {} : { openMs: backoff.list(given.openMs) }),
      isEager,
      clock: this.#clock,
      onStateChange: ({ from, to, reason }) => {
        this.#events.push(`${from}>${to} ${reason}`);
        if (given.throwingListener) throw new Error("listener");
      },
    });
  }

  async step(step: Step, at: string): Promise<void> {
    const breaker = this.#breaker;
    if (step[0] === "run") {
      for (const letter of step[1]) settle(breaker.allow(), OUTCOMES[letter]);
    } else if (step[0] === "advance") await this.#clock.advance(step[1]);
    else if (step[0] === "allow") this.#permits.set(step[1], breaker.allow());
    else if (step[0] === "settle") settle(this.#permits.get(step[1]), step[2], step[3]);
    else if (step[0] === "refused") assert.throws(() => breaker.allow(), { name: step[1] }, at);
    else if (step[0] === "force") this.#holds.set(step[2], breaker.force(step[1]));
    else if (step[0] === "release") this.#holds.get(step[1])?.release();
    else if (step[0] === "reset") breaker.reset();
    else check(breaker, this.#events, step[1], at);
  }

  end(): void {
    this.#breaker[Symbol.dispose]();
    assert.equal(this.#clock.pending, 0, "A timer stays behind");
  }
}

for (const given of CASES) {
  for (const isEager of [false, true]) {
    test(`circuit breaker: ${given.name}${isEager ? " (eager)" : ""}`, async () => {
      const interpreter = new Interpreter(given, isEager);
      const { error } = console;
      if (given.throwingListener) console.error = () => {};
      try {
        for (const [i, step] of given.steps.entries()) {
          await interpreter.step(step, `at step ${i}: ${JSON.stringify(step)}`);
        }
      } finally {
        console.error = error;
      }
      interpreter.end();
    });
  }
}
