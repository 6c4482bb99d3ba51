import assert from "node:assert/strict";
import { test } from "node:test";
import { openWal } from "../mod.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { lineOf, readLog } from "./support/read_log.ts";
import { testDisk } from "./support/test_disk.ts";

/** Runs `work` while standard error is listened to; resolves to what was said. */
async function listening(work: () => Promise<void>): Promise<string[]> {
  const said: string[] = [];
  const { error } = console;
  console.error = (line: string) => void said.push(line);
  try {
    await work();
  } finally {
    console.error = error;
  }
  return said;
}

test("a listener that throws costs no record", async () => {
  const disk = testDisk();
  const said = await listening(async () => {
    const wal = await openWal(disk.store(), { windowBytes: 0 });
    const told: number[] = [];
    wal.onWritten(() => {
      throw new Error("not today");
    });
    wal.onWritten(({ count }) => void told.push(count));
    // Several frames in one write.
    for (let i = 0; i < 3000; i++) wal.stage(lineOf(`n${i}`));
    await wal.sync();
    assert.equal(wal.writtenSeq, 3001);
    assert.equal(told.reduce((sum, count) => sum + count, 0), 3000);
    const { lines, gaps } = await readLog(wal);
    assert.deepEqual([lines.size, gaps], [3000, []]);
    await wal.close();
  });
  assert.deepEqual(said, ["logflume: a listener of onWritten threw not today"]);
  const wal = await openWal(disk.store());
  assert.equal((await readLog(wal)).lines.size, 3000);
  await wal.close();
});

test("an onNotice that throws leaves nobody waiting for ever", async () => {
  const disk = testDisk();
  const clock = fakeClock();
  const said = await listening(async () => {
    const wal = await openWal(disk.store(), {
      clock,
      onNotice: () => {
        throw new Error("not today");
      },
    });
    disk.room = 0;
    wal.stage(lineOf("waits"));
    const durable = wal.sync();
    await undefined;
    disk.room = Infinity;
    await clock.advance(250);
    await durable;
    assert.equal(wal.durableSeq, 2);
    wal.stage(lineOf("lost"));
    disk.onSync = () => new Error("EIO");
    await assert.rejects(wal.sync(), /cannot be synced: EIO/);
    await wal.close();
  });
  assert.ok(said.length > 0);
  assert.equal(new Set(said).size, 1);
  assert.equal(said[0], "logflume: onNotice threw not today");
});
