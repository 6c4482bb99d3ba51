import { test } from "node:test";
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { startTraffic } from "../src/cli/demo_traffic.ts";
import { demoWarehouse, reportWarehouse } from "../src/cli/demo_warehouse.ts";
import { deliverRest } from "../src/cli/deliver_rest.ts";
import { pipelineFeed } from "../src/cli/feed.ts";
import { main } from "../src/cli/main.ts";
import { showProgress } from "../src/cli/progress.ts";
import { onStopSignal } from "../src/cli/stop_signals.ts";
import { exitCodeOf, summarize } from "../src/cli/summary.ts";
import type { Pipeline } from "../src/pipeline/pipeline.ts";
import type { LaneStats, PipelineStats } from "../src/pipeline/stats.ts";
import type { RecordInput } from "../src/record/record.ts";
import type { Batch, SinkContext } from "../src/sink/sink.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

/** A chance that repeats itself in every run. */
function fixedChance(): () => number {
  let state = 7;
  return () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647;
}

function statsOf(accepted: number, lanes: Record<string, Partial<LaneStats>>): PipelineStats {
  const zero = { delivered: 0, deadLettered: 0, dropped: {}, filtered: 0, pending: 0 };
  const full = Object.entries(lanes).map(([name, lane]) => [name, { ...zero, ...lane }]);
  return { accepted, lanes: Object.fromEntries(full) } as PipelineStats;
}

const never = new AbortController().signal;

test("pipelineFeed() offers a refused line again until it is taken, and loses none", async () => {
  const taken: unknown[] = [];
  const marks: unknown[] = [];
  let refusals = 3;
  const pipeline = {
    running: true,
    ready: Promise.resolve(),
    write(record: RecordInput | string, mark: unknown) {
      if (record === "b" && refusals-- > 0) return false;
      taken.push(record);
      marks.push(mark);
      return true;
    },
  } as unknown as Pipeline;
  const lines = ["a", "b"].map((text, index) => ({ text, endOffset: index + 2 }));
  const cut = { text: "c", endOffset: 9, originalBytes: 5 };
  assert.equal(
    await pipelineFeed(pipeline, never)([...lines, cut], { file: "/f", id: "1:2" }),
    true,
  );
  assert.deepEqual(taken, ["a", "b", { msg: "c", fields: { truncated: { originalBytes: 5 } } }]);
  assert.deepEqual(marks, [2, 3, 9].map((offset) => ({ file: "/f", id: "1:2", offset })));
});

test("pipelineFeed() gives up when the pipeline no longer runs, or when it is stopped", async () => {
  const line = { text: "a", endOffset: 2 };
  const pipeline = { running: false, ready: Promise.resolve(), write: () => false };
  assert.equal(await pipelineFeed(pipeline as unknown as Pipeline, never)([line]), false);

  const stop = new AbortController();
  const full = { ...pipeline, running: true, ready: new Promise<void>(() => {}) };
  const fed = pipelineFeed(full as unknown as Pipeline, stop.signal)([line]);
  stop.abort();
  assert.equal(await fed, false);
});

test("deliverRest() waits on while something is delivered, and no longer", async () => {
  const pending = [30, 20, 10, 10, 10];
  let drains = 0;
  const pipeline = {
    stats: () => statsOf(0, { out: { pending: pending[drains] ?? 0 } }),
    drain: () => Promise.resolve({ drained: drains++ < 0 }),
  } as unknown as Pipeline;
  await deliverRest(pipeline, { timeoutMs: 5, stop: never, isOutputClosed: () => false });
  assert.equal(drains, 3);
});

test("summarize() counts this run only, and exitCodeOf() puts what is pending first", () => {
  const start = statsOf(0, { out: { delivered: 5, deadLettered: 1, pending: 2 } });
  const end = statsOf(10, {
    out: { delivered: 13, deadLettered: 2, dropped: { wal_limit: 1, other: 1 }, pending: 1 },
  });
  const summary = summarize(start, end);
  assert.deepEqual(summary, {
    accepted: 10,
    delivered: 8,
    deadLettered: 1,
    dropped: 2,
    pending: 1,
  });
  const codes = [summary, { ...summary, pending: 0 }, summarize(start, start)].map(exitCodeOf);
  assert.deepEqual(codes, [1, 3, 1]);
  assert.equal(exitCodeOf({ ...summary, pending: 0, deadLettered: 0 }), 0);
});

test("showProgress() draws records, rate and what is pending, and takes its line away", async () => {
  const clock = fakeClock();
  let text = "";
  let accepted = 1_000;
  const hide = showProgress(
    () => statsOf(accepted, { out: { pending: 12 } }),
    (more) => text += more,
    clock,
  );
  accepted = 3_500;
  await clock.advance(500);
  hide();
  await clock.advance(5_000);
  assert.equal(text, "\r\x1b[K3,500 records  5,000/s  12 pending\r\x1b[K");
});

test("the demo's shop writes some 40 records a second, with traces, slow queries and errors", async () => {
  const clock = fakeClock();
  const records: RecordInput[] = [];
  const pipeline = { write: (record: RecordInput) => records.push(record) > 0 };
  const end = startTraffic(pipeline as unknown as Pipeline, { clock, random: fixedChance() });
  await clock.advance(90_000);
  end();
  const count = records.length;
  await clock.advance(10_000);
  assert.equal(records.length, count, "it ends");
  assert.ok(count > 30 * 90 && count < 60 * 90, `${count} records`);
  const loggers = new Set(records.map((record) => record.logger));
  assert.deepEqual([...loggers].sort(), ["shop.cart", "shop.db", "shop.http", "shop.payment"]);
  assert.ok(records.every((record) => /^[0-9a-f]{32}$/.test(record.traceId ?? "")));
  assert.ok(records.some((record) => record.msg === "Slow query" && record.level === "warn"));
  assert.ok(records.some((record) => record.fields?.error instanceof Error));
});

test("the demo's warehouse fails now and then, and the shop tells when it does", async () => {
  const clock = fakeClock();
  const warehouse = demoWarehouse(clock);
  const attempt = async () => {
    const written = Promise.resolve(warehouse.write({} as Batch, {} as SinkContext));
    const settled = written.then(() => "delivered", (error: Error) => error.message);
    await clock.advance(30);
    return await settled;
  };
  assert.equal(await attempt(), "delivered");
  await clock.advance(15_000);
  assert.match(await attempt(), /down for some seconds/);
  await clock.advance(8_000);
  assert.equal(await attempt(), "delivered");

  const told: string[] = [];
  let lane: Partial<LaneStats> = { state: "delivering", breaker: "closed", delivered: 90 };
  const pipeline = {
    stats: () => statsOf(0, { warehouse: { pending: 4, ...lane } }),
    write: (record: RecordInput) => told.push(record.msg) > 0,
  };
  const end = reportWarehouse(pipeline as unknown as Pipeline, clock);
  await clock.advance(3_000);
  lane = { ...lane, state: "waiting-to-retry" };
  await clock.advance(3_000);
  // An open breaker and a trial under way are no return: only what was delivered is.
  lane = { ...lane, state: "breaker-open", breaker: "open" };
  await clock.advance(3_000);
  lane = { ...lane, state: "delivering", breaker: "half-open" };
  await clock.advance(3_000);
  assert.equal(told.length, 1);
  lane = { ...lane, state: "idle", breaker: "closed", delivered: 91 };
  await clock.advance(3_000);
  end();
  lane = { ...lane, state: "waiting-to-retry" };
  await clock.advance(3_000);
  assert.deepEqual(told, [
    "Warehouse is out of reach: records wait in the log",
    "Warehouse is back: nothing was lost",
  ]);
});

test("main() runs a command and answers its exit code", async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "logflume-main-"));
  const inFolder = (name: string) => join(folder, name);
  try {
    fs.writeFileSync(inFolder("in.log"), "a\nb\n");
    const args = [
      "run",
      "-i",
      inFolder("in.log"),
      "-o",
      inFolder("out"),
      "--data",
      inFolder("data"),
    ];
    assert.equal(await main([...args, "--listen", "127.0.0.1:0", "--retain", "24h"]), 0);
    assert.equal(fs.readFileSync(inFolder("out"), "utf8").split("\n").length, 3);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

test("onStopSignal() takes one Ctrl-C that arrives twice for one", async () => {
  const clock = fakeClock();
  let stops = 0;
  const giveBack = onStopSignal(() => stops++, clock);
  const { exit } = process;
  const exits: unknown[] = [];
  process.exit = ((code: number) => exits.push(code)) as never;
  try {
    process.emit("SIGINT");
    process.emit("SIGINT");
    await clock.advance(400);
    process.emit("SIGTERM");
    assert.deepEqual([stops, exits], [1, []]);
    await clock.advance(200);
    process.emit("SIGINT");
    assert.deepEqual([stops, exits], [1, [130]]);
  } finally {
    process.exit = exit;
    giveBack();
  }
});
