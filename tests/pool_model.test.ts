/** The pool against a plain model of it, after every step. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createPool, type Pool } from "../src/delivery/pool.ts";
import { POOL_POLICIES } from "../src/delivery/pool_overflow.ts";
import { type FakeClock, fakeClock } from "../src/testing/fake_clock.ts";
import { assertPoolAccounted } from "./support/pool_accounting.ts";
import { type ModelBounds, type ModelJob, PoolModel } from "./support/pool_model.ts";

interface JobStep {
  readonly isSubmit: boolean;
  readonly key: number | undefined;
  readonly heeds: boolean;
  readonly timeoutMs: number | undefined;
  readonly roomTimeoutMs: number | undefined;
}

type Step =
  | { readonly offer: JobStep }
  /** Jobs offered in one turn; after each one, one of them may be aborted. */
  | { readonly burst: readonly { readonly job: JobStep; readonly abort: number | undefined }[] }
  | { readonly end: number; readonly fails: boolean }
  | { readonly abort: number }
  | { readonly resize: number }
  | { readonly advanceMs: number }
  | "stop";

/** A job of the pool as the outside sees it. */
interface Real {
  readonly controller: AbortController;
  end: ((error?: Error) => void) | undefined;
  outcome: string;
}

const few = fc.integer({ min: 0, max: 3 });
const bounds: fc.Arbitrary<ModelBounds> = fc.record({
  size: fc.integer({ min: 1, max: 4 }),
  maxQueued: few,
  maxBlocked: few,
  maxLeaked: few,
  graceMs: fc.integer({ min: 1, max: 30 }),
  sampleEvery: fc.integer({ min: 1, max: 3 }),
  overflow: fc.constantFrom(...POOL_POLICIES),
});
const job: fc.Arbitrary<JobStep> = fc.record({
  isSubmit: fc.boolean(),
  key: fc.option(fc.nat(2), { nil: undefined }),
  heeds: fc.boolean(),
  timeoutMs: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
  roomTimeoutMs: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
});
const burst = fc.array(fc.record({ job, abort: fc.option(fc.nat(5), { nil: undefined }) }), {
  minLength: 1,
  maxLength: 5,
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ offer: job }), weight: 12 },
  { arbitrary: fc.record({ burst }), weight: 2 },
  { arbitrary: fc.record({ end: fc.nat(9), fails: fc.boolean() }), weight: 8 },
  { arbitrary: fc.record({ abort: fc.nat(30) }), weight: 1 },
  { arbitrary: fc.record({ resize: fc.integer({ min: 1, max: 5 }) }), weight: 1 },
  { arbitrary: fc.record({ advanceMs: fc.integer({ min: 1, max: 40 }) }), weight: 4 },
  { arbitrary: fc.constant("stop" as const), weight: 1 },
);

class Run {
  readonly clock: FakeClock = fakeClock();
  readonly pool: Pool;
  readonly model: PoolModel;
  readonly started: number[] = [];
  readonly real: Real[] = [];
  readonly #bounds: ModelBounds;
  #underWay = 0;

  constructor(bounds: ModelBounds) {
    this.#bounds = bounds;
    const quiet = { onWarn: () => {}, random: () => 0, clock: this.clock };
    this.pool = createPool({ ...bounds, ...quiet });
    this.model = new PoolModel(bounds);
  }

  async step(step: Step): Promise<void> {
    // No two steps happen at the same time, so that no two deadlines do.
    await this.advance(2 ** -10);
    if (step === "stop") {
      this.model.stop();
      this.pool.stop();
    } else if ("offer" in step) this.#offer(step.offer);
    else if ("burst" in step) this.#burst(step.burst);
    else if ("end" in step) this.#end(step);
    else if ("abort" in step) this.#abort(step.abort);
    else if ("resize" in step) {
      this.model.resize(step.resize);
      this.pool.resize(step.resize);
    } else await this.advance(step.advanceMs);
    this.model.flush();
    await this.clock.advance(0);
    this.#compare();
  }

  #burst(burst: Extract<Step, { burst: unknown }>["burst"]): void {
    const first = this.real.length;
    for (const { job, abort } of burst) {
      this.#offer(job);
      const age = this.real.length - first;
      if (abort !== undefined) this.#abort(first + abort % age);
    }
  }

  async advance(ms: number): Promise<void> {
    this.model.advance(ms);
    await this.clock.advance(ms);
  }

  #offer({ isSubmit, key, heeds, timeoutMs = Infinity, roomTimeoutMs = Infinity }: JobStep): void {
    const id = this.real.length;
    // Times of their own, so that no two jobs are due at once.
    const own = (ms: number, part: number): number =>
      ms === 0 ? 0 : ms + (2 * id + part) * 2 ** -20;
    const job: ModelJob = {
      id,
      key,
      isSubmit,
      heeds,
      timeoutMs: own(timeoutMs, 0),
      roomTimeoutMs: own(roomTimeoutMs, 1),
      state: "new",
      outcome: undefined,
      deadline: Infinity,
    };
    const real: Real = { controller: new AbortController(), end: undefined, outcome: "" };
    this.real.push(real);
    const accepted = this.model.offer(job);
    const options = {
      signal: real.controller.signal,
      timeoutMs: job.timeoutMs,
      roomTimeoutMs: job.roomTimeoutMs,
      ...(key === undefined ? {} : { key }),
    };
    if (isSubmit) this.#note(real, this.pool.submit(this.#work(job, real), options));
    else assert.equal(this.pool.post(this.#work(job, real), options), accepted);
  }

  #work(job: ModelJob, real: Real): (context: { readonly signal: AbortSignal }) => Promise<string> {
    return async ({ signal }) => {
      this.started.push(job.id);
      this.#underWay++;
      try {
        return await new Promise<string>((resolve, reject) => {
          real.end = (error) => error === undefined ? resolve("") : reject(error);
          if (job.heeds) signal.addEventListener("abort", () => reject(signal.reason));
        });
      } finally {
        this.#underWay--;
      }
    };
  }

  #note(real: Real, promise: Promise<unknown>): void {
    promise.then(
      () => real.outcome = "succeeded",
      (error) => real.outcome = error instanceof Error ? error.name : String(error),
    );
  }

  #end({ end, fails }: { readonly end: number; readonly fails: boolean }): void {
    const underWay = this.model.in("running", "settling", "leaked");
    const job = underWay[end % underWay.length];
    if (job === undefined) return;
    this.model.end(job, fails ? "failed" : "succeeded");
    this.real[job.id]!.end!(fails ? new Error("failed") : undefined);
  }

  #abort(index: number): void {
    const job = this.model.jobs[index % this.model.jobs.length];
    if (job === undefined) return;
    this.model.abort(job, "aborted");
    this.real[job.id]!.controller.abort("aborted");
  }

  #compare(): void {
    const { model, pool } = this;
    assert.deepEqual(this.started, model.started);
    for (const [id, { outcome }] of this.real.entries()) {
      const job = model.jobs[id]!;
      if (job.isSubmit) assert.equal(outcome, SEEN_AS[job.outcome ?? ""], `outcome of ${id}`);
    }
    const stats = pool.stats();
    assertPoolAccounted(stats);
    assert.deepEqual(figuresOf(stats), modelFiguresOf(model));
    const leaked = model.in("leaked").length;
    assert.equal(this.#underWay, model.in("running", "settling", "leaked").length);
    assert.ok(this.#underWay - leaked <= Math.max(pool.size, this.#mostBefore));
    this.#mostBefore = this.#underWay - leaked;
  }

  /** After the pool was made smaller, those under way may be more than its size, but no more start. */
  #mostBefore = 0;

  async close(): Promise<void> {
    const closing = this.pool.close();
    this.model.stop();
    for (const job of this.model.in("queued")) this.model.abort(job, "closed");
    for (const job of this.model.in("running")) this.model.abort(job, "closed");
    await this.clock.advance(this.#bounds.graceMs);
    const { idle } = await closing;
    assert.equal(idle, true);
    assert.equal(this.clock.pending, 0, "no timer is left behind");
    const { leaked } = this.pool.stats();
    for (const { end } of this.real) end?.();
    await this.clock.advance(0);
    assert.ok(leaked <= this.real.length);
    assertPoolAccounted(this.pool.stats());
    const { running, settling, queued, blocked, keys, idle: free, size } = this.pool.stats();
    assert.deepEqual([running, settling, queued, blocked, keys, free], [0, 0, 0, 0, 0, size]);
    assert.equal(this.pool.stats().leaked, 0);
    for (const [id, { outcome }] of this.real.entries()) {
      if (this.model.jobs[id]!.isSubmit) assert.notEqual(outcome, "", `job ${id} has an outcome`);
    }
  }
}

/** What the promise of a job with this outcome comes to. */
const SEEN_AS: Readonly<Record<string, string>> = {
  "": "",
  succeeded: "succeeded",
  failed: "Error",
  timedOut: "JobTimeoutError",
  aborted: "aborted",
  canceled: "aborted",
  evicted: "JobDroppedError",
  full: "PoolFullError",
  closed: "PoolClosedError",
};

function figuresOf(stats: ReturnType<Pool["stats"]>): Record<string, number> {
  const { queued, blocked, running, settling, leaked, idle } = stats;
  const { succeeded, failed, timedOut, canceled, evicted, refused } = stats;
  const { full, closed } = refused;
  const gauges = { queued, blocked, running, settling, leaked, idle };
  const aborted = stats.aborted + refused.aborted;
  return { ...gauges, succeeded, failed, timedOut, aborted, canceled, evicted, full, closed };
}

function modelFiguresOf(model: PoolModel): Record<string, number> {
  const gauges = ["queued", "blocked", "running", "settling", "leaked"] as const;
  const ends = [
    "succeeded",
    "failed",
    "timedOut",
    "aborted",
    "canceled",
    "evicted",
    "full",
    "closed",
  ];
  return {
    ...Object.fromEntries(gauges.map((name) => [name, model.in(name).length])),
    ...Object.fromEntries(ends.map((name) => [name, model.ended(name)])),
    idle: Math.max(0, model.size - model.held),
  };
}

test("createPool() behaves like its model, whatever comes", async () => {
  await fc.assert(
    fc.asyncProperty(
      bounds,
      fc.array(step, { maxLength: 60, size: "max" }),
      async (bounds, steps) => {
        const run = new Run(bounds);
        for (const step of steps) await run.step(step);
        await run.close();
      },
    ),
    { numRuns: 200 },
  );
});
