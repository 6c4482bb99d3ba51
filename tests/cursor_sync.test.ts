/** How often a pipeline makes its cursors survive a power cut, apart from trims. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPipeline } from "../mod.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { durableMemory } from "./support/durable_memory.ts";

test("sinks and cursors are synced once a minute while records come, and not when none do", async () => {
  const clock = fakeClock();
  let syncs = 0;
  const pipeline = await openPipeline({
    clock,
    wal: { store: durableMemory(), retain: "all" },
    sinks: { counted: { write: () => {}, sync: () => void syncs++ } },
  });
  const atOpening = syncs;
  for (let second = 0; second < 59; second++) {
    pipeline.write({ level: "info", msg: "tick" });
    await clock.advance(1_000);
  }
  assert.equal(syncs, atOpening);
  for (let second = 0; second < 120; second++) {
    pipeline.write({ level: "info", msg: "tick" });
    await clock.advance(1_000);
  }
  assert.equal(syncs, atOpening + 2);
  await clock.advance(600_000);
  assert.equal(syncs, atOpening + 2);
  const closed = pipeline.close();
  await clock.advance(60_000);
  await closed;
});
