/** Replays through a lane whose destination takes nothing, or fails in other ways. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ReplayReport, RetryLaterError, SinkParkedError } from "../mod.ts";
import type { LaneOptions } from "../src/pipeline/lane_options.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { type Bench, openBench } from "./support/lanes.ts";
import { listed } from "./support/letter_logs.ts";

const httpError = (status: number): Error => Object.assign(new Error(`got ${status}`), { status });

interface Trial extends Bench {
  /** What the sink answers to every batch from now on. */
  answers(answer: () => Error | undefined | Promise<never>): void;
  /** Messages that the sink was offered since the last look. */
  offered(): string[];
  /** Replays, and moves the clock on until that has ended. */
  replay(): Promise<ReplayReport>;
}

/** A lane `web` that has given up these messages, and one `other` that has given up "x". */
async function withLetters(
  given: readonly string[],
  options: Partial<LaneOptions>,
  use: (trial: Trial) => Promise<void>,
): Promise<void> {
  let answer: () => Error | undefined | Promise<never> = () => httpError(400);
  let offered: string[] = [];
  const sink = recordingSink((batch) => {
    offered.push(...batch.records().map(({ msg }) => msg));
    return answer();
  });
  let otherRefuses = true;
  const other = recordingSink((batch) =>
    otherRefuses && batch.lines().some((line) => line.includes('"x"')) ? httpError(400) : undefined
  );
  const bench = await openBench({ web: { sink, batch: { maxRecords: 1 }, ...options }, other });
  await bench.write(...given);
  bench.pipeline.lanes.pause("web");
  await bench.write("x");
  otherRefuses = false;
  answer = () => undefined;
  bench.pipeline.lanes.resume("web");
  await bench.clock.advance(0);
  offered = [];
  await use({
    ...bench,
    answers: (given) => answer = given,
    offered() {
      const before = offered;
      offered = [];
      return before;
    },
    async replay() {
      const replay = bench.pipeline.deadLetters.replay();
      let report: ReplayReport | undefined;
      void replay.then((said) => report = said);
      for (let i = 0; report === undefined && i < 100; i++) await bench.clock.advance(1000);
      assert.ok(report !== undefined, "the replay must not wait for a parked lane");
      return report;
    },
  });
  await bench.close();
}

for (
  const [name, error] of [
    ["a 401", httpError(401)],
    ["a SinkParkedError", new SinkParkedError("got 401")],
    ["a Retry-After over the cap", new RetryLaterError("later", { retryAfterMs: 410_400_000 })],
  ] as const
) {
  test(`${name} parks the lane of a replay, which leaves the lane's letters as they are and tells once`, () =>
    withLetters(["a", "b", "c"], {}, async (trial) => {
      const { pipeline, events } = trial;
      const before = (await listed(pipeline.deadLetters)).filter(({ lane }) => lane === "web");
      trial.answers(() => error);
      const report = await trial.replay();
      assert.deepEqual(report, {
        replayed: 1,
        failed: 0,
        skipped: { maxReplays: 0, noSink: 0, parked: 3, gone: 0 },
        aborted: false,
      });
      assert.deepEqual(trial.offered(), ["a"]);
      assert.deepEqual(await listed(pipeline.deadLetters), before);
      assert.equal(pipeline.lanes.get("web")!.state, "parked");
      assert.deepEqual((await trial.replay()).skipped.parked, 3);
      assert.deepEqual(trial.offered(), [], "a lane that is parked is not asked for its letters");
      assert.equal(events.filter(({ kind }) => kind === "lane-parked").length, 1);
      trial.answers(() => undefined);
      pipeline.lanes.resume("web");
      assert.equal((await trial.replay()).replayed, 3);
      assert.equal(pipeline.deadLetters.size, 0);
      assert.equal(pipeline.lanes.get("web")!.state, "idle");
    }));
}

test("a lane that its own records parked gets no letters, and the replay does not wait for it", () =>
  withLetters(["a", "b"], {}, async (trial) => {
    trial.answers(() => httpError(403));
    await trial.write("live");
    assert.equal(trial.pipeline.lanes.get("web")!.state, "parked");
    const { replayed, skipped } = await trial.replay();
    assert.deepEqual([replayed, skipped.parked], [1, 2]);
    assert.deepEqual(trial.offered(), ["live"]);
    trial.answers(() => undefined);
    trial.pipeline.lanes.resume("web");
    assert.equal((await trial.replay()).replayed, 2);
    assert.deepEqual(trial.offered(), ["live", "a", "b"]);
  }));

test("a letter that waits for its turn is given back when the lane is parked meanwhile", () =>
  withLetters(["a"], {}, async (trial) => {
    const answered = Promise.withResolvers<never>();
    trial.answers(() => answered.promise);
    await trial.write("live");
    const replay = trial.pipeline.deadLetters.replay();
    await trial.clock.advance(1000);
    trial.answers(() => undefined);
    answered.reject(httpError(401));
    await trial.clock.advance(1000);
    assert.equal((await replay).skipped.parked, 1);
    assert.deepEqual(trial.offered(), ["live"]);
  }));

test("attempts of a replay that is parked in the end are not counted", () =>
  withLetters(["a"], { breaker: false }, async (trial) => {
    const errors = [httpError(503), httpError(503), httpError(401)];
    trial.answers(() => errors.shift());
    assert.equal((await trial.replay()).skipped.parked, 1);
    const [{ attempts, replays, error }] = (await listed(trial.pipeline.deadLetters)) as [never];
    assert.deepEqual([attempts, replays], [1, 0]);
    assert.equal((error as { status: number }).status, 400);
  }));

const FAILURES = [
  ["max_attempts", () => httpError(503), { attempts: 6, name: "Error", status: 503 }, {}],
  ["non_retryable", () => httpError(422), { attempts: 2, name: "Error", status: 422 }, {}],
  ["too_large", () => httpError(413), { attempts: 2, name: "Error", status: 413 }, {}],
  ["expired", () => httpError(503), { attempts: 4, name: "Error", status: 503 }, {
    retry: { maxElapsedMs: 500, backoff: () => 250 },
  }],
  ["timeout", () => new Promise<never>(() => {}), {
    attempts: 3,
    name: "JobTimeoutError",
    status: undefined,
  }, { timeoutMs: 100, graceMs: 10, retry: { maxAttempts: 2 } }],
] as const;

for (const [reason, answer, want, options] of FAILURES) {
  test(`a replay that fails again (${reason}) keeps the sink's own error`, () =>
    withLetters(["a"], { breaker: false, ...options }, async (trial) => {
      trial.answers(answer);
      assert.equal((await trial.replay()).failed, 1);
      const [letter] = await listed(trial.pipeline.deadLetters);
      const { attempts, error: { name, status, stack } } = letter!;
      assert.deepEqual({ attempts, name, status }, want);
      assert.deepEqual([letter!.reason, letter!.replays], [reason, 1]);
      assert.ok(stack!.length > 0);
    }));
}
