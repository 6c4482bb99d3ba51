import assert from "node:assert/strict";
import { test } from "node:test";
import { recordingSink } from "../src/testing/mod.ts";
import { messages, openBench } from "./support/lanes.ts";

const batch = { maxRecords: 10, maxAgeMs: 500 };

test("a batch waits for more records, until they are many, large or old enough", async () => {
  const sink = recordingSink();
  const bench = await openBench({ sink: { sink, batch: { ...batch, maxBytes: 2000 } } });
  await bench.write("a");
  await bench.clock.advance(300);
  await bench.write("b");
  await bench.clock.advance(199);
  assert.deepEqual(sink.offered, []);
  await bench.clock.advance(1);
  assert.deepEqual(sink.offered, [2]);
  await bench.write(...messages(10));
  assert.deepEqual(sink.offered, [2, 10]);
  await bench.write("x".repeat(2000));
  assert.deepEqual(sink.offered, [2, 10, 1]);
  await bench.close();
});

test("drain() and close() wait for no full batch", async () => {
  const sink = recordingSink();
  const bench = await openBench({ sink: { sink, batch: { ...batch, maxAgeMs: Infinity } } });
  await bench.write("a");
  assert.equal(sink.records.length, 0);
  assert.equal((await bench.pipeline.drain()).drained, true);
  bench.pipeline.write("b");
  await bench.close(1000);
  assert.deepEqual(sink.offered, [1, 1]);
});

test("after a batch the next record waits its own time", async () => {
  const sink = recordingSink();
  const bench = await openBench({ sink: { sink, batch } });
  await bench.write(...messages(10));
  await bench.clock.advance(5000);
  await bench.write("late");
  await bench.clock.advance(499);
  assert.deepEqual(sink.offered, [10]);
  await bench.clock.advance(1);
  assert.deepEqual(sink.offered, [10, 1]);
  await bench.close();
});

test("records left by a full batch wait no longer than they may", async () => {
  const sink = recordingSink();
  const bench = await openBench({ sink: { sink, batch } });
  await bench.write(...messages(13));
  assert.deepEqual(sink.offered, [10]);
  await bench.clock.advance(500);
  assert.deepEqual(sink.offered, [10, 3]);
  await bench.close();
});
