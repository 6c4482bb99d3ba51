import assert from "node:assert/strict";
import { test } from "node:test";
import { openPipeline, openWal } from "../mod.ts";
import { testDisk } from "./support/test_disk.ts";

test("a sink that was away while the log lost its unsynced end misses no later record", async () => {
  const disk = testDisk();
  const wal = await openWal(disk.store());
  const counts = { deadLettered: 0, dropped: {}, filtered: 0, redelivered: 0 };
  // It was given records that a power cut then took from the log.
  wal.saveCursorsSync([{ lane: "away", since: 1, nextSeq: 21, delivered: 20, ...counts }]);
  await wal.close();
  const onEvent = (): void => {};
  const run = async (name: string, records: number): Promise<string[]> => {
    const got: string[] = [];
    const pipeline = await openPipeline({
      wal: { store: disk.store() },
      sinks: { [name]: (batch) => void got.push(...batch.lines()) },
      onEvent,
    });
    for (let i = 0; i < records; i++) pipeline.logger().info(`r${i}`);
    await pipeline.close();
    return got;
  };
  assert.equal((await run("here", 50)).length, 50);
  assert.equal((await run("away", 0)).length, 50);
});
