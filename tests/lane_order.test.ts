import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch, LogRecord } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { messages, openBench } from "./support/lanes.ts";

const textOf = (batch: Batch): string => batch.records().map(({ msg }) => msg).join(" ");
const key = ({ msg }: LogRecord): string => msg.slice(0, 1);

test("strict order: the cursor stands at the first failure while the rest is tried again", async () => {
  const sink = recordingSink((batch) => ({ retry: batch.count > 1 ? [3] : [0] }));
  const bench = await openBench({ sink });
  await bench.write(...messages(8));
  const { nextSeq, delivered, pending } = bench.pipeline.stats().lanes.sink!;
  assert.deepEqual([nextSeq, delivered, pending], [4, 3, 5]);
  await bench.close();
});

test("strict order: when tries are used up only the record that failed is given up", async () => {
  const sink = recordingSink((batch) => {
    const bad = batch.records().findIndex(({ msg }) => msg === "3");
    return bad < 0 ? undefined : { retry: [bad] };
  });
  const bench = await openBench({ sink: { sink, retry: { maxAttempts: 3 } } });
  await bench.write(...messages(8));
  await bench.clock.advance(60_000);
  const { delivered, deadLettered } = bench.pipeline.stats().lanes.sink!;
  assert.deepEqual([delivered, deadLettered], [7, 1]);
  const [letter] = await Array.fromAsync(bench.pipeline.deadLetters.list());
  assert.deepEqual([letter!.seq, letter!.reason], [4, "max_attempts"]);
  await bench.close();
});

test("W5: by key, tries of one keep its order, and another key does not wait for them", async () => {
  const calls: string[] = [];
  const write = (batch: Batch): void => {
    calls.push(textOf(batch));
    const failures = calls.filter((call) => call === "A1").length;
    if (textOf(batch) === "A1" && failures <= 2) throw new Error("down");
  };
  const bench = await openBench({
    sink: { sink: write, order: { key }, concurrency: 4, batch: { maxRecords: 1 } },
  });
  await bench.write("A1", "A2", "B1", "A3");
  assert.deepEqual(calls, ["A1", "B1"]);
  await bench.clock.advance(199);
  assert.deepEqual(calls, ["A1", "B1", "A1"]);
  await bench.clock.advance(60_000);
  assert.deepEqual(calls.filter((call) => call.startsWith("A")), ["A1", "A1", "A1", "A2", "A3"]);
  assert.equal(bench.pipeline.stats().lanes.sink!.pending, 0);
  await bench.close();
});

test("by key, what follows a failure of its key goes again with it, and no other key does", async () => {
  const calls: string[] = [];
  const write = (batch: Batch) => {
    calls.push(textOf(batch));
    return calls.length === 1 ? { retry: [0] } : undefined;
  };
  const bench = await openBench({ sink: { sink: write, order: { key } } });
  await bench.write("A1", "B1", "A2", "C1");
  await bench.clock.advance(1000);
  assert.deepEqual(calls, ["A1 B1 A2 C1", "A1 A2"]);
  await bench.close();
});

test("by key, a function that throws gives the empty key and loses nothing", async () => {
  const sink = recordingSink();
  const order = {
    key: () => {
      throw new Error("no key");
    },
  };
  const bench = await openBench({ sink: { sink, order } });
  await bench.write(...messages(10));
  assert.deepEqual(sink.records.map(({ msg }) => msg), messages(10));
  await bench.close();
});

test("without order the cursor stays at a stuck record, and others go on so far and no further", async () => {
  let calls = 0;
  const write = (batch: Batch): void => {
    calls++;
    if (textOf(batch) === "0") throw new Error("stuck");
  };
  const bench = await openBench({
    sink: {
      sink: write,
      order: "none",
      concurrency: 2,
      batch: { maxRecords: 1 },
      breaker: false,
    },
  });
  await bench.write(...messages(100));
  const { nextSeq, delivered, inFlight } = bench.pipeline.stats().lanes.sink!;
  assert.deepEqual([nextSeq, delivered, inFlight, calls], [1, 7, 1, 8]);
  await bench.close();
});

test("order of the options wins over the sink's own", async () => {
  let inFlight = 0;
  let most = 0;
  const bench = await openBench({
    sink: {
      sink: {
        order: "none",
        async write() {
          most = Math.max(most, ++inFlight);
          await new Promise<void>((resolve) => bench.clock.setTimer(resolve, 10));
          inFlight--;
        },
      },
      order: "strict",
      batch: { maxRecords: 1 },
    },
  });
  await bench.write(...messages(5));
  await bench.clock.advance(100);
  assert.equal(most, 1);
  assert.equal(bench.pipeline.stats().lanes.sink!.delivered, 5);
  await bench.close();
});
