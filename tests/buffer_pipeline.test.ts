/** The buffer in its place between callers and log: what is dropped is told and accounted for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Drop,
  type Level,
  type LogRecord,
  openPipeline,
  type Overflow,
  type PipelineBufferOptions,
  type PipelineEvent,
  type PipelineOptions,
} from "../mod.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { recordingSink } from "../src/testing/recording_sink.ts";
import { seededRandom } from "../src/testing/random.ts";
import { assertAccounted } from "./support/accounting.ts";
import { durableMemory } from "./support/durable_memory.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Writes 0 to 24 without yielding into a buffer of 10, closes, and gives back what came out. */
async function overflowed(
  buffer: PipelineBufferOptions,
  options: PipelineOptions = {},
  level: Level = "info",
) {
  const sink = recordingSink();
  const events: PipelineEvent[] = [];
  const pipeline = await openPipeline({
    sinks: { sink },
    buffer: { capacity: 10, ...buffer },
    random: () => 0,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const answers = upTo(25).map((i) => pipeline.write({ msg: String(i), level }));
  await pipeline.close();
  const stats = pipeline.stats();
  assertAccounted(stats);
  const report = sink.records.find(({ msg }) => / records? dropped$/.test(msg));
  const rest = sink.records.filter((record) => record !== report).map(({ msg }) => Number(msg));
  return { answers, stats, events, report, rest };
}

const newest = upTo(25).map((i) => i < 10);
// One in ten of the fifteen that do not fit: the first of each ten, with this chance.
const sampled = upTo(25).map((i) => i < 10 || i === 10 || i === 20);
const cases: readonly [Overflow, readonly boolean[], readonly number[]][] = [
  ["drop-oldest", upTo(25).map(() => true), upTo(25).slice(15)],
  ["drop-newest", newest, upTo(10)],
  ["warn", newest, upTo(10)],
  ["sample", sampled, [2, 3, 4, 5, 6, 7, 8, 9, 10, 20]],
];
for (const [overflow, expected, kept] of cases) {
  test(`with ${overflow} one record tells how many were dropped, and all are accounted for`, async () => {
    const { answers, stats, report, rest } = await overflowed({ overflow });
    assert.deepEqual(answers, expected);
    assert.deepEqual(rest, kept);
    assert.equal(report?.level, "warn");
    assert.equal(report?.msg, "15 records dropped");
    assert.deepEqual(report?.fields, { policy: overflow, levels: { info: 15 } });
    assert.deepEqual(stats.dropped, { [overflow]: { info: 15 } });
    assert.equal(stats.offered, 25 + 1);
    assert.equal((stats.refused.full ?? 0) + (stats.lanes.sink!.dropped.overflow ?? 0), 15);
  });
}

test("what block refuses is refused and not dropped: no record tells of it", async () => {
  const { stats, report } = await overflowed({ overflow: "block" });
  assert.equal(report, undefined);
  assert.deepEqual(stats.dropped, {});
  assert.deepEqual(stats.refused, { full: 15 });
});

test("the record that tells of drops obeys level and transform like any other", async () => {
  const above = await overflowed({ overflow: "drop-newest" }, { level: "error" }, "error");
  assert.equal(above.report, undefined);
  assert.deepEqual([above.stats.offered, above.stats.filtered], [25, 0]);
  assert.deepEqual(above.stats.dropped, { "drop-newest": { error: 15 } });
  const transform = (record: LogRecord): LogRecord | null =>
    record.level === "warn" ? null : record;
  const left = await overflowed({ overflow: "drop-newest" }, { transform });
  assert.equal(left.report, undefined);
  assert.deepEqual([left.stats.offered, left.stats.filtered], [26, 1]);
});

test("warn tells of it in one event an episode; other policies do not", async () => {
  const warned = await overflowed({ overflow: "warn" });
  assert.deepEqual(warned.events.map(({ kind }) => kind), ["buffer-full"]);
  const silent = await overflowed({ overflow: "drop-newest" });
  assert.deepEqual(silent.events, []);
});

test("onDrop gets the line of each dropped record, with policy and level", async () => {
  const dropped: [unknown, Drop][] = [];
  await overflowed({
    overflow: "drop-oldest",
    onDrop: (line, drop) => dropped.push([JSON.parse(line).msg, drop]),
  });
  const drop = { policy: "drop-oldest", level: "info" };
  assert.deepEqual(dropped, upTo(15).map((i) => [String(i), drop]));
});

test("reserve lets errors through while the rest is full", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({
    sinks: { sink },
    buffer: { capacity: 10, reserve: 4, overflow: "drop-newest" },
  });
  const log = pipeline.logger();
  const levels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
  for (let i = 0; i < 20; i++) log.info("info");
  assert.deepEqual(levels.map((level) => log[level](level)), [
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
  await pipeline.close();
  assertAccounted(pipeline.stats());
  assert.deepEqual(sink.records.map(({ msg }) => msg), [
    ...Array(6).fill("info"),
    "error",
    "fatal",
    "18 records dropped",
  ]);
  assert.deepEqual(pipeline.stats().dropped, {
    "drop-newest": { info: 15, trace: 1, debug: 1, warn: 1 },
  });
});

test("a capacity from min to max shows in the stats as it grows", async () => {
  const pipeline = await openPipeline({ sinks: {}, buffer: { capacity: { min: 4, max: 64 } } });
  assert.equal(pipeline.stats().capacity, 4);
  for (const i of upTo(64)) assert.equal(pipeline.write(String(i)), true);
  assert.equal(pipeline.write("one too many"), false);
  const { capacity, utilisation } = pipeline.stats();
  assert.deepEqual([capacity, utilisation], [64, 1]);
  await pipeline.close();
});

test("append() serves those who wait in their order, within maxWaiters, and accounts for all", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({
    sinks: { sink },
    buffer: { capacity: 2, maxWaiters: 6 },
  });
  const outcomes = await Promise.allSettled(upTo(10).map((i) => pipeline.append(String(i))));
  assert.deepEqual(
    outcomes.map(({ status }) => status === "fulfilled"),
    upTo(10).map((i) => i < 8),
  );
  assert.deepEqual(pipeline.stats().refused, { timeout: 2 });
  await pipeline.close();
  assertAccounted(pipeline.stats());
  assert.deepEqual(sink.records.map(({ msg }) => Number(msg)), upTo(8));
});

test("append() that waits when the pipeline stops is refused, and its record never appears", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({ sinks: { sink }, buffer: { capacity: 1 } });
  pipeline.write("first");
  const waiting = assert.rejects(pipeline.append("late"), {
    name: "NotAcceptedError",
    reason: "stopped",
  });
  await pipeline.close();
  await waiting;
  assertAccounted(pipeline.stats());
  assert.deepEqual(pipeline.stats().refused, { stopped: 1 });
  assert.deepEqual(sink.records.map(({ msg }) => msg), ["first"]);
});

test("whatever comes, when and in which policy, the states sum up", async () => {
  const policies = ["block", "drop-oldest", "drop-newest", "sample", "warn"] as const;
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.constantFrom(...policies),
      fc.constantFrom(0, 2),
      fc.boolean(),
      fc.boolean(),
      async (seed, overflow, reserve, grows, durable) => {
        const random = seededRandom(seed);
        const clock = fakeClock();
        const sink = recordingSink();
        const capacity = grows ? { min: 2, max: 8 } : 8;
        let reported = 0;
        const pipeline = await openPipeline({
          sinks: { sink },
          ...(durable ? { wal: { store: durableMemory() } } : {}),
          buffer: {
            capacity,
            overflow,
            reserve,
            sampleEvery: 2,
            maxWaiters: 3,
          },
          transform(record) {
            if (record.msg.endsWith(" dropped")) reported += parseInt(record.msg);
            return record;
          },
          random: () => random.below(1000) / 1000,
          clock,
          onEvent: () => {},
        });
        let offered = 0;
        let taken = 0;
        const waits: Promise<unknown>[] = [];
        for (let turn = 0; turn < 8; turn++) {
          for (let i = random.below(15); i > 0; i--) {
            offered++;
            const record = { msg: "x", level: random.pick(["info", "error"] as const) };
            if (random.chance(0.7)) taken += Number(pipeline.write(record));
            else {
              const options = random.chance(0.5) ? { timeoutMs: random.below(3) } : {};
              waits.push(pipeline.append(record, options).then(() => taken++, () => {}));
            }
          }
          assertAccounted(pipeline.stats());
          await clock.advance(random.below(5));
          assertAccounted(pipeline.stats());
        }
        await pipeline.close();
        await Promise.all(waits);
        const stats = pipeline.stats();
        assertAccounted(stats);
        const reports = sink.records.filter(({ msg }) => msg.endsWith(" dropped")).length;
        assert.equal(stats.offered, offered + reports);
        assert.equal(stats.accepted, taken + reports);
        assert.equal(
          sink.records.length,
          taken + reports - (stats.lanes.sink!.dropped.overflow ?? 0),
        );
        const dropped = Object.values(stats.dropped[overflow] ?? {}).reduce((sum, n) => sum + n, 0);
        assert.equal(reported, dropped, "every dropped record is told of");
      },
    ),
    { numRuns: 60 },
  );
});
