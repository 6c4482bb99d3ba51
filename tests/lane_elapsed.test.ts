/** How long a lane tries: time in which nobody may try costs no record. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type LaneStats, SinkParkedError } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { openBench } from "./support/lanes.ts";

const HOUR_MS = 3_600_000;
const retry = { maxElapsedMs: 1000, backoff: () => 400 };

/** Counts of a lane: delivered, and given up. */
function ends({ delivered, deadLettered }: LaneStats): [number, number] {
  return [delivered, deadLettered];
}

test("a record does not expire while its lane is paused between two tries", async () => {
  const sink = recordingSink((_, call) => call < 3 ? new Error("down") : undefined);
  const { pipeline, clock, write, close } = await openBench({ sink: { sink, retry } });
  await write("a");
  pipeline.lanes.pause("sink");
  await clock.advance(HOUR_MS);
  pipeline.lanes.resume("sink");
  await clock.advance(900);
  assert.deepEqual(ends(pipeline.lanes.get("sink")!), [1, 0]);
  await close();
});

test("a record does not expire while its lane is parked", async () => {
  const sink = recordingSink((_, call) =>
    call < 3 ? new SinkParkedError("wrong token") : call === 3 ? new Error("down") : undefined
  );
  const { pipeline, clock, write, close } = await openBench({ sink: { sink, retry } });
  await write("a");
  await clock.advance(HOUR_MS);
  assert.deepEqual(ends(pipeline.lanes.get("sink")!), [1, 0]);
  await close();
});

test("a record does not expire over an open breaker", async () => {
  const sink = recordingSink((_, call) => call < 4 ? new Error("down") : undefined);
  const breaker = { trip: { rule: "consecutive", failures: 1 }, openMs: HOUR_MS } as const;
  const { pipeline, clock, write, close } = await openBench({ sink: { sink, retry, breaker } });
  await write("a");
  await clock.advance(4 * HOUR_MS);
  assert.deepEqual(ends(pipeline.lanes.get("sink")!), [1, 0]);
  await close();
});

test("the time of tries and of the waits between them counts", async () => {
  const { pipeline, clock, write, close } = await openBench({
    sink: { sink: recordingSink(() => new Error("down")), retry, breaker: false },
  });
  await write("a");
  await clock.advance(999);
  assert.deepEqual(ends(pipeline.lanes.get("sink")!), [0, 0]);
  await clock.advance(1);
  assert.deepEqual(ends(pipeline.lanes.get("sink")!), [0, 1]);
  await close();
});

test("a dead letter that waits for its turn in a replay does not expire", async () => {
  const sink = recordingSink((_, call) => call < 6 ? new Error("down") : undefined);
  const bench = await openBench({ sink: { sink, retry, breaker: false } });
  const { pipeline, clock } = bench;
  await bench.write("a");
  await clock.advance(1000);
  assert.deepEqual([sink.offered.length, ...ends(pipeline.lanes.get("sink")!)], [4, 0, 1]);
  pipeline.lanes.pause("sink");
  const replay = pipeline.deadLetters.replay();
  await clock.advance(HOUR_MS);
  pipeline.lanes.resume("sink");
  await clock.advance(1000);
  assert.equal((await replay).replayed, 1);
  await bench.close();
});
