/** What a log pipeline is asked for in figures: no loss over a restart, a spike, a sink that half fails. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { backoff } from "../mod.ts";
import { fileStore } from "../src/storage/file.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { seededRandom } from "../src/testing/random.ts";
import { openAccounted } from "./support/accounted.ts";
import { messages, openBench } from "./support/lanes.ts";

test("no loss over a restart: what one process accepted, the next one delivers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "logflume-"));
  const sink = recordingSink((_, call) => call % 3 === 0 ? undefined : new Error("down"));
  try {
    for (let start = 0; start < 4; start++) {
      await using pipeline = await openAccounted({
        sinks: {
          sink: {
            sink,
            batch: { maxRecords: 100 },
            retry: { backoff: backoff.constant({ baseMs: 1 }) },
          },
        },
        wal: { store: fileStore(folder) },
        onEvent: () => {},
      });
      for (const n of messages(500)) assert.ok(pipeline.write(String(start * 500 + Number(n))));
      await pipeline.durable();
      // The last one waits for its sink, the others end with records on the disk.
      if (start === 3) await pipeline.drain();
      else await pipeline.close({ timeoutMs: 0 });
    }
    const got = new Set(sink.records.map(({ msg }) => Number(msg)));
    assert.deepEqual([...got], messages(2000).map(Number));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a spike of twice what the sink takes is delivered without a drop", async () => {
  const write = () => new Promise<void>((resolve) => bench.clock.setTimer(resolve, 100));
  const sink = recordingSink(write);
  // The sink takes 1,000 records in 100 ms.
  const bench = await openBench({ sink }, { buffer: { capacity: 1000, overflow: "block" } });
  let offered = 0;
  for (let ms = 0; ms < 10_000; ms += 100) {
    const isSpike = ms >= 2000 && ms < 7000;
    for (let i = 0; i < (isSpike ? 2000 : 500); i++) {
      assert.ok(bench.pipeline.write(String(offered++)), "no call is refused");
    }
    await bench.clock.advance(100);
  }
  assert.ok(bench.pipeline.lanes.get("sink")!.pending > 10_000, "the spike lies in the log");
  await bench.clock.advance(20_000);
  const { refused, lanes } = bench.pipeline.stats();
  assert.deepEqual([refused, lanes.sink!.dropped, lanes.sink!.pending], [{}, {}, 0]);
  assert.deepEqual(sink.records.map(({ msg }) => Number(msg)), messages(offered).map(Number));
  await bench.close();
});

for (const isDurable of [true, false]) {
  test(`99.9 % go through a sink that fails half the time (log on disk: ${isDurable})`, async () => {
    const random = seededRandom(1);
    const sink = recordingSink(() => random.chance(0.5) ? new Error("down") : undefined);
    const bench = await openBench(
      {
        sink: {
          sink,
          batch: { maxRecords: 10 },
          ...(isDurable ? {} : { retry: { maxAttempts: 12 } }),
        },
      },
      isDurable ? {} : { wal: undefined as never },
    );
    await bench.write(...messages(5000));
    while (bench.pipeline.lanes.get("sink")!.pending > 0) await bench.clock.advance(60_000);
    const { delivered, deadLettered } = bench.pipeline.lanes.get("sink")!;
    assert.equal(delivered + deadLettered, 5000);
    assert.ok(delivered >= 4995, `${delivered} of 5000`);
    await bench.close();
  });
}
