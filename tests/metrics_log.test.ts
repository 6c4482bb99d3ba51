/** What a log tells of itself for metrics: its limit, and how long its syncs take. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openWal } from "../mod.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { lineOf } from "./support/read_log.ts";
import { testDisk } from "./support/test_disk.ts";

test("stats() of a log tell its limit and how long syncs took", async () => {
  const clock = fakeClock();
  const disk = testDisk();
  const wal = await openWal(disk.store(), { clock, maxBytes: 1_000_000 });
  const before = wal.stats();
  disk.onSync = () => clock.advance(8);
  for (let i = 0; i < 3; i++) {
    wal.stage(lineOf(`m${i}`));
    await wal.sync();
  }
  disk.onSync = () => {};
  const { maxBytes, syncs, syncLatency } = wal.stats();
  assert.equal(maxBytes, 1_000_000);
  assert.equal(syncs - before.syncs, 3);
  assert.equal(syncLatency!.count - before.syncLatency!.count, 3);
  assert.ok(Math.abs(syncLatency!.p99Ms - 8) <= 8 / 32, `${syncLatency!.p99Ms}`);
  await wal.close();
});
