import assert from "node:assert/strict";
import { test } from "node:test";
import { recordingSink } from "../src/testing/mod.ts";
import { openBench } from "./support/lanes.ts";

const breaker = { trip: { rule: "consecutive", failures: 1 }, openMs: 60_000 } as const;

test("D2: an open breaker spends no attempt, and the record is delivered when it closes", async () => {
  const sink = recordingSink((_, call) => call === 1 ? new Error("down") : undefined);
  const bench = await openBench({ sink: { sink, breaker, retry: { maxAttempts: 2 } } });
  await bench.write("a");
  await bench.clock.advance(59_999);
  const open = bench.pipeline.stats().lanes.sink!;
  assert.deepEqual([open.state, open.breaker, open.attempts], ["breaker-open", "open", 1]);
  await bench.clock.advance(1);
  const { delivered, deadLettered, attempts, state } = bench.pipeline.stats().lanes.sink!;
  assert.deepEqual([delivered, deadLettered, attempts, state], [1, 0, 2, "idle"]);
  assert.deepEqual(bench.events.map(({ kind }) => kind), [
    "breaker-open",
    "delivery-failed",
    "delivery-recovered",
  ]);
  await bench.close();
});

test("by default six failures in a row open the breaker for a minute", async () => {
  const sink = recordingSink(() => new Error("down"));
  const bench = await openBench({ sink });
  await bench.write("a");
  await bench.clock.advance(30_000);
  assert.equal(sink.offered.length, 6);
  await bench.clock.advance(60_000);
  assert.equal(sink.offered.length, 7);
  await bench.close();
});

test("drain() and close() do not wait for a breaker that is open for longer", async () => {
  const sink = recordingSink(() => new Error("down"));
  const bench = await openBench({ sink: { sink, breaker } });
  await bench.write("a");
  await bench.clock.advance(1000);
  let report: { drained: boolean } | undefined;
  void bench.pipeline.drain({ timeoutMs: 10_000 }).then((end) => report = end);
  await bench.clock.advance(0);
  assert.equal(report?.drained, false);
  await bench.close(50_000);
});

test("a breaker is isolated and released by its name; what is under way is kept", async () => {
  const sink = recordingSink();
  const bench = await openBench({ sink });
  const hold = bench.pipeline.breakers.force("isolated", "sink");
  await bench.write("a");
  assert.equal(bench.pipeline.stats().lanes.sink!.breaker, "isolated");
  assert.equal(sink.offered.length, 0);
  assert.equal((await bench.pipeline.drain()).drained, false);
  hold.release();
  await bench.clock.advance(0);
  assert.equal(bench.pipeline.stats().lanes.sink!.delivered, 1);
  await bench.close();
});

test("several batches that wait for one probe all go on after it", async () => {
  const sink = recordingSink((_, call) => call <= 3 ? new Error("down") : undefined, "none");
  const bench = await openBench({
    sink: { sink, breaker, concurrency: 3, batch: { maxRecords: 1 } },
  });
  await bench.write("a", "b", "c");
  await bench.clock.advance(200_000);
  assert.equal(bench.pipeline.stats().lanes.sink!.delivered, 3);
  await bench.close();
});

test("breaker: false leaves a sink without one", async () => {
  const sink = recordingSink(() => new Error("down"));
  const bench = await openBench({ sink: { sink, breaker: false } });
  await bench.write("a");
  await bench.clock.advance(120_000);
  assert.ok(sink.offered.length > 8, `${sink.offered.length} calls`);
  assert.equal(bench.pipeline.stats().lanes.sink!.breaker, "none");
  assert.deepEqual(bench.pipeline.breakers.list(), []);
  await bench.close();
});

test("what is the record's fault does not open the breaker", async () => {
  const sink = recordingSink(() => Object.assign(new Error("bad"), { status: 422 }));
  const bench = await openBench({ sink: { sink, breaker } });
  await bench.write("a", "b", "c");
  await bench.clock.advance(1000);
  const { deadLettered, breaker: state } = bench.pipeline.stats().lanes.sink!;
  assert.deepEqual([deadLettered, state], [3, "closed"]);
  await bench.close();
});
