/** Whether a pipeline is live and ready, and the reasons in words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPipeline, type PipelineOptions, RejectedError, SinkParkedError } from "../mod.ts";
import { healthOf } from "../src/metrics/prometheus.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { testDisk } from "./support/test_disk.ts";

const quiet: PipelineOptions = { onEvent: () => {} };

test("a pipeline is ready while its sinks take records, and says so when it closes", async () => {
  const pipeline = await openPipeline({ sinks: { well: () => {} } });
  assert.deepEqual(healthOf(pipeline), { live: true, ready: true, reasons: [] });
  await pipeline.stop();
  assert.deepEqual(healthOf(pipeline), {
    live: true,
    ready: false,
    reasons: ["The pipeline is stopped: call start() to take records again"],
  });
  pipeline.start();
  assert.ok(healthOf(pipeline).ready);
  await pipeline.close();
  const reasons = ["The pipeline is closing or closed"];
  assert.deepEqual(healthOf(pipeline), { live: true, ready: false, reasons });
});

test("sinks that are parked, stopped or left alone by their breaker are reasons, each with its error", async () => {
  const clock = fakeClock();
  const throwing = (error: Error) => () => {
    throw error;
  };
  const pipeline = await openPipeline({
    ...quiet,
    clock,
    sinks: {
      well: () => {},
      locked: throwing(new SinkParkedError("403 Forbidden")),
      dead: { sink: throwing(new Error("refused")), retry: { maxAttempts: Infinity } },
      picky: throwing(new RejectedError("not this one")),
    },
  });
  pipeline.write("one");
  for (let i = 0; i < 40; i++) await clock.advance(1_000);
  const { live, ready, reasons } = healthOf(pipeline);
  assert.deepEqual([live, ready], [true, false]);
  assert.deepEqual(reasons, [
    'Sink "locked" is parked, its records are kept: 403 Forbidden',
    'Sink "dead" fails and is left alone for a while: refused',
  ]);
  pipeline.breakers.get("well")?.force("isolated");
  assert.equal(
    healthOf(pipeline).reasons[0],
    'Sink "well" is isolated by hand: release its breaker',
  );
  await pipeline.close({ timeoutMs: 0 });
  assert.deepEqual(healthOf(pipeline).reasons[0], "The pipeline is closing or closed");
});

test("a full buffer is a reason as long as it is full", async () => {
  const pipeline = await openPipeline({ ...quiet, buffer: { capacity: 2 }, sinks: {} });
  pipeline.write("one");
  pipeline.write("two");
  assert.deepEqual(healthOf(pipeline).reasons, ["The buffer is full: 2 of 2 records wait"]);
  await pipeline.durable();
  assert.ok(healthOf(pipeline).ready);
  await pipeline.close();
});

test("a log near its limit is a reason, a failed one means that only a new start helps", async () => {
  const disk = testDisk();
  const store = disk.store();
  const pipeline = await openPipeline({ ...quiet, wal: { store, maxBytes: 65_536 }, sinks: {} });
  assert.ok(healthOf(pipeline).ready);
  const stats = pipeline.stats();
  const near = { ...stats, log: { ...stats.log, bytes: 60_000 } };
  assert.deepEqual(healthOf(near), {
    live: true,
    ready: false,
    reasons: ["The log takes 91 % of its limit: mend the sink that lags, or raise the limit"],
  });
  assert.match(healthOf({ ...near, log: { ...near.log, full: true } }).reasons[0]!, /log is full/);
  disk.onSync = () => {
    throw new Error("the disk is gone");
  };
  pipeline.write("one");
  await pipeline.durable().catch(() => {});
  const failed = healthOf(pipeline);
  assert.deepEqual([failed.live, failed.ready], [false, false]);
  assert.match(failed.reasons[0]!, /^The log failed and needs a new start: .*the disk is gone/);
  await pipeline.close().catch(() => {});
});
