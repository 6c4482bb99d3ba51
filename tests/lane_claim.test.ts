/** What a lane takes at once of records that lie on the disk. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, openWal, type Wal } from "../mod.ts";
import { LogCursor } from "../src/delivery/log_cursor.ts";
import type { CursorRow, LogRead, LogReader, LogStore } from "../src/storage/store.ts";
import { fakeClock, recordingSink } from "../src/testing/mod.ts";
import { openAccounted } from "./support/accounted.ts";
import { durableMemory } from "./support/durable_memory.ts";
import { messages, openBench } from "./support/lanes.ts";
import { lineOf } from "./support/read_log.ts";

test("a lane that lags sends full batches from the disk, however small the writes were", async () => {
  const store = durableMemory();
  const first = await openBench({}, {}, fakeClock(), store);
  for (const msg of messages(30)) await first.write(msg);
  await first.close();
  const sink = recordingSink();
  await using second = await openAccounted({
    sinks: { sink: { sink, from: "start", batch: { maxRecords: 10 } } },
    wal: { store },
    onEvent: () => {},
  });
  await second.drain();
  assert.deepEqual(sink.offered, [10, 10, 10]);
  assert.deepEqual(sink.records.map(({ msg }) => msg), messages(30));
});

/** A reader of a disk that answers when it is told to. */
interface SlowReads {
  readonly log: LogStore;
  /** Answers the oldest read; with an error, if one is given. */
  answer(error?: Error): Promise<void>;
}

function slowReads(wal: Wal): SlowReads {
  const waiting: PromiseWithResolvers<void>[] = [];
  const log = new Proxy<LogStore>(wal, {
    get(target, key) {
      if (key !== "reader") return target[key as keyof LogStore];
      return (seq: number): LogReader => slowReader(wal.reader(seq), waiting);
    },
  });
  return {
    log,
    async answer(error) {
      const { resolve, reject } = waiting.shift()!;
      if (error === undefined) resolve();
      else reject(error);
      // The answer has to come through the cursor.
      await new Promise<void>((done) => void setImmediate(done));
    },
  };
}

function slowReader(reader: LogReader, waiting: PromiseWithResolvers<void>[]): LogReader {
  return {
    get nextSeq() {
      return reader.nextSeq;
    },
    next: async (): Promise<LogRead> => {
      const turn = Promise.withResolvers<void>();
      waiting.push(turn);
      await turn.promise;
      return await reader.next();
    },
    seek: (seq) => reader.seek(seq),
    close: () => reader.close(),
  };
}

const LIMITS = { maxRecords: 4, maxBytes: 10_000 };

/** A cursor at the start of a log of records that were written one at a time. */
async function slowCursor(records: number): Promise<SlowReads & { readonly cursor: LogCursor }> {
  const wal = await openWal(memoryStore());
  for (const msg of messages(records)) {
    wal.stage(lineOf(msg));
    wal.flushSync();
  }
  const counts = { delivered: 0, deadLettered: 0, dropped: {}, filtered: 0, redelivered: 0 };
  const row: CursorRow = { lane: "sink", since: 1, nextSeq: 1, ...counts };
  const slow = slowReads(wal);
  return { ...slow, cursor: new LogCursor(slow.log, row) };
}

test("claim() begins anew when records are given up while it waits for the disk", async () => {
  const { cursor, answer } = await slowCursor(8);
  const claiming = cursor.claim(LIMITS);
  await answer();
  await answer();
  // Records 1 and 2 are in hand; of these 2 is still wanted.
  cursor.skipTo(2, "wal_limit");
  for (let i = 0; i < 5; i++) await answer();
  const batch = (await claiming)!;
  assert.deepEqual(batch.runs, [{ firstSeq: 2, count: 4 }]);
  cursor.settle(batch, "delivered");
  const { nextSeq, delivered, dropped } = cursor.row;
  assert.deepEqual([nextSeq, delivered, dropped], [6, 4, { wal_limit: 1 }]);
});

test("claim() gives what it has when the disk fails, and meets the failure the next time", async () => {
  const { cursor, answer } = await slowCursor(3);
  const claiming = cursor.claim(LIMITS);
  await answer();
  await answer(new Error("EIO"));
  const batch = (await claiming)!;
  assert.deepEqual(batch.runs, [{ firstSeq: 1, count: 1 }]);
  const again = Promise.resolve(cursor.claim(LIMITS));
  await Promise.all([assert.rejects(again, /EIO/), answer(new Error("EIO"))]);
  const last = cursor.claim(LIMITS);
  for (let i = 0; i < 3; i++) await answer();
  assert.deepEqual((await last)!.runs, [{ firstSeq: 2, count: 2 }]);
});
