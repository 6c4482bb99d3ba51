/** The sync of the cursors: what it leaves behind, and what is delivered while it waits for a sink. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPipeline, systemClock } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { openBench } from "./support/lanes.ts";

test("what is delivered while a sink syncs is not sent again after a kill", async () => {
  const gate = Promise.withResolvers<void>();
  let isSlow = false;
  const sink = recordingSink();
  const syncing = { ...sink, sync: () => isSlow ? gate.promise : undefined };
  const { pipeline, clock, store, write, close } = await openBench({ sink: syncing });
  await write("a");
  isSlow = true;
  const added = pipeline.lanes.add("other", recordingSink());
  await write("b", "c");
  // The places are stored, and then those of before by the sync.
  await clock.advance(150);
  gate.resolve();
  await added;
  await clock.advance(150);

  const later = recordingSink();
  const second = await openBench({ sink: later, other: recordingSink() }, {}, clock, store);
  await clock.advance(1000);
  assert.deepEqual(later.records, []);
  await second.close();
  await close();
});

test("a sync leaves no timer behind", async () => {
  const { pipeline, clock, close } = await openBench({ sink: recordingSink() });
  await clock.advance(200);
  const before = clock.pending;
  for (let i = 0; i < 5; i++) {
    await pipeline.lanes.add(`lane ${i}`, recordingSink());
    await pipeline.lanes.remove(`lane ${i}`, { forget: true });
  }
  await clock.advance(1500);
  assert.equal(clock.pending, before);
  await close();
});

test("the process waits for a lane that is added or removed", async () => {
  let held = 0;
  let most = 0;
  const clock = {
    ...systemClock,
    hold() {
      most = Math.max(most, ++held);
      return () => void held--;
    },
  };
  const pipeline = await openPipeline({ sinks: {}, clock });
  for (
    const step of [
      () => pipeline.lanes.add("sink", recordingSink()),
      () => pipeline.lanes.remove("sink"),
    ]
  ) {
    most = 0;
    const isDone = step();
    assert.equal(most, 1);
    await isDone;
    assert.equal(held, 0);
  }
  await pipeline.close();
});

test("a sink that never ends its sync is waited for once, and again when it has ended it", async () => {
  const gate = Promise.withResolvers<void>();
  let syncs = 0;
  let isStuck = false;
  const sync = (): Promise<void> | undefined => (syncs++, isStuck ? gate.promise : undefined);
  const { pipeline, clock, events, close } = await openBench({
    stuck: { ...recordingSink(), sync },
  });
  isStuck = true;
  const before = syncs;
  const first = pipeline.lanes.add("first", recordingSink());
  await clock.advance(5000);
  await first;
  await pipeline.lanes.add("second", recordingSink());
  assert.deepEqual([syncs - before, events.length], [1, 1]);
  assert.match(events[0]!.message, /"stuck" cannot sync: it took longer than 5000 ms/);
  isStuck = false;
  gate.resolve();
  await clock.advance(0);
  await pipeline.lanes.add("third", recordingSink());
  assert.equal(syncs - before, 2);
  await close();
});
