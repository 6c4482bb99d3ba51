import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, openDeadLetters, openWal, type Sink } from "../mod.ts";
import { Lane } from "../src/delivery/lane.ts";
import type { LaneHost } from "../src/delivery/lane_settings.ts";
import { LaneWorkers } from "../src/delivery/lane_workers.ts";
import { fakeClock } from "../src/testing/mod.ts";

/** Gives `use` a lane to `sink` with these records, all in one batch unless told otherwise. */
async function withLane(
  sink: Sink,
  levels: readonly string[],
  use: (lane: Lane, turn: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const clock = fakeClock();
  await using log = await openWal(memoryStore(), { clock });
  await using letterLog = await openWal(memoryStore(), { clock });
  const host: LaneHost = {
    log,
    source: { logId: log.logId, lane: "sink", run: log.run, runFirstSeq: 1 },
    deadLetters: await openDeadLetters(letterLog, { clock }),
    workers: new LaneWorkers({ min: 1, max: 1 }, clock, () => 0.5).join(),
    clock,
    random: () => 0.5,
    buffered: () => ({ evicted: 0, waiting: 0 }),
    settled: () => {},
    held: () => {},
    tell: () => {},
  };
  const row = { since: 1, nextSeq: 1, delivered: 0, deadLettered: 0, filtered: 0, redelivered: 0 };
  const lane = new Lane(
    {
      name: "sink",
      sink,
      level: "warn",
      order: "strict",
      batch: { maxRecords: 2, maxBytes: 1000, maxAgeMs: 0 },
      concurrency: 1,
      timeoutMs: 60_000,
      graceMs: 5_000,
      retry: { maxAttempts: 5, backoff: () => 1000 },
    },
    host,
    { lane: "sink", dropped: {}, ...row },
  );
  for (const level of levels) log.stage(`{"time":"","level":"${level}","msg":"${level}"}\n`);
  log.flushSync();
  await use(lane, () => clock.advance(0));
  await lane.close(0);
}

test("spillSync() sends a batch under way once, without the records below the lane's level", async () => {
  const spilled: string[] = [];
  const underWay = Promise.withResolvers<void>();
  const sink: Sink = {
    write: () => underWay.promise,
    writeSync: (batch) => void spilled.push(...batch.records().map(({ msg }) => msg)),
  };
  await withLane(sink, ["info", "warn", "error", "info"], async (lane, turn) => {
    lane.notify();
    await turn();
    lane.spillSync();
    lane.spillSync();
    assert.deepEqual(spilled, ["warn", "error"]);
    underWay.resolve();
  });
});

test("spillSync() of a sink that fails throws nothing, and loses nothing if the process goes on", async () => {
  const sent: string[] = [];
  const sink: Sink = {
    write: (batch) => void sent.push(...batch.records().map(({ msg }) => msg)),
    writeSync() {
      throw new Error("not now");
    },
  };
  await withLane(sink, ["warn", "info", "error", "fatal"], async (lane, turn) => {
    lane.spillSync();
    lane.notify();
    await turn();
    assert.deepEqual(sent, ["warn", "error", "fatal"]);
    assert.equal(lane.stats().pending, 0);
  });
});
