import assert from "node:assert/strict";
import { test } from "node:test";
import { type CursorRow, openWal } from "../mod.ts";
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
