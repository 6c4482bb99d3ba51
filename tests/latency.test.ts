/** How long records take, as `stats().latency` tells it. Time is moved by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPipeline, type PipelineOptions } from "../mod.ts";
import { type FakeClock, fakeClock, simulatedDisk } from "../src/testing/mod.ts";
import { pause } from "../src/delivery/pause.ts";
import { durableMemory } from "./support/durable_memory.ts";
import { testDisk } from "./support/test_disk.ts";

/** Within the width of a bucket. */
function isNear(found: number, wanted: number): void {
  assert.ok(Math.abs(found - wanted) <= wanted / 32, `${found} ms instead of ${wanted} ms`);
}

function open(clock: FakeClock, options: PipelineOptions) {
  return openPipeline({ sinks: {}, onEvent: () => {}, clock, ...options });
}

test("stats() tell how long a record takes to be durable and to be delivered", async () => {
  const clock = fakeClock();
  const disk = testDisk();
  const pipeline = await open(clock, {
    wal: { store: disk.store() },
    sinks: { slow: { order: "strict", write: () => pause(40, clock) } },
  });
  for (const { buckets, ...figures } of Object.values(pipeline.stats().latency)) {
    assert.deepEqual(figures, { count: 0, sumMs: 0, p50Ms: 0, p99Ms: 0 });
    assert.ok(buckets.every(({ count }) => count === 0));
  }
  disk.onSync = (name) => name.startsWith("wal-") ? pause(5, clock) : undefined;
  for (let i = 0; i < 100; i++) {
    pipeline.write(`${i}`);
    pipeline.write(`${i} at the same time`);
    await clock.advance(100);
  }
  const { durable, delivered } = pipeline.stats().latency;
  // One a commit, and one at a time on its way to the sink.
  assert.deepEqual([durable.count, durable.sumMs], [100, 500]);
  isNear(durable.p50Ms, 5);
  isNear(durable.p99Ms, 5);
  assert.deepEqual([delivered.count, delivered.sumMs], [100, 4000]);
  isNear(delivered.p99Ms, 40);
  disk.onSync = () => {};
  const closed = pipeline.close();
  await clock.advance(1000);
  await closed;
});

test("a lane that is behind is timed by one record at a time, each sink by itself", async () => {
  const clock = fakeClock();
  let isStuck = true;
  const pipeline = await open(clock, {
    wal: { store: durableMemory() },
    sinks: {
      quick: () => {},
      stuck: {
        sink: () => isStuck ? Promise.reject(new Error("not now")) : Promise.resolve(),
        retry: { backoff: () => 1000 },
      },
    },
  });
  for (let i = 0; i < 10; i++) {
    pipeline.write(`${i}`);
    await clock.advance(100);
  }
  assert.equal(pipeline.stats().latency.delivered.count, 10, "the quick one");
  isStuck = false;
  await clock.advance(2000);
  const { delivered } = pipeline.stats().latency;
  assert.equal(delivered.count, 11, "one of the ten stood for all");
  assert.ok(delivered.sumMs >= 1000 && delivered.sumMs <= 3000, `${delivered.sumMs} ms`);
  await pipeline.close();
});

test("records that no sink got say nothing about delivery", async () => {
  const clock = fakeClock();
  const pipeline = await open(clock, {
    sinks: {
      errors: { sink: () => {}, level: "error" },
      broken: { sink: () => Promise.reject(new Error("no")), retry: { maxAttempts: 1 } },
    },
  });
  for (let i = 0; i < 5; i++) {
    pipeline.write(`${i}`);
    await clock.advance(100);
  }
  const { latency, lanes } = pipeline.stats();
  assert.deepEqual([lanes.errors!.filtered, lanes.broken!.deadLettered], [5, 5]);
  assert.deepEqual([latency.durable.count, latency.delivered.count], [5, 0]);
  await pipeline.close();
});

test("a burst that is written inline, and the rest after it, are timed apart", async () => {
  const clock = fakeClock();
  const pipeline = await open(clock, {
    wal: { store: durableMemory() },
    buffer: { capacity: 10 },
  });
  for (let i = 0; i < 10; i++) pipeline.write(`${i}`);
  // Finds the buffer full: all of it goes to the log here.
  pipeline.write("10");
  await clock.advance(60_000);
  pipeline.write("a minute later");
  await clock.advance(0);
  const { durable } = pipeline.stats().latency;
  assert.deepEqual([durable.count, durable.sumMs], [2, 0]);
  await pipeline.close();
});

test("in mode sync one record in sixteen is timed", async () => {
  const clock = fakeClock();
  const disk = simulatedDisk({ seed: 1 });
  const pipeline = await open(clock, {
    mode: "sync",
    wal: { store: disk.store() },
    sinks: { quick: () => {} },
  });
  for (let i = 0; i < 33; i++) pipeline.write(`${i}`);
  await pipeline.drain();
  const { durable, delivered } = pipeline.stats().latency;
  assert.deepEqual([durable.count, delivered.count], [3, 1]);
  await pipeline.close();
});
