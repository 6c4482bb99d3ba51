/** A `WritableStream` of batches as a sink. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { openBench } from "./support/lanes.ts";

test("a stream that fails stops its lane, told once; what is pending stays in the log", async () => {
  let calls = 0;
  const stream = new WritableStream<Batch>({
    write() {
      if (++calls === 2) throw new Error("connection reset");
    },
  });
  const other = recordingSink();
  const bench = await openBench({ stream, other });
  await bench.write("a");
  await bench.write("b");
  await bench.write("c");
  await bench.clock.advance(600_000);
  const { state, delivered, pending, deadLettered } = bench.pipeline.lanes.get("stream")!;
  assert.deepEqual([state, delivered, pending, deadLettered], ["stopped", 1, 2, 0]);
  assert.deepEqual(bench.events.map(({ message }) => message), [
    'Sink "stream" is closed: its stream failed for good: connection reset',
  ]);
  assert.deepEqual([calls, other.records.length], [2, 3]);
  await bench.close();
  const taken = recordingSink();
  const again = await openBench({ stream: taken }, {}, undefined, bench.store);
  await again.clock.advance(0);
  assert.deepEqual(taken.records.map(({ msg }) => msg), ["b", "c"]);
  await again.close();
});

test("a slow stream is waited for, and gets one batch at a time", async () => {
  const ends: (() => void)[] = [];
  const counts: number[] = [];
  const stream = new WritableStream<Batch>({
    write({ count }) {
      counts.push(count);
      return new Promise<void>((resolve) => ends.push(resolve));
    },
  });
  const bench = await openBench({ stream });
  await bench.write("a");
  await bench.write("b", "c");
  assert.deepEqual(counts, [1]);
  ends[0]!();
  await bench.clock.advance(0);
  assert.deepEqual([counts, bench.pipeline.lanes.get("stream")!.delivered], [[1, 2], 1]);
  ends[1]!();
  await bench.clock.advance(0);
  assert.equal(bench.pipeline.lanes.get("stream")!.delivered, 3);
  await bench.close();
});
