import assert from "node:assert/strict";
import { test } from "node:test";
import { type CursorRow, openWal } from "../mod.ts";
import { lineOf, readLog } from "./support/read_log.ts";
import { testDisk } from "./support/test_disk.ts";

const SLOT_BYTES = 65_536;

function row(nextSeq: number): CursorRow {
  const counts = { delivered: 0, deadLettered: 0, dropped: {}, filtered: 0, redelivered: 0 };
  return { lane: "a", since: 1, nextSeq, ...counts };
}

test("syncs of the cursors that are asked for at once never share a slot", async () => {
  const disk = testDisk();
  const wal = await openWal(disk.store());
  const rowsAt = (slot: number): string => {
    const bytes = disk.files.get("cursors")!.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES);
    return /"nextSeq":(\d+)/.exec(new TextDecoder().decode(bytes))?.[1] ?? "";
  };
  const save = (nextSeq: number): Promise<void> => {
    wal.saveCursorsSync([row(nextSeq)]);
    return wal.syncCursors();
  };
  await save(1);
  await save(2);
  await Promise.all([save(3), save(4)]);
  const before = [rowsAt(2), rowsAt(3)];
  assert.ok(before.includes("4"), `${before}`);
  // What the next one writes over must not be the newest that is durable.
  await save(5);
  assert.deepEqual([rowsAt(2), rowsAt(3)].sort(), ["4", "5"]);
  await wal.close();
});

test("what was given up of a longer log gives up nothing of this one", async () => {
  const disk = testDisk();
  const write = async (count: number): Promise<void> => {
    const wal = await openWal(disk.store(), { retain: "all" });
    for (let i = 0; i < count; i++) wal.stage(lineOf("n"));
    await wal.sync();
    await wal.close();
  };
  await write(10);
  const older = disk.copy();
  await write(90);
  const wal = await openWal(disk.store(), { retain: "all" });
  await wal.truncateBefore(80);
  await wal.close();
  // Segments of a backup beside cursors of today.
  for (const name of disk.segments) disk.files.delete(name);
  for (const name of older.segments) disk.files.set(name, older.files.get(name)!);
  await write(30);
  const again = await openWal(disk.store(), { retain: "all" });
  assert.equal(again.nextSeq, 41);
  assert.equal((await readLog(again, 11)).lines.size, 30);
  assert.deepEqual((await readLog(again, 11)).gaps, []);
  await again.close();
});
