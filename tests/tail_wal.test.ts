/** The tail of a pipeline over its write-ahead log, read back from its segments. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileStore } from "../src/storage/store.ts";
import { memoryStore } from "../src/storage/memory.ts";
import { openPipeline } from "../src/pipeline/open.ts";
import type { Pipeline } from "../src/pipeline/pipeline.ts";
import { type FakeClock, fakeClock } from "../src/testing/fake_clock.ts";

const RECORDS = 3000;

/** A store that counts the files that are open for reading. */
function countingStore(): { store: FileStore; readonly open: number; readonly opened: number } {
  let open = 0;
  let opened = 0;
  const inner = memoryStore();
  const store: FileStore = Object.create(inner, {
    openFile: {
      value: async (name: string, access: "read" | "write") => {
        const file = await inner.openFile(name, access);
        if (access === "write") return file;
        open++;
        opened++;
        let isOpen = true;
        return new Proxy(file, {
          get(target, key) {
            const value: unknown = Reflect.get(target, key, target);
            if (key !== "close") return typeof value === "function" ? value.bind(target) : value;
            return () => {
              if (isOpen) open--;
              isOpen = false;
              target.close();
            };
          },
        });
      },
    },
  });
  return {
    store,
    get open() {
      return open;
    },
    get opened() {
      return opened;
    },
  };
}

/** Records of ten milliseconds each, of which nearly all are on the store alone. */
async function filled(store: FileStore, clock: FakeClock): Promise<Pipeline> {
  const wal = { store, segmentBytes: 64 * 1024, windowBytes: 4096 };
  const pipeline = await openPipeline({ sinks: {}, wal, clock });
  const log = pipeline.logger("test");
  for (let i = 1; i <= RECORDS; i++) {
    if (i % 500 === 0) log.warn(`n${i}`, { i });
    else log.info(`n${i}`, { i });
    if (i % 20 === 0) await pipeline.durable();
    await advance(clock, i);
  }
  await pipeline.durable();
  return pipeline;
}

async function advance(clock: FakeClock, i: number): Promise<void> {
  // Many records share a moment, as they do in life.
  if (i % 50 === 0) await clock.advance(500);
}

test("places by number, time and matches are found in the segments of a log, and no file stays open", async () => {
  const clock = fakeClock();
  const counting = countingStore();
  await using pipeline = await filled(counting.store, clock);
  const { tail } = pipeline;
  assert.ok(tail.stats().firstSeq > RECORDS - 200);
  const since = Date.UTC(2026, 0) + 500 * 20;
  const cursors = [
    tail.cursor({ since }),
    tail.cursor({ seq: 17 }),
    tail.cursor({ last: 2500 }),
    tail.cursor({ seq: await tail.seekBack({ matches: 3, matcher: (l) => l.includes("warn") }) }),
  ];
  const firsts: number[] = [];
  for (const cursor of cursors) {
    const read = await cursor.next();
    assert.equal(read.kind, "lines");
    firsts.push(read.kind === "lines" ? read.from : 0);
  }
  assert.deepEqual(firsts, [1001, 17, 501, 2000]);
  assert.ok(counting.open >= 4, `${counting.open} files are open`);
  for (const cursor of cursors) cursor.close();
  const stream = tail.readable({ from: { seq: 1 }, filter: "level>=warn i>600" }).getReader();
  const warned: number[] = [];
  while (warned.length < 5) {
    const { value } = await stream.read();
    if (value?.kind === "lines") value.lines().forEach((_, i) => warned.push(value.seqAt(i)));
  }
  assert.deepEqual(warned, [1000, 1500, 2000, 2500, 3000]);
  await stream.cancel();
  assert.deepEqual([tail.stats().clients, tail.stats().missed, counting.open], [0, 0, 0]);
});

test("a reader that is closed or aborted while it reads a segment leaves no file open", async () => {
  const clock = fakeClock();
  const counting = countingStore();
  await using pipeline = await filled(counting.store, clock);
  const { tail } = pipeline;
  const stop = new AbortController();
  const cursor = tail.cursor({ seq: 1 });
  const read = cursor.next();
  const stream = tail.readable({ from: { seq: 1 }, signal: stop.signal }).getReader().read();
  const subscription = tail.subscribe({ from: { seq: 1 }, filter: () => false }, () => {});
  const search = tail.seekBack({ matches: 1, matcher: () => false, signal: stop.signal });
  const { opened } = counting;
  while (counting.opened < opened + 1) await Promise.resolve();
  cursor.close();
  stop.abort(new Error("enough"));
  subscription.unsubscribe();
  assert.deepEqual(await read, { kind: "end" });
  await assert.rejects(stream, /enough/);
  await assert.rejects(search, /enough/);
  await subscription.ended;
  while (counting.open > 0) await new Promise<void>((resolve) => clock.defer(resolve));
  assert.equal(tail.stats().clients, 0);
});
