/** The cases of `cases/pool.json`, each on a clock that is moved by hand. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createPool, type Pool } from "../src/delivery/pool.ts";
import type { JobContext, JobOptions } from "../src/delivery/pool_job.ts";
import type { PoolOptions } from "../src/delivery/pool_options.ts";
import { type FakeClock, fakeClock } from "../src/testing/fake_clock.ts";
import { assertPoolAccounted } from "./support/pool_accounting.ts";

/** A job of a case: it runs for `runMs` or until a step ends it, and heeds its signal when told so. */
interface JobSpec extends Omit<JobOptions, "signal"> {
  readonly id: string;
  readonly runMs?: number;
  readonly heeds?: boolean;
  /** Fails this often before it succeeds, trying again within the job, each try taking `runMs`. */
  readonly retries?: number;
}

type Step =
  | { readonly submit: JobSpec }
  | { readonly post: JobSpec; readonly accepted: boolean }
  | { readonly end: string }
  | { readonly fail: string }
  | { readonly abort: string }
  | { readonly advanceMs: number }
  | { readonly resize: number }
  | { readonly call: "stop" | "drain" | "close" }
  | {
    readonly want: {
      /** Calls of the jobs' functions so far, in order. */
      readonly calls?: readonly string[];
      /** What the promises of jobs came to, and the reports of `drain` and `close`. */
      readonly outcomes?: Readonly<Record<string, unknown>>;
      /** Some of the figures. */
      readonly stats?: Readonly<Record<string, unknown>>;
      /** The most jobs that ever ran at once. */
      readonly most?: number;
      /** Timers that are set. */
      readonly timers?: number;
    };
  };

interface Case {
  readonly name: string;
  readonly options: PoolOptions;
  /** What `random` answers, over and over. */
  readonly random?: readonly number[];
  readonly steps: readonly Step[];
}

class Play {
  readonly clock: FakeClock = fakeClock();
  readonly pool: Pool;
  readonly calls: string[] = [];
  readonly outcomes: Record<string, unknown> = {};
  readonly #ends = new Map<string, (error?: Error) => void>();
  readonly #aborts = new Map<string, AbortController>();
  #running = 0;
  most = 0;

  constructor({ options, random = [0] }: Case) {
    let at = 0;
    const next = (): number => random[at++ % random.length]!;
    this.pool = createPool({ ...options, clock: this.clock, random: next, onWarn: () => {} });
  }

  #work(spec: JobSpec): (context: JobContext) => Promise<string> {
    return async ({ signal }) => {
      this.most = Math.max(this.most, ++this.#running);
      try {
        for (let tries = spec.retries ?? 0; tries >= 0; tries--) {
          this.calls.push(spec.id);
          await this.#run(spec, signal);
        }
        return spec.id;
      } finally {
        this.#running--;
      }
    };
  }

  #run({ id, runMs, heeds }: JobSpec, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ends.set(id, (error) => error === undefined ? resolve() : reject(error));
      if (runMs !== undefined) this.clock.setTimer(resolve, runMs);
      if (heeds) signal.addEventListener("abort", () => reject(signal.reason));
    });
  }

  #options({ id, runMs: _, heeds: __, retries: ___, ...rest }: JobSpec): JobOptions {
    const controller = new AbortController();
    this.#aborts.set(id, controller);
    return { ...rest, signal: controller.signal };
  }

  #note(id: string, promise: Promise<unknown>): void {
    promise.then(
      (value) => this.outcomes[id] = value,
      (error) => this.outcomes[id] = error instanceof Error ? error.name : error,
    );
  }

  async step(step: Step): Promise<void> {
    const { pool } = this;
    if ("submit" in step) {
      this.#note(step.submit.id, pool.submit(this.#work(step.submit), this.#options(step.submit)));
    } else if ("post" in step) {
      assert.equal(pool.post(this.#work(step.post), this.#options(step.post)), step.accepted);
    } else if ("end" in step) this.#ends.get(step.end)!();
    else if ("fail" in step) this.#ends.get(step.fail)!(new Error("failed"));
    else if ("abort" in step) this.#aborts.get(step.abort)!.abort(`abort of ${step.abort}`);
    else if ("advanceMs" in step) await this.clock.advance(step.advanceMs);
    else if ("resize" in step) pool.resize(step.resize);
    else if ("call" in step) this.#call(step.call);
    else this.#check(step.want);
    if (!("want" in step)) await this.clock.advance(0);
  }

  #call(name: "stop" | "drain" | "close"): void {
    if (name === "stop") this.pool.stop();
    else this.#note(name, this.pool[name]());
  }

  #check(want: Extract<Step, { want: unknown }>["want"]): void {
    const { calls, outcomes, stats, most, timers } = want;
    if (calls !== undefined) assert.deepEqual(this.calls, calls);
    if (outcomes !== undefined) assert.deepEqual(this.outcomes, outcomes);
    if (most !== undefined) assert.equal(this.most, most);
    if (timers !== undefined) assert.equal(this.clock.pending, timers);
    const figures = this.pool.stats();
    for (const [name, value] of Object.entries(stats ?? {})) {
      assert.deepEqual(figures[name as keyof typeof figures], value, name);
    }
    assertPoolAccounted(figures);
  }
}

const cases: Case[] = JSON.parse(
  readFileSync(new URL("./cases/pool.json", import.meta.url), "utf8"),
);

for (const one of cases) {
  test(`pool: ${one.name}`, async () => {
    const play = new Play(one);
    for (const [index, step] of one.steps.entries()) {
      try {
        await play.step(step);
      } catch (error) {
        throw new Error(`step ${index + 1}, ${JSON.stringify(step)}`, { cause: error });
      }
    }
    void play.pool.close();
    await play.clock.advance(60_000);
    assertPoolAccounted(play.pool.stats());
  });
}
