import assert from "node:assert/strict";
import { test } from "node:test";
import { openWal } from "../mod.ts";
import { simulatedDisk } from "../src/testing/simulated_disk.ts";
import { lineOf } from "./support/read_log.ts";

test("a reader never remembers what stood behind the end of the log", async () => {
  const wal = await openWal(simulatedDisk({ seed: 1 }).store(), { windowBytes: 0 });
  const write = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      wal.stage(lineOf(`n${wal.nextSeq}`));
      await wal.sync();
    }
  };
  await write(10);
  const reader = wal.reader(1);
  assert.equal((await reader.next()).kind, "lines");
  // These take the place of room that read as zeros when the reader looked there.
  await write(10);
  for (let seq = 2; seq <= 20; seq++) {
    const read = await reader.next();
    assert.equal(read.kind === "lines" && read.chunk.firstSeq, seq);
  }
  reader.close();
  await wal.close();
});
