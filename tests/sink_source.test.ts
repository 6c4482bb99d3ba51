import assert from "node:assert/strict";
import { test } from "node:test";
import type { BatchSource, Sink } from "../src/sink/sink.ts";
import { openPipeline } from "../src/pipeline/open.ts";
import { simulatedDisk } from "../src/testing/simulated_disk.ts";

test("a sink learns which log, lane and run its batches come from, and where the run began", async () => {
  const disk = simulatedDisk({ seed: 1 });
  const sources: BatchSource[] = [];
  const sink: Sink = { write: (_, { source }) => void sources.push(source!) };
  for (let run = 1; run <= 2; run++) {
    const pipeline = await openPipeline({ sinks: { web: sink }, wal: { store: disk.store() } });
    pipeline.write("one");
    pipeline.write("two");
    await pipeline.close();
  }
  const [first, second] = [sources[0]!, sources.at(-1)!];
  assert.match(first.logId, /^[0-9a-f]{16}$/);
  assert.deepEqual(first, { ...first, lane: "web", run: `${first.logId}.1`, runFirstSeq: 1 });
  assert.deepEqual(second, { ...first, run: `${first.logId}.2`, runFirstSeq: 3 });
});
