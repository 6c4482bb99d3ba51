/** `subscribe()`: in the background, in order; one failing or slow handler harms nobody and is counted. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import {
  type LogRecord,
  openPipeline,
  type Pipeline,
  type PipelineEvent,
  type Subscription,
} from "../mod.ts";
import { Subscriptions } from "../src/pipeline/subscriptions.ts";
import { systemClock } from "../src/clock.ts";
import { fileStore } from "../src/storage/file.ts";
import type { LogChunk, LogStore } from "../src/storage/store.ts";
import { fakeClock, recordingSink } from "../src/testing/mod.ts";
import { durableMemory } from "./support/durable_memory.ts";
import { inFolder } from "./support/spawn.ts";

declare function setImmediate(fn: () => void): unknown;

/** Lets the event loop turn until `condition` holds; the runner's limit ends it if it never does. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => void setImmediate(resolve));
}

const never = (): Promise<void> => new Promise(() => {});

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Offers records as fast as they are taken; gives how many. */
async function pour(pipeline: Pipeline, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (!pipeline.write({ level: "info", msg: String(i) })) {
      await pipeline.ready;
      i--;
    }
  }
  await pipeline.durable();
}

test("a handler is called in the background, in order, one record at a time", async () => {
  const pipeline = await openPipeline({ sinks: {}, wal: { store: durableMemory() } });
  const seen: number[] = [];
  let calls = 0;
  let most = 0;
  pipeline.subscribe({}, async ({ msg }) => {
    most = Math.max(most, ++calls);
    await Promise.resolve();
    seen.push(Number(msg));
    calls--;
  });
  for (let i = 0; i < 3000; i++) {
    pipeline.write(String(i));
    assert.equal(seen.length, 0, "not while the caller runs");
  }
  await until(() => seen.length === 3000);
  assert.deepEqual([seen, most], [upTo(3000), 1]);
  await pipeline.close();
});

test("a hanging and a failing handler delay neither another handler, nor a sink, nor a writer", async () => {
  const sink = recordingSink();
  const clock = fakeClock();
  const pipeline = await openPipeline({ sinks: { sink }, clock, onEvent: () => {} });
  const seen: number[] = [];
  pipeline.subscribe({ name: "hanging" }, never);
  pipeline.subscribe({ name: "throwing" }, () => {
    throw new Error("on purpose");
  });
  pipeline.subscribe({ name: "rejecting" }, () => Promise.reject(new Error("on purpose")));
  pipeline.subscribe({ name: "good" }, ({ msg }) => void seen.push(Number(msg)));
  for (let i = 0; i < 100; i++) assert.equal(pipeline.write(String(i)), true);
  await pipeline.drain();
  await until(() => seen.length === 100);
  assert.deepEqual(seen, upTo(100));
  assert.equal(sink.records.length, 100);
  await until(() => pipeline.stats().handlers.failed === 200);
  const { each, ...all } = pipeline.stats().handlers;
  assert.deepEqual(all, { count: 4, delivered: 301, failed: 200, missed: 0 });
  assert.deepEqual(each, [
    { name: "hanging", delivered: 1, failed: 0, missed: 0, lag: 100 },
    { name: "throwing", delivered: 100, failed: 100, missed: 0, lag: 0 },
    { name: "rejecting", delivered: 100, failed: 100, missed: 0, lag: 0 },
    { name: "good", delivered: 100, failed: 0, missed: 0, lag: 0 },
  ]);
  const closed = pipeline.close();
  await clock.advance(1000);
  assert.equal((await closed).drained, true, "who hangs gets a second, and no more");
});

test("a failure is told once an episode, or each one to onError", async () => {
  const events: PipelineEvent[] = [];
  const pipeline = await openPipeline({ sinks: {}, onEvent: (event) => events.push(event) });
  const failing = new Set(["1", "2", "4"]);
  const fail = ({ msg }: LogRecord): void => {
    if (failing.has(msg)) throw new Error(`not ${msg}`);
  };
  const told: [string, string | undefined][] = [];
  const plain = pipeline.subscribe({ name: "plain" }, fail);
  const hooked = pipeline.subscribe({
    name: "hooked",
    onError: (error, record) => void told.push([(error as Error).message, record?.msg]),
  }, fail);
  for (let i = 0; i < 6; i++) pipeline.write(String(i));
  await pipeline.drain();
  await until(() => plain.lag + hooked.lag === 0);
  assert.deepEqual([plain.failed, hooked.failed], [3, 3]);
  assert.deepEqual(told, [["not 1", "1"], ["not 2", "2"], ["not 4", "4"]]);
  assert.deepEqual(events.map(({ kind, message }) => [kind, message]), [
    ["subscriber-failed", 'Subscriber "plain" failed: not 1; it goes on with the next record'],
    ["subscriber-failed", 'Subscriber "plain" failed: not 4; it goes on with the next record'],
  ]);
  await pipeline.close();
});

test("an onError that throws, rejects or hangs harms its own handler alone", async () => {
  const events: string[] = [];
  const clock = fakeClock();
  const pipeline = await openPipeline({
    sinks: {},
    clock,
    onEvent: ({ message }) => events.push(message),
  });
  const fail = (): void => {
    throw new Error("handler");
  };
  const worse = (): Promise<void> => Promise.reject(new Error("worse"));
  const rejecting = pipeline.subscribe({ name: "rejecting", onError: worse }, fail);
  const hanging = pipeline.subscribe({ name: "hanging", onError: never }, fail);
  const good = pipeline.subscribe({ name: "good" }, () => {});
  for (let i = 0; i < 10; i++) pipeline.write(String(i));
  await pipeline.drain();
  await until(() => good.lag + rejecting.lag === 0);
  assert.deepEqual([rejecting.failed, hanging.failed, good.delivered], [10, 1, 10]);
  assert.deepEqual(events, [
    'Subscriber "rejecting" failed: worse; it goes on with the next record',
  ]);
  const closed = pipeline.close();
  await clock.advance(1000);
  await closed;
});

test("a filter that throws is a failure of its record, and level leaves records out", async () => {
  const pipeline = await openPipeline({ sinks: {}, onEvent: () => {} });
  const seen: string[] = [];
  const filter = ({ msg }: LogRecord): boolean => {
    if (msg === "bad") throw new Error("filter");
    return msg !== "no";
  };
  const handler = pipeline.subscribe({ level: "warn", filter }, ({ msg }) => void seen.push(msg));
  for (const msg of ["a", "bad", "no", "b"]) {
    pipeline.write({ level: "error", msg });
    pipeline.write({ level: "info", msg });
  }
  await pipeline.close();
  assert.deepEqual(seen, ["a", "b"]);
  assert.deepEqual([handler.delivered, handler.failed], [2, 1]);
  assert.throws(() => pipeline.subscribe({ level: "loud" as "info" }, () => {}), RangeError);
  assert.throws(() => pipeline.subscribe({}, undefined as never), TypeError);
});

test("who unsubscribes in the middle of a chunk, or of a call, gets nothing more", async () => {
  const pipeline = await openPipeline({ sinks: {}, wal: { store: durableMemory() } });
  const seen: string[] = [];
  const self: Subscription = pipeline.subscribe({ name: "self" }, ({ msg }) => {
    seen.push(msg);
    if (msg === "2") self.unsubscribe();
  });
  const call = Promise.withResolvers<void>();
  const calls: string[] = [];
  const other = pipeline.subscribe({ name: "other" }, ({ msg }) => {
    calls.push(msg);
    return call.promise;
  });
  for (let i = 0; i < 10; i++) pipeline.write(String(i));
  await pipeline.drain();
  await until(() => seen.length === 3 && calls.length === 1);
  other.unsubscribe();
  other.unsubscribe();
  call.reject(new Error("after the end"));
  pipeline.write("10");
  await pipeline.close();
  assert.deepEqual([seen, calls], [["0", "1", "2"], ["0"]]);
  const { delivered, failed, count } = pipeline.stats().handlers;
  assert.deepEqual([delivered, failed, count], [4, 1, 0], "a call that fails late still counts");
  assert.deepEqual([self.lag, other.lag, self.missed], [0, 0, 0]);
});

test("a handler may subscribe, unsubscribe others and log", async () => {
  const pipeline = await openPipeline({ sinks: {}, wal: { store: durableMemory() } });
  const inner: string[] = [];
  const outer: string[] = [];
  const victim: string[] = [];
  const others: Subscription[] = [];
  pipeline.subscribe({ name: "outer" }, ({ msg }) => {
    outer.push(msg);
    if (msg !== "start") return;
    others.push(pipeline.subscribe({ name: "inner" }, (record) => void inner.push(record.msg)));
    others.push(victimOf);
    victimOf.unsubscribe();
    pipeline.write("from the handler");
  });
  const victimOf = pipeline.subscribe({ name: "victim" }, ({ msg }) => void victim.push(msg));
  pipeline.write("start");
  await until(() => inner.length === 1 && outer.length === 2);
  assert.deepEqual([outer, inner], [["start", "from the handler"], ["from the handler"]]);
  assert.ok(!victim.includes("from the handler"));
  await pipeline.close();
});

test("a handler that logs about each record it gets ends with the pipeline", async () => {
  const pipeline = await openPipeline({ sinks: {}, wal: { store: durableMemory() } });
  let calls = 0;
  pipeline.subscribe({}, ({ msg }) => {
    calls++;
    pipeline.write(`about ${msg}`.slice(0, 20));
  });
  pipeline.write("first");
  await until(() => calls >= 1000);
  await pipeline.close();
  assert.equal(pipeline.stats().handlers.count, 0);
});

test("a handler that never answers takes one chunk of the log, whatever comes", async () => {
  const lines = new TextEncoder().encode('{"level":"info","msg":"x"}\n');
  let reads = 0;
  let writtenSeq = 1;
  let firstSeq = 1;
  const log = {
    get nextSeq() {
      return writtenSeq;
    },
    get writtenSeq() {
      return writtenSeq;
    },
    get firstSeq() {
      return firstSeq;
    },
    reader: (nextSeq: number) => ({
      nextSeq,
      next() {
        reads++;
        const chunk: LogChunk = { firstSeq: nextSeq, count: 1, bytes: lines };
        return { kind: "lines", chunk } as const;
      },
      seek: () => {},
      close: () => {},
    }),
  } as unknown as LogStore;
  const told: string[] = [];
  const handlers = new Subscriptions(log, systemClock, (_, message) => told.push(message));
  const handler = handlers.add({ name: "deaf" }, never);
  for (let i = 0; i < 1_000_000; i++) {
    writtenSeq++;
    if (writtenSeq - firstSeq > 1000) firstSeq += 500;
    handlers.notify();
    if (i % 1000 === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  assert.equal(reads, 1);
  assert.equal(told.length, 1, "told once");
  assert.match(told[0]!, /^Subscriber "deaf" has missed \d+ records: the log keeps them no longer/);
  const { delivered, missed, lag } = handler;
  assert.deepEqual([delivered, missed], [1, firstSeq - 2]);
  // The record in hand, those that are missed and those that wait are all.
  assert.equal(missed + lag, 1_000_000);
  handler.unsubscribe();
  assert.deepEqual(handlers.stats(), { count: 0, delivered: 1, failed: 0, missed, each: [] });
});

const LOGS = {
  "in memory": () => ({}),
  "with a log": (folder: string) => ({
    wal: { store: fileStore(join(folder, "data")), sync: "never", retain: 0 } as const,
  }),
};

for (const [name, options] of Object.entries(LOGS)) {
  const what = `a handler that never answers while 1,000,000 records pass ${name} holds up nothing`;
  test(
    `${what}, and what it misses is counted and told`,
    { timeout: 60_000 },
    () =>
      inFolder("subscribe", async (folder) => {
        const clock = fakeClock();
        const events: PipelineEvent[] = [];
        const pipeline = await openPipeline({
          sinks: {},
          onEvent: (event) => events.push(event),
          ...options(folder),
          clock,
        });
        const deaf = pipeline.subscribe({ name: "deaf" }, never);
        let heard = 0;
        const good = pipeline.subscribe({ name: "good" }, () => void heard++);
        await pour(pipeline, 1_000_000);
        await until(() => good.lag === 0);
        const { log, handlers } = pipeline.stats();
        assert.ok(log.bytes <= 160 * 1024 * 1024, `${log.bytes} bytes in the log`);
        assert.equal(good.delivered + good.missed, 1_000_000);
        assert.equal(heard, good.delivered);
        assert.equal(deaf.delivered, 1);
        assert.equal(deaf.missed + deaf.lag, 1_000_000);
        if (name === "in memory") {
          assert.ok(log.bytes <= 18 * 1024 * 1024);
          assert.ok(deaf.missed > 500_000, `${deaf.missed} missed`);
        }
        assert.equal(handlers.missed, deaf.missed + good.missed);
        const about = events.filter(({ message }) => message.includes('"deaf"'));
        assert.equal(about.length, deaf.missed > 0 ? 1 : 0);
        assert.ok(about.every(({ kind }) => kind === "subscriber-missed"));
        const closed = pipeline.close();
        await clock.advance(1000);
        await closed;
      }),
  );
}

test(
  "a handler that was too slow reads on behind what it missed",
  { timeout: 60_000 },
  async () => {
    const events: string[] = [];
    const pipeline = await openPipeline({ sinks: {}, onEvent: ({ kind }) => events.push(kind) });
    const seen: number[] = [];
    const gate = Promise.withResolvers<void>();
    const slow = pipeline.subscribe({ name: "slow" }, async ({ msg }) => {
      seen.push(Number(msg));
      if (seen.length === 1) await gate.promise;
    });
    await pour(pipeline, 300_000);
    gate.resolve();
    await until(() => slow.lag === 0);
    assert.equal(slow.delivered + slow.missed, 300_000);
    assert.ok(slow.missed > 50_000, `${slow.missed} missed`);
    assert.deepEqual(seen.at(-1), 299_999);
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b), "in order");
    assert.deepEqual(events, ["subscriber-missed"]);
    pipeline.write("300000");
    await pipeline.close();
    assert.equal(seen.at(-1), 300_000);
  },
);
