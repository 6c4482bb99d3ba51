/** Records that wait for their key: in memory, so there is an end to them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogRecord } from "../mod.ts";
import { batchOf, type LineBatch } from "../src/delivery/batch.ts";
import { KeyLines } from "../src/delivery/key_lines.ts";
import { LaneReader, type LaneReaderHost } from "../src/delivery/lane_reader.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

const key = ({ msg }: LogRecord): string => msg.slice(0, 1);
const ALL = { maxRecords: Infinity, maxBytes: Infinity };

function batchFrom(firstSeq: number, ...messages: readonly string[]): LineBatch {
  const lines = messages.map((msg) => JSON.stringify({ msg }) + "\n").join("");
  const bytes = new TextEncoder().encode(lines);
  return batchOf([{ firstSeq, count: messages.length, bytes }]);
}

test("a lane by key claims no more while what waits for keys in flight is many bytes", async () => {
  let claimedTo = 1;
  const cursor = {
    nextSeq: 1,
    get claimedTo() {
      return claimedTo;
    },
    claim: () => batchFrom(claimedTo++, "A".padEnd(1000, "x")),
  };
  const batch = { maxRecords: 1000, maxBytes: 10_000, maxAgeMs: 0 };
  const reader = new LaneReader(
    {
      settings: { level: "trace", order: { key }, batch, concurrency: 2 },
      host: { clock: fakeClock(), log: { writtenSeq: 1_000_000 }, settled() {} },
      cursor,
    } as unknown as LaneReaderHost,
  );
  const first = await reader.next();
  assert.equal(first?.count, 1);
  assert.equal(await reader.next(), undefined);
  // 4 batches for each of the 2 that may be in flight, and the record that reaches over.
  const { waitingBytes } = reader.keys!;
  assert.ok(waitingBytes >= 80_000 && waitingBytes < 82_000, `${waitingBytes} bytes wait`);
  reader.keys!.release(first!);
  assert.equal((await reader.next())?.count, 9);
  assert.equal(await reader.next(), undefined);
  assert.ok(reader.keys!.waitingBytes < 82_000);
});

test("bytes that wait are those of the records that wait", () => {
  const keys = new KeyLines(key);
  keys.add(batchFrom(1, "A1", "B1", "A2"));
  assert.equal(keys.waitingBytes, 3 * 13);
  const some = keys.take({ maxRecords: 1, maxBytes: Infinity })!;
  assert.equal(keys.waitingBytes, 2 * 13);
  const others = keys.take(ALL)!;
  assert.deepEqual([some.seqAt(0), others.seqAt(0)], [1, 2]);
  assert.equal(keys.take(ALL), undefined);
  keys.release(some);
  assert.equal(keys.take(ALL)!.seqAt(0), 3);
  assert.equal(keys.waitingBytes, 0);
});
