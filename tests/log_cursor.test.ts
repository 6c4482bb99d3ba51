/** A lane's cursor on a log, where records are given up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogStore, memoryStore, openWal } from "../mod.ts";
import { LogCursor } from "../src/delivery/log_cursor.ts";
import type { LineBatch } from "../src/delivery/batch.ts";

const ROW = { lane: "sink", since: 1, delivered: 0, deadLettered: 0, filtered: 0, redelivered: 0 };

async function cursorOver(records: number): Promise<{ log: LogStore; cursor: LogCursor }> {
  const log = await openWal(memoryStore());
  for (let i = 1; i <= records; i++) log.stage(`{"n":${i}}\n`);
  await log.sync();
  return { log, cursor: new LogCursor(log, { ...ROW, nextSeq: 1, dropped: {} }) };
}

async function claim(cursor: LogCursor, maxRecords: number): Promise<LineBatch | undefined> {
  return await cursor.claim({ maxRecords, maxBytes: Infinity });
}

test("skipTo() gives up what is not claimed, once, and leaves what is claimed alone", async () => {
  const { log, cursor } = await cursorOver(10);
  const first = await claim(cursor, 3);
  cursor.skipTo(2, "wal_limit");
  assert.deepEqual([cursor.claimedTo, cursor.settled.dropped], [4, {}]);
  cursor.skipTo(7, "wal_limit");
  cursor.skipTo(7, "wal_limit");
  cursor.skipTo(5, "wal_limit");
  assert.deepEqual([cursor.claimedTo, cursor.nextSeq, cursor.settled.dropped], [7, 1, {
    wal_limit: 3,
  }]);
  const rest = await claim(cursor, 100);
  assert.deepEqual([rest!.seqAt(0), rest!.count], [7, 4]);
  cursor.settle(rest!, "delivered");
  assert.equal(cursor.nextSeq, 1);
  cursor.settle(first!, "delivered");
  const { nextSeq, delivered, dropped } = cursor.row;
  assert.deepEqual([nextSeq, delivered, dropped], [11, 7, { wal_limit: 3 }]);
  cursor.close();
  await log.close();
});

test("skipTo() forgets what was read ahead: a skipped record is never claimed", async () => {
  const { log, cursor } = await cursorOver(10);
  // All ten are read; what the claim leaves is kept for the next one.
  await claim(cursor, 1);
  cursor.skipTo(11, "wal_limit");
  assert.equal(await claim(cursor, 100), undefined);
  log.stage('{"n":11}\n');
  await log.sync();
  const next = await claim(cursor, 100);
  assert.deepEqual([next!.seqAt(0), next!.count], [11, 1]);
  cursor.close();
  await log.close();
});
