/** The figures of a pipeline that metrics are made of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPipeline, StoreFailedError } from "../mod.ts";
import { sharedOf } from "../src/tail/session_shared.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { testDisk } from "./support/test_disk.ts";

test("stats() count the retries of a lane apart from its first attempts", async () => {
  const clock = fakeClock();
  let left = 3;
  const sink = (): void => {
    if (left-- > 0) throw new Error("not now");
  };
  const pipeline = await openPipeline({ clock, sinks: { shaky: sink }, onEvent: () => {} });
  pipeline.write("one");
  for (let i = 0; i < 20; i++) await clock.advance(1_000);
  const { attempts, retries, failures, delivered } = pipeline.stats().lanes.shaky!;
  assert.deepEqual([attempts, retries, failures, delivered], [4, 3, 3, 1]);
  pipeline.write("two");
  await clock.advance(1_000);
  const after = pipeline.stats().lanes.shaky!;
  assert.deepEqual([after.attempts, after.retries, after.delivered], [5, 3, 2]);
  await pipeline.close();
});

test("stats() tell the workers, and that the pipeline closes", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const pipeline = await openPipeline({ sinks: { slow: () => promise }, pool: { max: 3 } });
  assert.deepEqual(pipeline.stats().workers, { size: 3, idle: 3, running: 0, leaked: 0 });
  pipeline.write("one");
  while (pipeline.stats().lanes.slow!.attempts === 0) await new Promise((go) => setImmediate(go));
  assert.deepEqual(pipeline.stats().workers, { size: 3, idle: 2, running: 1, leaked: 0 });
  const before = pipeline.stats();
  assert.deepEqual([before.running, before.closing], [true, false]);
  const closed = pipeline.close();
  const after = pipeline.stats();
  assert.deepEqual([after.running, after.closing], [false, true]);
  resolve();
  await closed;
});

test("stats() tell why a log takes nothing more", async () => {
  const disk = testDisk();
  const pipeline = await openPipeline({
    wal: { store: disk.store() },
    sinks: {},
    onEvent: () => {},
  });
  assert.deepEqual([pipeline.stats().log.full, pipeline.stats().log.failure], [false, undefined]);
  disk.onSync = () => {
    throw new Error("the disk is gone");
  };
  pipeline.write("one");
  await assert.rejects(pipeline.durable(), StoreFailedError);
  assert.match(pipeline.stats().log.failure ?? "", /the disk is gone/);
  await pipeline.close().catch(() => {});
});

test("stats() tell the readers of the tail, and what WebSocket clients got and did not get", async () => {
  const clock = fakeClock();
  const pipeline = await openPipeline({ clock, sinks: {} });
  const reader = pipeline.tail.cursor();
  const { traffic } = sharedOf(pipeline.tail, clock);
  Object.assign(traffic, { sent: 5, skipped: 3, sampled: 2, stalled: 1 });
  pipeline.write("one");
  await pipeline.durable();
  const { bytes, ...told } = pipeline.stats().tail;
  assert.ok(bytes > 0);
  const counts = { sent: 5, skipped: 3, sampled: 2, stalled: 1 };
  assert.deepEqual(told, { clients: 1, maxLag: 1, gaps: 0, missed: 0, ...counts });
  reader.close();
  assert.equal(pipeline.stats().tail.clients, 0);
  await pipeline.close();
});
