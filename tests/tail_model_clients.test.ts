/** Any number of clients doing anything, against what was written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { LogRead, LogReader } from "../src/storage/store.ts";
import { createTail } from "../src/tail/hub.ts";
import { tailLimits } from "../src/tail/limits.ts";
import { sharedOf, tailTraffic } from "../src/tail/session_shared.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { seededRandom } from "../src/testing/random.ts";
import { settle } from "./support/tail_client.ts";
import { SceptClient, type Trial } from "./support/tail_model_client.ts";

const LIMITS = tailLimits({
  flushBytes: 1024,
  flushRecords: 7,
  highMarkBytes: 2048,
  lowMarkBytes: 512,
  windowBytes: 8192,
  windowRecords: 60,
  skipRecords: 80,
  keepRecords: 10,
  skipMs: 2_000,
  sampleRecords: 20,
  messagesPerSecond: 100_000,
});

const encoder = new TextEncoder();

/** A log on a slow disk: a few lines at a time, never at once. */
function slowHistory(lines: readonly string[], fromSeq: number): LogReader {
  let nextSeq = Math.max(1, fromSeq);
  return {
    get nextSeq() {
      return nextSeq;
    },
    seek: (seq) => void (nextSeq = Math.max(1, seq)),
    async next(): Promise<LogRead> {
      await Promise.resolve();
      const some = lines.slice(nextSeq - 1, nextSeq + 12);
      if (some.length === 0) return { kind: "end" };
      const chunk = { firstSeq: nextSeq, count: some.length, bytes: encoder.encode(some.join("")) };
      nextSeq += some.length;
      return { kind: "lines", chunk };
    },
    close() {},
  };
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ write: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 4, arbitrary: fc.record({ advanceMs: fc.constantFrom(10, 50, 300, 2_500) }) },
  { weight: 3, arbitrary: fc.record({ acknowledge: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ reads: fc.boolean(), of: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ drain: fc.constantFrom(100, 5_000), of: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ isPaused: fc.boolean(), of: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ cut: fc.nat(6), of: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ isErrorsOnly: fc.boolean(), of: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      jump: fc.constantFrom("kept" as const, "live" as const, { last: 5 }),
      of: fc.nat(2),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

type ClientStep = Exclude<Step, { write: number } | { advanceMs: number }>;

function perform(step: ClientStep, clients: readonly SceptClient[]) {
  const client = clients["acknowledge" in step ? step.acknowledge : step.of]!;
  if ("acknowledge" in step) client.acknowledge();
  else if ("reads" in step) client.reads = step.reads;
  else if ("drain" in step) client.drain(step.drain);
  else if ("isPaused" in step) step.isPaused ? client.pause() : client.resume();
  else if ("cut" in step) client.cut(step.cut);
  else if ("isErrorsOnly" in step) client.filter(step.isErrorsOnly);
  else client.jump(step.jump);
}

function comeBack(clients: readonly SceptClient[]) {
  for (const client of clients) {
    if (!client.isClosed) continue;
    client.take();
    client.comeBack();
  }
}

async function runTrial(steps: readonly Step[], hasHistory: boolean, seed: number) {
  const seeded = seededRandom(seed);
  const lines: string[] = [];
  const clock = fakeClock();
  const history = (fromSeq: number) => slowHistory(lines, fromSeq);
  const tail = createTail({ clock, maxBytes: 6_000, ...hasHistory ? { history } : {} });
  const random = () => seeded.below(1_000_000) / 1_000_000;
  const trial: Trial = { tail, clock, limits: LIMITS, random, levels: [] };
  const clients = (["skip", "sample", "close"] as const).map((how) => new SceptClient(trial, how));
  const write = (count: number) => {
    const firstSeq = lines.length + 1;
    for (let i = 0; i < count; i++) {
      const level = trial.levels.length % 3 === 0 ? "error" : "info";
      lines.push(`{"level":"${level}","msg":"n${trial.levels.push(level)}"}\n`);
    }
    tail.push({ firstSeq, count, bytes: encoder.encode(lines.slice(-count).join("")) });
  };
  for (const one of steps) {
    if ("write" in one) write(one.write);
    else if ("advanceMs" in one) await clock.advance(one.advanceMs);
    else perform(one, clients);
    comeBack(clients);
  }
  for (let round = 0; round < 40; round++) {
    comeBack(clients);
    for (const client of clients) {
      client.reads = true;
      client.resume();
      client.acknowledge();
    }
    await clock.advance(300);
  }
  await settle(clock);
  for (const client of clients) {
    client.take();
    client.assertComplete();
    client.cut(0);
  }
  return { trial, clients };
}

for (const hasHistory of [false, true]) {
  const kind = hasHistory ? "with history" : "over a small ring";
  test(`received and gaps are what was written, in order, nothing twice, ${kind}`, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 60 }),
        fc.integer(),
        async (steps, seed) => {
          const { trial } = await runTrial(steps, hasHistory, seed);
          assert.equal(tailTraffic(trial.tail).clients, 3);
          assert.ok(sharedOf(trial.tail, trial.clock).views.size <= 6);
        },
      ),
      { numRuns: 60 },
    ));
}
