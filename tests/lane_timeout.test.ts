import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch, SinkContext } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { messages, openBench } from "./support/lanes.ts";

test("W2: calls that ignore their signal never exceed the concurrency; each is a timeout", async () => {
  let inFlight = 0;
  let most = 0;
  const write = async (): Promise<void> => {
    most = Math.max(most, ++inFlight);
    await new Promise<void>((resolve) => bench.clock.setTimer(resolve, 200));
    inFlight--;
    throw new Error("too late");
  };
  const bench = await openBench({
    sink: {
      sink: write,
      order: "none",
      concurrency: 2,
      timeoutMs: 20,
      retry: { maxAttempts: 1 },
      breaker: false,
      batch: { maxRecords: 1 },
    },
  });
  await bench.write(...messages(10));
  await bench.clock.advance(5_000);
  assert.equal(most, 2);
  const letters = await Array.fromAsync(bench.pipeline.deadLetters.list());
  assert.deepEqual(letters.map(({ reason }) => reason), Array(10).fill("timeout"));
  assert.equal(bench.pipeline.lanes.get("sink")!.leaks, 0);
  await bench.close();
});

for (const when of ["at once", "later"]) {
  test(`a call that times out has its signal aborted, looked at ${when}; what it answers within its grace counts`, async () => {
    const write = async (_: Batch, context: SinkContext): Promise<void> => {
      if (when === "later") { for (let turn = 0; turn < 20; turn++) await undefined; }
      await new Promise<void>((resolve) =>
        context.signal.addEventListener("abort", () => resolve())
      );
    };
    const bench = await openBench({ sink: { sink: write, timeoutMs: 1000 } });
    await bench.write("a");
    await bench.clock.advance(999);
    assert.equal(bench.pipeline.lanes.get("sink")!.delivered, 0);
    await bench.clock.advance(1);
    const { delivered, redelivered, leaks } = bench.pipeline.lanes.get("sink")!;
    assert.deepEqual([delivered, redelivered, leaks], [1, 0, 0]);
    await bench.close();
  });
}

test("a call that does not end leaks after its grace, is told and counted, and the lane goes on", async () => {
  let calls = 0;
  const hung = Promise.withResolvers<void>();
  const write = (): Promise<void> | void => ++calls === 1 ? hung.promise : undefined;
  const bench = await openBench({ sink: { sink: write, timeoutMs: 1000, graceMs: 500 } });
  await bench.write("a");
  await bench.clock.advance(1499);
  assert.equal(calls, 1);
  await bench.clock.advance(1000);
  const { delivered, leaked, leaks } = bench.pipeline.lanes.get("sink")!;
  assert.deepEqual([delivered, leaked, leaks], [1, 1, 1]);
  assert.ok(bench.events.some(({ kind }) => kind === "lane-leaked"));
  hung.resolve();
  await bench.clock.advance(0);
  assert.equal(bench.pipeline.lanes.get("sink")!.leaked, 0);
  await bench.close();
});

test("a call that a close has aborted is told of as such when its grace is over", async () => {
  const write = (): Promise<void> => new Promise(() => {});
  const bench = await openBench({ sink: { sink: write, graceMs: 5000 } });
  await bench.write("a");
  await bench.close();
  const { message } = bench.events.find(({ kind }) => kind === "lane-leaked")!;
  assert.match(message, /still runs 5000 ms after the lane was closed and the call aborted: make/);
});

test("a sink with eight leaked calls gets no other until one ends", async () => {
  const hung = Promise.withResolvers<void>();
  let calls = 0;
  const write = (): Promise<void> => (calls++, hung.promise);
  const bench = await openBench({
    sink: { sink: write, timeoutMs: 10, graceMs: 10, breaker: false },
  });
  await bench.write("a");
  await bench.clock.advance(600_000);
  assert.equal(calls, 8);
  hung.resolve();
  await bench.clock.advance(0);
  assert.equal(bench.pipeline.lanes.get("sink")!.delivered, 1);
  await bench.close();
});

test("sinks that hang, more of them than workers, delay no other sink", async () => {
  const hang = () => new Promise<void>(() => {});
  const fast = recordingSink();
  const sinks = Object.fromEntries(
    messages(6).map((name) => [name, { sink: hang, order: "none" as const, concurrency: 8 }]),
  );
  const bench = await openBench({ ...sinks, fast }, { pool: { max: 3 } });
  for (let round = 0; round < 20; round++) {
    await bench.write(`record ${round}`);
    assert.equal(fast.records.length, round + 1, "delivered before any time has passed");
    await bench.clock.advance(30_000);
  }
  await bench.close();
});

test("the pool caps the calls of all sinks together", async () => {
  let inFlight = 0;
  let most = 0;
  const write = async (): Promise<void> => {
    most = Math.max(most, ++inFlight);
    await new Promise<void>((resolve) => bench.clock.setTimer(resolve, 10));
    inFlight--;
  };
  const lane = {
    sink: write,
    order: "none" as const,
    concurrency: 8,
    batch: { maxRecords: 1 },
  };
  const bench = await openBench({ a: lane, b: lane }, { pool: { max: 5 } });
  await bench.write(...messages(30));
  await bench.clock.advance(1000);
  assert.equal(most, 5);
  assert.deepEqual(bench.pipeline.lanes.list().map(({ delivered }) => delivered), [30, 30]);
  await bench.close();
});
