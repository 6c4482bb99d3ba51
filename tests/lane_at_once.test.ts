import assert from "node:assert/strict";
import { test } from "node:test";
import { type Batch, type Sink, SinkClosedError } from "../mod.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { type Bench, messages, openBench } from "./support/lanes.ts";

const ONE = { maxRecords: 1 };

/** A sink that answers when it returns, and calls this with each batch and how many came before. */
function sinkAtOnce(
  take: (calls: number, batch: Batch) => void,
): Sink & { readonly calls: number } {
  let calls = 0;
  return {
    write: (batch) => take(calls++, batch),
    get calls() {
      return calls;
    },
  };
}

test("while a sink that answers at once takes a batch, the lane says that it delivers", async () => {
  const seen: unknown[] = [];
  const sink = sinkAtOnce(() => {
    const { state, inFlight, pending } = bench.pipeline.stats().lanes.sink!;
    seen.push([state, inFlight, pending]);
  });
  const bench: Bench = await openBench({ sink: { sink, batch: ONE } });
  await bench.write("a", "b");
  assert.deepEqual(seen, [["delivering", 1, 2], ["delivering", 1, 1]]);
  const { state, inFlight } = bench.pipeline.stats().lanes.sink!;
  assert.deepEqual([state, inFlight], ["idle", 0]);
  await bench.close();
});

test("a sink that pauses its lane from within a call gets no other until it is resumed", async () => {
  const sink = sinkAtOnce((calls) => calls === 2 && bench.pipeline.lanes.pause("sink"));
  const bench: Bench = await openBench({ sink: { sink, batch: ONE } });
  await bench.write(...messages(10));
  assert.equal(sink.calls, 3);
  bench.pipeline.lanes.resume("sink");
  await bench.clock.advance(0);
  assert.equal(sink.calls, 10);
  await bench.close();
});

test("a sink that writes to the log from within a call gets that record in a later call", async () => {
  const taken: string[] = [];
  const sink = sinkAtOnce((calls, batch) => {
    taken.push(...batch.records().map(({ msg }) => msg));
    if (calls === 0) bench.pipeline.write("from within");
  });
  const bench: Bench = await openBench({ sink: { sink, batch: ONE } });
  await bench.write("a", "b");
  assert.deepEqual(taken, ["a", "b", "from within"]);
  await bench.close();
});

test("errors of a sink that throws at once are tried again, and its end ends the lane", async () => {
  const sink = sinkAtOnce((calls) => {
    if (calls === 0) throw new Error("down");
    if (calls === 3) throw new SinkClosedError("gone");
  });
  const bench: Bench = await openBench({ sink: { sink, batch: ONE } });
  await bench.write("a", "b", "c", "d");
  await bench.clock.advance(1000);
  const { state, delivered, pending, attempts } = bench.pipeline.stats().lanes.sink!;
  assert.deepEqual([state, delivered, pending, attempts], ["stopped", 2, 2, 4]);
  await bench.close();
});

test("a lane whose sink answers at once lets others have the event loop now and then", async () => {
  const clock = fakeClock();
  const { monotonic } = clock;
  let calls = 0;
  // A millisecond for each call.
  clock.monotonic = () => monotonic() + calls;
  let callsBefore = NaN;
  const sink = sinkAtOnce(() => {
    if (calls++ === 0) setImmediate(() => callsBefore = calls);
  });
  const bench: Bench = await openBench({ sink: { sink, batch: ONE } }, {}, clock);
  await bench.write(...messages(100));
  assert.ok(callsBefore < 50, `another turn came after ${callsBefore} calls`);
  await bench.pipeline.drain();
  assert.equal(sink.calls, 100);
  await bench.close();
});
