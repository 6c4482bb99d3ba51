import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Batch,
  type FileStore,
  type LogProvider,
  memoryStore,
  openPipeline,
  openWal,
  type Pipeline,
  type PipelineEvent,
  RejectedError,
  SinkClosedError,
} from "../mod.ts";
import { fakeClock, recordingSink } from "../src/testing/mod.ts";
import { durableMemory } from "./support/durable_memory.ts";
import { assertAccounted } from "./support/accounting.ts";

const quiet = { onEvent: () => {} };

function numbers(sink: { records: readonly { msg: string }[] }): number[] {
  return sink.records.map((record) => Number(record.msg));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

async function closeAndAccount(pipeline: Pipeline): Promise<void> {
  await pipeline.close();
  assertAccounted(pipeline.stats());
}

test("openPipeline() delivers what a logger writes, with its fields, in order", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({ sinks: { sink } });
  const log = pipeline.logger("shop").with({ node: 1 });
  log.info("first", { order: 7 });
  log.child("db").warn(new Error("slow"));
  pipeline.write({ msg: "third", level: "debug" });
  await closeAndAccount(pipeline);
  assert.deepEqual(sink.records.map(({ msg, level, logger }) => [msg, level, logger]), [
    ["first", "info", "shop"],
    ["slow", "warn", "shop.db"],
    ["third", "debug", undefined],
  ]);
  assert.deepEqual(sink.records[0]!.fields, { node: 1, order: 7 });
  assert.deepEqual(sink.seqs, [1, 2, 3]);
});

test("the caller's object may change after the call", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({ sinks: { sink } });
  const order = { items: ["tea"] };
  pipeline.logger().info("order", order);
  order.items.push("changed later");
  await pipeline.close();
  assert.deepEqual(sink.records[0]!.fields, { items: ["tea"] });
});

test("transform redacts before log, sinks, subscribers and tail see a record, or leaves it out", async () => {
  const sink = recordingSink();
  const seen: unknown[] = [];
  const store = durableMemory();
  const pipeline = await openPipeline({
    sinks: { sink },
    wal: { store },
    transform: (record) =>
      record.msg === "secret" ? null : { ...record, fields: { ...record.fields, card: "***" } },
  });
  pipeline.subscribe({}, (record) => void seen.push(record.fields));
  pipeline.logger().info("paid", { card: "4111-1111" });
  pipeline.logger().info("secret");
  pipeline.write("a line");
  await pipeline.durable();
  assert.doesNotMatch(pipeline.tail.recent(10).join("\n"), /4111-1111/);
  await closeAndAccount(pipeline);
  assert.deepEqual(sink.records.map((record) => record.msg), ["paid", "a line"]);
  assert.deepEqual(seen, [{ card: "***" }, { card: "***" }]);
  assert.equal(pipeline.stats().filtered, 1);
  for (const { name, size } of await store.list()) {
    const bytes = new Uint8Array(size);
    await (await store.openFile(name, "read")).read(bytes, 0);
    assert.doesNotMatch(new TextDecoder().decode(bytes), /4111-1111/);
  }
});

test("a transform that throws, or gives no record, lets nothing through and never throws at the caller", async () => {
  for (
    const transform of [
      () => {
        throw new Error("4111");
      },
      () => ({ level: "info" }) as never,
      () => Promise.resolve() as never,
    ]
  ) {
    const sink = recordingSink();
    const events: PipelineEvent[] = [];
    const pipeline = await openPipeline({
      sinks: { sink },
      transform,
      onEvent: (event) => events.push(event),
    });
    assert.equal(pipeline.logger().info("card 4111"), true);
    await closeAndAccount(pipeline);
    assert.deepEqual(sink.records.map((record) => record.msg), [
      "[record withheld: transform threw]",
    ]);
    assert.deepEqual(events.map((event) => event.kind), ["transform-failed"]);
  }
});

test("100,000 calls in a row lose nothing with a log that can be written inline", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({ sinks: { sink }, wal: { store: durableMemory() } });
  for (let i = 0; i < 100_000; i++) assert.equal(pipeline.write(String(i)), true);
  await closeAndAccount(pipeline);
  assert.deepEqual(numbers(sink), upTo(100_000));
});

test("in memory a full buffer refuses, returns false and counts", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({ sinks: { sink }, buffer: { capacity: 10 } });
  const answers = upTo(25).map((i) => pipeline.write(String(i)));
  assert.deepEqual(answers, [...Array(10).fill(true), ...Array(15).fill(false)]);
  await closeAndAccount(pipeline);
  assert.deepEqual(numbers(sink), upTo(10));
  assert.deepEqual(pipeline.stats().refused, { full: 15 });
});

test("drop-oldest keeps the newest and counts the rest as dropped in every lane", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({
    sinks: { sink },
    buffer: { capacity: 10, overflow: "drop-oldest" },
  });
  for (const i of upTo(25)) assert.equal(pipeline.write(String(i)), true);
  await closeAndAccount(pipeline);
  assert.equal(sink.records.at(-1)!.msg, "15 records dropped");
  assert.deepEqual(numbers(sink).slice(0, -1), upTo(25).slice(15));
  assert.deepEqual(sink.seqs, upTo(11).map((i) => i + 1));
  assert.deepEqual(pipeline.stats().lanes.sink!.dropped, { overflow: 15 });
});

test("drop-newest keeps the oldest, also with a log", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({
    sinks: { sink },
    wal: { store: durableMemory() },
    buffer: { capacity: 10, overflow: "drop-newest" },
  });
  for (const i of upTo(25)) assert.equal(pipeline.write(String(i)), i < 10);
  await assert.rejects(pipeline.append("no room"), { name: "BufferFullError" });
  await closeAndAccount(pipeline);
  assert.equal(sink.records.at(-1)!.msg, "16 records dropped");
  assert.deepEqual(numbers(sink).slice(0, -1), upTo(10));
});

test("append() resolves when the record is durable", async () => {
  const pipeline = await openPipeline({ sinks: {}, wal: { store: durableMemory() } });
  await pipeline.append("one");
  assert.equal(pipeline.stats().sequence.durable, 2);
  await Promise.all(upTo(100).map((i) => pipeline.append({ msg: String(i) })));
  assert.equal(pipeline.stats().sequence.durable, 102);
  assert.ok(pipeline.stats().log.syncs <= 5, "one sync for many waiters");
  await pipeline.close();
});

test("append() waits for room and ends in BufferFullError after timeoutMs; nothing appears later", async () => {
  const clock = fakeClock();
  const sink = recordingSink();
  const store = durableMemory();
  let refuse = false;
  const pipeline = await openPipeline({
    sinks: { sink },
    clock,
    ...quiet,
    buffer: { capacity: 1 },
    wal: {
      store: {
        ...store,
        createSync: (name) => {
          const file = store.createSync(name);
          const write = file.writeSync;
          file.writeSync = (bytes) => {
            if (refuse) throw new Error("ENOSPC");
            return write(bytes);
          };
          return file;
        },
      },
    },
  });
  refuse = true;
  while (pipeline.write("x".repeat(60_000)));
  const atOnce = pipeline.append("late", { timeoutMs: 0 });
  await assert.rejects(atOnce, { name: "BufferFullError" });
  const later = assert.rejects(pipeline.append("late", { timeoutMs: 50 }), {
    name: "BufferFullError",
    message: /within 50 ms/,
  });
  await clock.advance(50);
  await later;
  const abort = new AbortController();
  const aborted = assert.rejects(
    pipeline.append("late", { signal: abort.signal }),
    /changed my mind/,
  );
  abort.abort(new Error("changed my mind"));
  await aborted;
  refuse = false;
  await clock.advance(1000);
  await pipeline.drain();
  assertAccounted(pipeline.stats());
  assert.ok(sink.records.length > 0);
  assert.ok(!sink.records.some((record) => record.msg === "late"));
  await pipeline.close();
});

test("writable slows its source: it never holds more than one chunk", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({ sinks: { sink }, buffer: { capacity: 4 } });
  let made = 0;
  const source = new ReadableStream<string>({
    pull(controller) {
      const ahead = made - pipeline.stats().accepted;
      assert.ok(ahead <= 3, `the source is ${ahead} ahead`);
      if (made === 500) controller.close();
      else controller.enqueue(String(made++));
    },
  }, { highWaterMark: 1 });
  await source.pipeTo(pipeline.writable);
  await closeAndAccount(pipeline);
  assert.deepEqual(numbers(sink), upTo(500));
});

test("any WritableStream of batches is a sink", async () => {
  const got: string[] = [];
  let closed = false;
  const stream = new WritableStream<Batch>({
    write: (batch) => void got.push(...batch.lines()),
    close: () => void (closed = true),
  });
  const pipeline = await openPipeline({ sinks: { stream } });
  pipeline.write("hello");
  await closeAndAccount(pipeline);
  assert.equal(JSON.parse(got[0]!).msg, "hello");
  assert.equal(closed, true);
});

test("subscribe() hands over in order, isolated from failures, and ends with its Disposable", async () => {
  const pipeline = await openPipeline({ sinks: {}, ...quiet });
  pipeline.write("before");
  const good: string[] = [];
  let calls = 0;
  const bad = pipeline.subscribe({}, () => {
    calls++;
    throw new Error("handler");
  });
  {
    using _ = pipeline.subscribe(
      { level: "warn", filter: (r) => r.msg !== "no" },
      async (record) => {
        await Promise.resolve();
        good.push(record.msg);
      },
    );
    for (const [level, msg] of [["info", "a"], ["warn", "b"], ["error", "no"], ["fatal", "c"]]) {
      pipeline.write({ level: level as "info", msg: msg! });
    }
    await pipeline.drain();
    while (good.length < 2) await new Promise((resolve) => setTimeout(resolve));
  }
  pipeline.logger().fatal("after");
  await pipeline.close();
  assert.deepEqual(good, ["b", "c"]);
  assert.equal(calls, 5);
  assert.equal(bad.failed, 5);
  const { each, ...all } = pipeline.stats().handlers;
  assert.deepEqual([all, each], [{ count: 0, delivered: 7, failed: 5, missed: 0 }, []]);
});

test("stop() refuses from then on, start() takes records again, and only when stopped", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({ sinks: { sink } });
  assert.throws(() => pipeline.start(), /running already/);
  pipeline.write("a");
  await pipeline.stop();
  assert.equal(pipeline.running, false);
  assert.equal(pipeline.write("b"), false);
  await assert.rejects(pipeline.append("b"), { name: "NotAcceptedError", reason: "stopped" });
  pipeline.start();
  assert.equal(pipeline.write("c"), true);
  await closeAndAccount(pipeline);
  assert.deepEqual(sink.records.map((record) => record.msg), ["a", "c"]);
  assert.throws(() => pipeline.start(), /closed/);
  assert.deepEqual(pipeline.stats().refused, { stopped: 2 });
});

test("write() takes records, lines and bytes; empty input is ignored, nonsense is an error to the caller", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({ sinks: { sink } });
  const bytes = new TextEncoder().encode('{"msg":"from bytes","level":"warn"}');
  assert.equal(pipeline.write(bytes), true);
  assert.equal(pipeline.write(""), true);
  assert.equal(pipeline.write(new Uint8Array(0)), true);
  assert.throws(() => pipeline.write(bytes.subarray(1)), { name: "SyntaxError" });
  assert.throws(() => pipeline.write(42 as never), { name: "TypeError" });
  await closeAndAccount(pipeline);
  assert.deepEqual(sink.records.map(({ msg, level }) => [msg, level]), [["from bytes", "warn"]]);
  assert.equal(pipeline.stats().offered, 1);
});

test("setLevel() takes effect at once and what it leaves out is counted", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({ sinks: { sink }, level: "warn" });
  pipeline.write("info line");
  pipeline.setLevel("debug");
  pipeline.write("seen");
  assert.throws(() => pipeline.setLevel("loud" as never), { name: "RangeError", message: /loud/ });
  await closeAndAccount(pipeline);
  assert.deepEqual(sink.records.map((record) => record.msg), ["seen"]);
  assert.equal(pipeline.stats().filtered, 1);
});

test("a lane's own level leaves records out and counts them", async () => {
  const all = recordingSink();
  const loud = recordingSink();
  const pipeline = await openPipeline({ sinks: { all, loud: { sink: loud, level: "error" } } });
  for (const level of ["info", "error", "debug", "fatal"] as const) pipeline.logger()[level](level);
  await closeAndAccount(pipeline);
  assert.equal(all.records.length, 4);
  assert.deepEqual(loud.records.map((record) => record.msg), ["error", "fatal"]);
  assert.equal(pipeline.stats().lanes.loud!.filtered, 2);
});

test("a sink's failure is retried with backoff until it works, and told once an episode", async () => {
  const clock = fakeClock();
  const events: string[] = [];
  const sink = recordingSink((_, call) => call <= 4 ? new Error("down") : undefined);
  const pipeline = await openPipeline({
    sinks: { sink },
    wal: { store: durableMemory() },
    clock,
    random: () => 0.999_999,
    onEvent: ({ kind, message }) => events.push(`${kind}: ${message}`),
  });
  pipeline.write("hello");
  await clock.advance(0);
  assert.equal(pipeline.stats().lanes.sink!.state, "waiting-to-retry");
  assert.equal(pipeline.stats().lanes.sink!.lastError, "down");
  await clock.advance(199 + 399 + 799);
  assert.equal(sink.offered.length, 4);
  await clock.advance(1600);
  assert.deepEqual(sink.records.map((record) => record.msg), ["hello"]);
  assert.deepEqual(events, [
    'delivery-failed: Sink "sink" failed, trying again: down',
    'delivery-recovered: Sink "sink" takes records again',
  ]);
  const { attempts, failures, redelivered } = pipeline.stats().lanes.sink!;
  assert.deepEqual({ attempts, failures, redelivered }, {
    attempts: 5,
    failures: 4,
    redelivered: 4,
  });
  await closeAndAccount(pipeline);
});

test("close() cuts a wait between attempts and reports what stays on disk", async () => {
  const clock = fakeClock();
  const store = durableMemory();
  const down = recordingSink(() => new Error("down"));
  const first = await openPipeline({ sinks: { sink: down }, wal: { store }, clock, ...quiet });
  for (const i of upTo(3)) first.write(String(i));
  await clock.advance(0);
  const closing = first.close({ timeoutMs: 100 });
  await clock.advance(5000);
  const report = await closing;
  assert.deepEqual(report, { drained: false, flushed: { sink: 0 }, onDisk: { sink: 3 }, lost: {} });
  assert.equal(down.closed, 1);
  assertAccounted(first.stats());

  const up = recordingSink();
  const second = await openPipeline({ sinks: { sink: up }, wal: { store }, ...quiet });
  await closeAndAccount(second);
  assert.deepEqual(numbers(up), [0, 1, 2]);
});

test("in memory, records become dead letters after five tries, with the reason", async () => {
  const clock = fakeClock();
  const events: string[] = [];
  const sink = recordingSink(() => new Error("always down"));
  const pipeline = await openPipeline({
    sinks: { sink },
    clock,
    onEvent: ({ kind, message }) => events.push(`${kind}: ${message}`),
  });
  pipeline.write("lost cause");
  await clock.advance(120_000);
  assert.equal(sink.offered.length, 5);
  assert.deepEqual(events.slice(1), [
    'dead-lettered: Sink "sink" gave up 1 record, kept in the dead letters: always down',
  ]);
  const letters = await Array.fromAsync(pipeline.deadLetters.list());
  assert.equal(letters.length, 1);
  assert.equal(letters[0]!.reason, "max_attempts");
  assert.equal(letters[0]!.error.message, "always down");
  assert.equal(letters[0]!.attempts, 5);
  assert.equal(JSON.parse(letters[0]!.record).msg, "lost cause");
  await closeAndAccount(pipeline);
  assert.equal(pipeline.stats().lanes.sink!.deadLettered, 1);
});

test("a rejected batch goes to the dead letters at once and survives a restart there", async () => {
  const store = durableMemory();
  const sink = recordingSink((_, call) =>
    call === 1 ? new RejectedError("400 Bad Request") : undefined
  );
  const pipeline = await openPipeline({ sinks: { sink }, wal: { store }, ...quiet });
  pipeline.write("poison");
  await pipeline.drain();
  pipeline.write("fine");
  await closeAndAccount(pipeline);
  assert.deepEqual(sink.records.map((record) => record.msg), ["fine"]);
  const again = await openPipeline({ sinks: {}, wal: { store }, ...quiet });
  const letters = await Array.fromAsync(again.deadLetters.list());
  assert.deepEqual(letters.map(({ lane, seq, reason }) => ({ lane, seq, reason })), [
    { lane: "sink", seq: 1, reason: "non_retryable" },
  ]);
  await again.close();
});

test("strict order: a partial result advances to its first failure", async () => {
  const clock = fakeClock();
  const sink = recordingSink((_, call) =>
    call === 1 ? { retry: [3, 5], reject: [{ index: 1, reason: "bad" }] } : undefined
  );
  // The records behind the first failure go again; what the sink had of them shows as repeats.
  const pipeline = await openPipeline({ sinks: { sink }, clock, ...quiet });
  for (const i of upTo(8)) pipeline.write(String(i));
  await clock.advance(1000);
  assert.deepEqual(sink.offered, [8, 5]);
  assert.deepEqual(numbers(sink).slice(-5), [3, 4, 5, 6, 7]);
  await closeAndAccount(pipeline);
  const { delivered, deadLettered } = pipeline.stats().lanes.sink!;
  assert.deepEqual({ delivered, deadLettered }, { delivered: 7, deadLettered: 1 });
});

test("order none: only failed records are sent again, and several batches are in flight", async () => {
  const clock = fakeClock();
  let inFlight = 0;
  let most = 0;
  const sink = recordingSink(async (batch, call) => {
    most = Math.max(most, ++inFlight);
    await new Promise<void>((resolve) => clock.setTimer(resolve, 10));
    inFlight--;
    return call === 1 ? { retry: [0, batch.count - 1] } as never : undefined;
  }, "none");
  const pipeline = await openPipeline({
    sinks: { sink: { sink, concurrency: 3, batch: { maxRecords: 10 } } },
    clock,
    ...quiet,
  });
  for (const i of upTo(100)) pipeline.write(String(i));
  while (sink.records.length < 100) await clock.advance(1000);
  assert.equal(most, 3);
  assert.deepEqual(numbers(sink).sort((a, b) => a - b), upTo(100));
  assert.deepEqual(sink.offered.filter((count) => count !== 10), [2]);
  await closeAndAccount(pipeline);
});

test("a sink whose destination is gone stops its lane; the records stay for the next start", async () => {
  const store = durableMemory();
  const events: string[] = [];
  const gone = recordingSink(() => new SinkClosedError("pipe closed"));
  const other = recordingSink();
  const first = await openPipeline({
    sinks: { gone, other },
    wal: { store },
    onEvent: ({ kind }) => events.push(kind),
  });
  first.write("kept");
  const report = await first.close();
  assert.deepEqual(report.onDisk, { gone: 1 });
  assert.deepEqual(events, ["lane-stopped"]);
  assertAccounted(first.stats());
  const back = recordingSink();
  const second = await openPipeline({ sinks: { gone: back, other }, wal: { store }, ...quiet });
  await closeAndAccount(second);
  assert.deepEqual(back.records.map((record) => record.msg), ["kept"]);
  assert.equal(other.records.length, 1);
});

test("in memory a full window takes records only from the slowest lane, and counts them", async () => {
  const fast = recordingSink();
  const held = Promise.withResolvers<void>();
  const slow = recordingSink(() => held.promise);
  const pipeline = await openPipeline({ sinks: { fast, slow }, ...quiet });
  const line = "x".repeat(50_000);
  for (let i = 0; i < 600; i++) {
    pipeline.write(line);
    if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  while (fast.records.length < 600) await new Promise((resolve) => setTimeout(resolve));
  assertAccounted(pipeline.stats());
  const { dropped } = pipeline.stats().lanes.slow!;
  assert.ok((dropped.wal_limit ?? 0) > 100, `dropped ${JSON.stringify(dropped)}`);
  assert.ok(pipeline.stats().log.bytes <= 18 * 1024 * 1024);
  held.resolve();
  await closeAndAccount(pipeline);
  assert.deepEqual(pipeline.stats().lanes.fast!.dropped, {});
  assert.equal(slow.records.length, 600 - pipeline.stats().lanes.slow!.dropped.wal_limit!);
});

test("a log at its limit blocks when told to, and goes on when lanes catch up", async () => {
  const held = Promise.withResolvers<void>();
  const sink = recordingSink(() => held.promise);
  const pipeline = await openPipeline({
    sinks: { sink },
    ...quiet,
    buffer: { capacity: 10 },
    wal: {
      store: durableMemory(),
      maxBytes: 400_000,
      segmentBytes: 50_000,
      retain: 0,
      onLimit: "block",
    },
  });
  let accepted = 0;
  while (pipeline.write(`${accepted} ${"x".repeat(10_000)}`)) accepted++;
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(pipeline.write("refused"), false);
  assert.ok(accepted < 100);
  const waiting = pipeline.append("waited");
  held.resolve();
  await waiting;
  await closeAndAccount(pipeline);
  assert.equal(sink.records.length, accepted + 1);
  assert.deepEqual(pipeline.stats().lanes.sink!.dropped, {});
});

test("a new sink begins with the next record; one that left is reported and its cursor kept", async () => {
  const store = durableMemory();
  const a = recordingSink();
  const first = await openPipeline({ sinks: { a }, wal: { store }, ...quiet });
  first.write("1");
  await first.close();
  const events: string[] = [];
  const b = recordingSink();
  const second = await openPipeline({
    sinks: { b },
    wal: { store },
    onEvent: ({ kind, lane }) => events.push(`${kind} ${lane}`),
  });
  second.write("2");
  await closeAndAccount(second);
  assert.deepEqual(b.records.map((record) => record.msg), ["2"]);
  assert.deepEqual(events, ["orphan-cursor a"]);
  const third = await openPipeline({ sinks: { a, b }, wal: { store }, ...quiet });
  await closeAndAccount(third);
  assert.deepEqual(a.records.map((record) => record.msg), ["1", "2"]);
  assert.deepEqual(b.records.map((record) => record.msg), ["2"]);
});

test("onStoreFailure memory goes on without a disk and says so; throw is the default", async () => {
  const store = { ...memoryStore(), open: () => Promise.reject(new Error("disk is gone")) };
  await assert.rejects(openPipeline({ wal: { store } }), /disk is gone/);
  const messages: string[] = [];
  const sink = recordingSink();
  const pipeline = await openPipeline({
    sinks: { sink },
    wal: { store },
    onStoreFailure: "memory",
    onEvent: ({ message }) => messages.push(message),
  });
  pipeline.write("still here");
  await closeAndAccount(pipeline);
  assert.equal(pipeline.stats().mode, "memory");
  assert.match(messages.join(), /in memory, nothing is durable: disk is gone/);
  assert.equal(sink.records.length, 1);
});

test("close() is idempotent, and await using closes", async () => {
  const sink = recordingSink();
  {
    await using pipeline = await openPipeline({ sinks: { sink } });
    pipeline.write("a");
    assert.equal(pipeline.close(), pipeline.close());
  }
  assert.equal(sink.closed, 1);
  assert.equal(sink.records.length, 1);
});

for (
  const [name, sinks] of Object.entries({
    "no sink": { a: 42 as never },
    "an empty name": { "": recordingSink() },
    "maxRecords 0": { a: { sink: recordingSink(), batch: { maxRecords: 0 } } },
    "maxAttempts 2.5": { a: { sink: recordingSink(), retry: { maxAttempts: 2.5 } } },
    "an unknown level": { a: { sink: recordingSink(), level: "loud" as never } },
  })
) {
  test(`openPipeline() with ${name} throws one sentence and opens nothing`, async () => {
    const store = durableMemory();
    await assert.rejects(openPipeline({ sinks, wal: { store } }), { name: /TypeError|RangeError/ });
    assert.deepEqual(await store.list(), []);
  });
}

test("cursors are stored within 100 ms of a delivery, and not once a batch", async () => {
  const clock = fakeClock();
  const store = durableMemory();
  let saves = 0;
  const counting: FileStore = {
    ...store,
    openFile: async (name, access) => {
      const file = await store.openFile(name, access);
      const write = file.writeAtSync;
      file.writeAtSync = (bytes, offset) => {
        saves++;
        write(bytes, offset);
      };
      return file;
    },
  };
  const pipeline = await openPipeline({
    sinks: { sink: recordingSink() },
    wal: { store: counting },
    clock,
    ...quiet,
  });
  const begin = saves;
  for (const i of upTo(20)) {
    pipeline.write(String(i));
    await clock.advance(1);
  }
  assert.equal(pipeline.stats().lanes.sink!.delivered, 20);
  assert.equal(saves - begin, 0);
  await clock.advance(100);
  assert.equal(saves - begin, 1);
  await pipeline.close();
});

test("close() frees the log behind delivered records", async () => {
  const store = durableMemory();
  const wal = { store, segmentBytes: 10_000, retain: 0 };
  const pipeline = await openPipeline({ sinks: { sink: recordingSink() }, wal, ...quiet });
  for (let i = 0; i < 100; i++) pipeline.write("x".repeat(1000));
  await pipeline.close();
  const segments = (await store.list()).filter((entry) => entry.name.startsWith("wal-"));
  assert.equal(segments.length, 1);
});

test("a closed pipe needs no word; another sink that is gone gets its line on standard error", async () => {
  const said: string[] = [];
  const { error } = console;
  console.error = (line: string) => said.push(line);
  try {
    for (const isExpected of [true, false]) {
      const gone = recordingSink(() => new SinkClosedError("gone", { isExpected }));
      const pipeline = await openPipeline({ sinks: { gone } });
      pipeline.write("a");
      await pipeline.close();
    }
  } finally {
    console.error = error;
  }
  assert.deepEqual(said, ['logflume: Sink "gone" is closed: gone']);
});

test("a store in memory needs no sync option, for the log and for its dead letters", async () => {
  const sink = recordingSink();
  const pipeline = await openPipeline({ sinks: { sink }, wal: { store: memoryStore() } });
  pipeline.write("one");
  await closeAndAccount(pipeline);
  assert.equal(pipeline.stats().acknowledges, "memory");
  assert.equal(sink.records.length, 1);
});

test("what every lane has settled is released, whatever a sink that is away still needs", async () => {
  const released: number[] = [];
  const files = memoryStore();
  const store: LogProvider = {
    label: "spied",
    keeps: "process",
    openLog: async (name, settings) => {
      const log = await openWal(name === "records" ? files : memoryStore(), settings);
      return Object.assign(log, { release: (seq: number) => void released.push(seq) });
    },
  };
  const away = await openPipeline({
    wal: { store },
    sinks: { here: recordingSink(), away: () => {} },
  });
  away.write("one");
  await away.close();
  const pipeline = await openPipeline({ wal: { store }, sinks: { here: recordingSink() } });
  released.length = 0;
  for (const msg of ["two", "three"]) {
    pipeline.write(msg);
    await pipeline.drain();
  }
  assert.deepEqual([released.includes(3), released.at(-1)], [true, 4]);
  await pipeline.close();
});
