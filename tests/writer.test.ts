import assert from "node:assert/strict";
import { test } from "node:test";
import { createWriter, type LogRecord, type Writer, type WriterOptions } from "../mod.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { createGate, turns } from "./support/gate.ts";
import { assertWriterAccounted } from "./support/writer_stats.ts";

/** A writer that remembers what it processed. */
function collecting(options: Partial<WriterOptions> = {}): { writer: Writer; seen: LogRecord[] } {
  const seen: LogRecord[] = [];
  const writer = createWriter({ process: (record) => void seen.push(record), ...options });
  return { writer, seen };
}

const messages = (records: readonly LogRecord[]) => records.map(({ msg }) => msg);

test("createWriter() needs exactly one of process and processBatch", () => {
  const nothing = () => {};
  for (const options of [{}, { process: nothing, processBatch: nothing }, { process: "x" }]) {
    assert.throws(() => createWriter(options as WriterOptions), {
      name: "TypeError",
      message: /pass process or processBatch/,
    });
  }
});

const WRONG: readonly [name: string, options: object, error: RegExp][] = [
  ["mode", { mode: "slow" }, /Unknown mode "slow".*async or sync/],
  ["level", { level: "loud" }, /Unknown level "loud"/],
  ["capacity", { capacity: 0 }, /0: allowed/],
  ["overflow", { overflow: "explode" }, /Unknown overflow "explode"/],
  ["maxBytes", { maxBytes: 0 }, /maxBytes 0/],
  ["maxRecordBytes", { maxRecordBytes: 1 }, /maxRecordBytes 1/],
  ["reserve", { reserve: 1000 }, /reserve of 1000/],
  ["sampleEvery", { sampleEvery: 0 }, /sampleEvery 0/],
  ["maxWaiters", { maxWaiters: 0.5 }, /maxWaiters 0.5/],
  ["batch with process", { batch: {} }, /Cannot use batch with process/],
  ["maxRecords", { process: undefined, processBatch() {}, batch: { maxRecords: 0 } }, /from 1/],
  [
    "maxIntervalMs",
    { process: undefined, processBatch() {}, batch: { maxIntervalMs: -1 } },
    /maxIntervalMs -1/,
  ],
  ["processTimeoutMs", { processTimeoutMs: NaN }, /processTimeoutMs NaN/],
  ["graceMs", { graceMs: 2 ** 31 }, /graceMs 2147483648: allowed are milliseconds from 0 to/],
];
for (const [name, options, message] of WRONG) {
  test(`createWriter() refuses a wrong ${name}`, () => {
    assert.throws(() => createWriter({ process() {}, ...options } as WriterOptions), { message });
  });
}

test("a writer has a buffer of 1000 records unless told otherwise", async () => {
  const { writer, seen } = collecting({ onWarn() {} });
  for (let i = 0; i < 1500; i++) assert.equal(writer.write({ msg: `${i}` }), i < 1000);
  assert.equal(writer.stats().capacity, 1000);
  assert.equal(writer.stats().utilisation, 1);
  await writer.close();
  assert.equal(seen.length, 1000);
});

test("createWriter() gives a writer that runs; with start false it waits for start()", async () => {
  const { writer, seen } = collecting({ start: false });
  assert.equal(writer.running, false);
  assert.equal(writer.write("early"), false);
  writer.start();
  assert.equal(writer.running, true);
  assert.equal(writer.write("in time"), true);
  await writer.stop();
  assert.deepEqual(messages(seen), ["in time"]);
  assert.deepEqual(writer.stats().refused, { stopped: 1 });
});

test("start() is an error when the writer is running", async () => {
  const { writer } = collecting();
  assert.throws(() => writer.start(), { message: "The writer is running already" });
  await writer.close();
  assert.throws(() => writer.start(), { message: /closed: make another one/ });
});

test("write() before start and after stop returns false at once, malformed or not", async () => {
  const { writer } = collecting({ start: false });
  const hostile = {
    get msg(): string {
      throw new Error("asked");
    },
  };
  assert.equal(writer.write(hostile), false);
  writer.start();
  await writer.stop();
  assert.equal(writer.write(new TextEncoder().encode("{")), false);
  assert.equal(writer.logger().info("x"), false);
  assert.deepEqual(writer.stats().refused, { stopped: 3 });
  assertWriterAccounted(writer.stats());
});

test("stop() drains the buffer and waits", async () => {
  const gate = createGate();
  const seen: string[] = [];
  const writer = createWriter({
    process: async ({ msg }) => {
      await gate.enter();
      seen.push(msg);
    },
  });
  for (const msg of ["a", "b", "c"]) writer.write({ msg });
  let isStopped = false;
  const stopped = writer.stop().then((report) => {
    isStopped = true;
    return report;
  });
  assert.equal(writer.running, false);
  assert.equal(writer.write("late"), false);
  for (let i = 0; i < 3; i++) {
    await turns();
    assert.equal(isStopped, false);
    gate.open();
  }
  assert.deepEqual(await stopped, { drained: true, left: 0 });
  assert.deepEqual(seen, ["a", "b", "c"]);
});

test("stop() and close() are idempotent", async () => {
  const { writer } = collecting();
  writer.write("a");
  const reports = await Promise.all([writer.stop(), writer.stop(), writer.close(), writer.close()]);
  reports.push(await writer.stop(), await writer.close());
  for (const report of reports) assert.deepEqual(report, { drained: true, left: 0 });
});

test("stop() of a writer that never ran resolves", async () => {
  const { writer } = collecting({ start: false });
  assert.deepEqual(await writer.stop(), { drained: true, left: 0 });
});

test("a writer can be started again after stop", async () => {
  const { writer, seen } = collecting();
  for (let round = 0; round < 3; round++) {
    assert.equal(writer.write({ msg: `${round}` }), true);
    await writer.stop();
    assert.equal(writer.running, false);
    writer.start();
  }
  await writer.close();
  assert.deepEqual(messages(seen), ["0", "1", "2"]);
});

test("start() while stop() still drains takes records again, and both get what they wait for", async () => {
  const gate = createGate();
  const writer = createWriter({ process: () => gate.enter() });
  writer.write("a");
  const stopped = writer.stop();
  writer.start();
  writer.write("b");
  await turns();
  gate.open();
  assert.deepEqual(await stopped, { drained: true, left: 0 });
  await turns();
  gate.open();
  await writer.close();
  assert.equal(writer.stats().processed, 2);
});

test("stop() with timeoutMs gives up waiting, and the next start() goes on where it stopped", async () => {
  const clock = fakeClock();
  const gate = createGate();
  const seen: string[] = [];
  const aborted: unknown[] = [];
  const writer = createWriter({
    clock,
    graceMs: 50,
    onError: (error) => aborted.push((error as Error).message),
    process: ({ msg }, { signal }) => {
      seen.push(msg);
      signal.addEventListener("abort", () => aborted.push((signal.reason as Error).name));
      return gate.enter();
    },
  });
  for (const msg of ["a", "b", "c"]) writer.write({ msg });
  let isStopped = false;
  const stopped = writer.stop({ timeoutMs: 100 }).finally(() => isStopped = true);
  await clock.advance(99);
  assert.deepEqual(aborted, []);
  await clock.advance(1);
  assert.deepEqual(aborted, ["AbortError"]);
  await clock.advance(49);
  assert.equal(isStopped, false, "the call in hand has its grace");
  await clock.advance(1);
  assert.deepEqual(await stopped, { drained: false, left: 2 });
  assert.match(String(aborted[1]), /The writer was stopped, and .* 50 ms after that/);
  assert.deepEqual(seen, ["a"]);
  assertWriterAccounted(writer.stats());
  gate.open();
  writer.start();
  for (let i = 0; i < 2; i++) {
    await turns();
    gate.open();
  }
  assert.equal((await writer.close()).drained, true);
  assert.deepEqual(seen, ["a", "b", "c"]);
  const { processed, failed, abandoned, late } = writer.stats();
  assert.deepEqual({ processed, failed, abandoned, late }, {
    processed: 2,
    failed: 1,
    abandoned: 1,
    late: 1,
  });
  assert.equal(clock.pending, 0, "no timer is left behind");
});

test("stop() with timeoutMs 0 does not wait: what is in the buffer waits for the next start()", async () => {
  const { writer, seen } = collecting();
  for (const msg of ["a", "b"]) writer.write({ msg });
  assert.deepEqual(await writer.stop({ timeoutMs: 0 }), { drained: false, left: 2 });
  await turns();
  assert.deepEqual(seen, []);
  writer.start();
  await writer.close();
  assert.deepEqual(messages(seen), ["a", "b"]);
});

test("a stop() whose time is over leaves a writer alone that was started again", async () => {
  const clock = fakeClock();
  const gate = createGate();
  const signals: AbortSignal[] = [];
  const writer = createWriter({
    clock,
    process: (_record, { signal }) => {
      signals.push(signal);
      return gate.enter();
    },
  });
  writer.write("a");
  await turns();
  const stopped = writer.stop({ timeoutMs: 100 });
  writer.start();
  writer.write("b");
  await clock.advance(100);
  assert.deepEqual(await stopped, { drained: false, left: 1 });
  assert.equal(signals[0]!.aborted, false);
  gate.open();
  await turns();
  gate.open();
  await writer.close();
  assert.equal(writer.stats().processed, 2);
});

test("close() gives up what is left after 10 seconds, and counts and tells it", async () => {
  const clock = fakeClock();
  const drops: string[] = [];
  const writer = createWriter({
    clock,
    process: () => new Promise(() => {}),
    onError() {},
    onDrop: ({ msg }, { reason, level }) => drops.push(`${msg} ${reason} ${level}`),
  });
  for (const msg of ["a", "b"]) writer.write({ msg, level: "warn" });
  const closed = writer.close();
  await clock.advance(10_000 + 1_000);
  assert.deepEqual(await closed, { drained: false, left: 1 });
  assert.deepEqual(drops, ["b closed warn"]);
  assert.deepEqual(writer.stats().dropped, { closed: 1 });
  assert.equal(writer.stats().pending, 0);
  assertWriterAccounted(writer.stats());
});

test("stop() and close() refuse a wrong timeoutMs, and can be called again", async () => {
  const { writer } = collecting();
  await assert.rejects(writer.stop({ timeoutMs: NaN }), RangeError);
  await assert.rejects(writer.close({ timeoutMs: -1 }), RangeError);
  assert.equal(writer.running, true);
  assert.deepEqual(await writer.close(), { drained: true, left: 0 });
});

test("await using closes the writer", async () => {
  const { writer, seen } = collecting();
  {
    await using scoped = writer;
    scoped.write("a");
  }
  assert.deepEqual(messages(seen), ["a"]);
  assert.throws(() => writer.start(), { message: /closed/ });
});

test("write() takes records, lines and bytes; empty input is ignored", async () => {
  const { writer, seen } = collecting({ clock: fakeClock() });
  assert.equal(writer.write(""), true);
  assert.equal(writer.write(new Uint8Array(0)), true);
  await writer.append("");
  assert.equal(writer.stats().offered, 0);
  writer.write({ msg: "object", level: "error", logger: "db", fields: { a: 1 } });
  writer.write("plain text");
  writer.write('{"level":50,"msg":"pino","pid":7}');
  writer.write(new TextEncoder().encode('{"msg":"bytes","host":"h"}'));
  await writer.close();
  const time = "2026-01-01T00:00:00.000Z";
  assert.deepEqual(seen, [
    { time, level: "error", msg: "object", logger: "db", fields: { a: 1 } },
    { time, level: "info", msg: "plain text" },
    { time, level: "error", msg: "pino", fields: { pid: 7 } },
    { time, level: "info", msg: "bytes", fields: { host: "h" } },
  ]);
});

test("write() throws malformed input to the caller, and nothing is counted", async () => {
  const { writer } = collecting();
  assert.throws(() => writer.write(new TextEncoder().encode("{nonsense")), SyntaxError);
  assert.throws(() => writer.write(Uint8Array.of(0xff)), SyntaxError);
  assert.throws(() => writer.write({ msg: 1 } as unknown as string), TypeError);
  assert.throws(() => writer.write(null as unknown as string), TypeError);
  await assert.rejects(writer.append(null as unknown as string), TypeError);
  assert.equal(writer.stats().offered, 0);
  assert.equal(writer.running, true);
});

test("write() never calls the processor before it returns", async () => {
  const { writer, seen } = collecting();
  writer.write("a");
  assert.equal(seen.length, 0);
  await Promise.resolve();
  assert.equal(seen.length, 0, "nor in the caller's microtasks");
  await writer.close();
  assert.equal(seen.length, 1);
});

test("the record is a snapshot: what the caller changes afterwards does not show", async () => {
  const { writer, seen } = collecting();
  const fields = { list: [1, 2], nested: { a: 1 }, when: new Date(0) };
  const record = { msg: "before", fields };
  const log = writer.logger("shop", fields);
  writer.write(record);
  log.info("call", { extra: fields });
  record.msg = "after";
  fields.list.push(3);
  fields.nested.a = 2;
  fields.when.setTime(1e12);
  await writer.close();
  const form = { list: [1, 2], nested: { a: 1 }, when: "1970-01-01T00:00:00.000Z" };
  assert.deepEqual(seen.map(({ msg, fields }) => ({ msg, fields })), [
    { msg: "before", fields: form },
    { msg: "call", fields: { ...form, extra: form } },
  ]);
});

test("a processor that changes a record harms neither the logger nor the next record", async () => {
  const seen: unknown[] = [];
  const writer = createWriter({
    process: (record) => {
      const fields = record.fields as { bound: { n: number } };
      seen.push(fields.bound.n);
      fields.bound.n++;
    },
  });
  const log = writer.logger("x", { bound: { n: 1 } });
  log.info("a");
  log.info("b");
  await writer.close();
  assert.deepEqual(seen, [1, 1]);
});

test("the level filters before the buffer", async () => {
  const { writer, seen } = collecting({ level: "warn", capacity: 1, overflow: "block" });
  for (let i = 0; i < 5; i++) assert.equal(writer.write({ msg: "low" }), true);
  assert.equal(writer.write({ msg: "high", level: "warn" }), true);
  assert.equal(writer.write({ msg: "full", level: "warn" }), false);
  await writer.append("low text");
  const { offered, filtered, accepted, refused } = writer.stats();
  assert.deepEqual({ offered, filtered, accepted, refused }, {
    offered: 8,
    filtered: 6,
    accepted: 1,
    refused: { full: 1 },
  });
  await writer.close();
  assert.deepEqual(messages(seen), ["high"]);
});

test("the level can be changed while running, by setLevel() and by withLevel(), which chains", async () => {
  const { writer, seen } = collecting();
  const log = writer.logger();
  assert.equal(writer.level, "trace");
  log.debug("1");
  assert.equal(writer.withLevel("error"), writer);
  assert.equal(writer.level, "error");
  assert.equal(log.level, "error");
  log.warn("left out");
  log.error("2");
  writer.setLevel("debug");
  log.debug("3");
  assert.throws(() => writer.setLevel("loud" as "info"), RangeError);
  assert.throws(() => writer.withLevel("loud" as "info"), RangeError);
  assert.equal(writer.level, "debug");
  await writer.close();
  assert.deepEqual(messages(seen), ["1", "2", "3"]);
});

for (const mode of ["async", "sync"] as const) {
  test(`100 writers of 1000 records each lose none, in order, with ${mode}`, async () => {
    const { writer, seen } = collecting({ mode, overflow: "block" });
    await Promise.all(Array.from({ length: 100 }, async (_, writerId) => {
      for (let n = 0; n < 1000; n++) {
        const record = { msg: "m", fields: { writerId, n } };
        if (!writer.write(record)) await writer.append(record);
      }
    }));
    assert.deepEqual(await writer.close(), { drained: true, left: 0 });
    assert.equal(seen.length, 100_000);
    const next = new Array<number>(100).fill(0);
    for (const { fields } of seen) {
      const { writerId, n } = fields as { writerId: number; n: number };
      assert.equal(n, next[writerId]!++);
    }
    assertWriterAccounted(writer.stats());
  });
}

for (const overflow of ["warn", "block", "drop-newest", "drop-oldest", "sample"] as const) {
  test(`append() waits 100 ms for room and then gives an error, with ${overflow}`, async () => {
    const clock = fakeClock();
    const gate = createGate();
    const writer = createWriter({ clock, overflow, capacity: 1, process: () => gate.enter() });
    await writer.append("in hand");
    await turns();
    await writer.append("in the buffer");
    const late = assert.rejects(writer.append("late", { timeoutMs: 100 }), {
      name: "BufferFullError",
      message: /within 100 ms/,
    });
    const patient = writer.append("patient");
    await clock.advance(99);
    assert.equal(writer.stats().waiting, 2);
    assert.equal(writer.stats().offered, 2, "who waits is in no state yet");
    await clock.advance(1);
    await late;
    await assert.rejects(writer.append("at once", { timeoutMs: 0 }), { name: "BufferFullError" });
    await clock.advance(3_600_000);
    assert.equal(writer.stats().waiting, 1, "no limit waits for ever");
    gate.open();
    await patient;
    assert.deepEqual(writer.stats().refused, { timeout: 2 });
    assert.deepEqual(writer.stats().droppedByPolicy, {});
    assertWriterAccounted(writer.stats());
    void writer.close({ timeoutMs: 0 });
    for (let i = 0; i < 2; i++) {
      await turns();
      if (gate.waiting > 0) gate.open();
    }
    await clock.advance(2_000);
  });
}

test("append() rejects with the reason of its signal, and the record is never taken", async () => {
  const gate = createGate();
  const writer = createWriter({ capacity: 1, process: () => gate.enter() });
  writer.write("in hand");
  await turns();
  writer.write("in the buffer");
  const abort = new AbortController();
  const reason = new Error("enough");
  const aborted = assert.rejects(
    writer.append("x", { signal: abort.signal }),
    (error) => error === reason,
  );
  abort.abort(reason);
  await aborted;
  await assert.rejects(writer.append("y", { signal: abort.signal }), (e) => e === reason);
  assert.deepEqual(writer.stats().refused, { aborted: 1 });
  const closed = writer.close();
  for (let i = 0; i < 2; i++) {
    await turns();
    gate.open();
  }
  await closed;
  assert.equal(writer.stats().processed, 2);
});

test("append() to a writer that stops rejects, and after a restart in the same turn it goes on", async () => {
  const gate = createGate();
  const writer = createWriter({ capacity: 1, process: () => gate.enter() });
  writer.write("in hand");
  await turns();
  writer.write("in the buffer");
  const refused = assert.rejects(writer.append("x"), {
    name: "NotAcceptedError",
    reason: "stopped",
  });
  const stopped = writer.stop();
  await refused;
  await assert.rejects(writer.append("y"), { name: "NotAcceptedError" });
  writer.start();
  const patient = writer.append("z");
  const stoppedAgain = writer.stop();
  writer.start();
  for (let i = 0; i < 3; i++) {
    await turns();
    gate.open();
  }
  await Promise.all([patient, stopped, stoppedAgain, writer.close()]);
  assert.equal(writer.stats().processed, 3);
  assert.deepEqual(writer.stats().refused, { stopped: 2 });
});

test("writable slows a piped source down and loses nothing, whatever the policy", async () => {
  for (const overflow of ["warn", "block", "drop-oldest"] as const) {
    const { writer, seen } = collecting({ capacity: 4, overflow });
    let pulled = 0;
    let ahead = 0;
    const source = new ReadableStream<string>({
      pull(controller) {
        ahead = Math.max(ahead, pulled - seen.length);
        controller.enqueue(`${pulled++}`);
        if (pulled === 500) controller.close();
      },
    }, { highWaterMark: 0 });
    await source.pipeTo(writer.writable);
    assert.equal(writer.running, true, "the writer stays open");
    await writer.close();
    assert.deepEqual(messages(seen), Array.from({ length: 500 }, (_, i) => `${i}`));
    assert.ok(ahead <= 8, `the source was ${ahead} records ahead of a buffer of 4`);
  }
});

test("aborting the writable ends the write that waits", async () => {
  const gate = createGate();
  const writer = createWriter({ capacity: 1, process: () => gate.enter() });
  writer.write("in hand");
  await turns();
  writer.write("in the buffer");
  const stream = writer.writable.getWriter();
  const waits = assert.rejects(stream.write("x"), { message: "no more" });
  await turns();
  await stream.abort(new Error("no more"));
  await waits;
  const closed = writer.close();
  for (let i = 0; i < 2; i++) {
    await turns();
    gate.open();
  }
  await closed;
});

test("signal ends the writer: what waits is dropped and counted as aborted", async () => {
  const clock = fakeClock();
  const abort = new AbortController();
  const gate = createGate();
  const told: string[] = [];
  const writer = createWriter({
    clock,
    signal: abort.signal,
    process: async (_record, { signal }) => {
      await Promise.race([
        gate.enter(),
        new Promise((_, reject) => signal.onabort = () => reject(signal.reason)),
      ]);
    },
    onDrop: ({ msg }, { reason }) => told.push(`${msg} ${reason}`),
    onError: (error) => told.push(`${(error as Error).message}`),
  });
  for (const msg of ["a", "b", "c"]) writer.write({ msg });
  await turns();
  abort.abort(new Error("shutting down"));
  assert.equal(writer.running, false);
  assert.equal(writer.write("late"), false);
  assert.deepEqual(told, ["b aborted", "c aborted"]);
  assert.throws(() => writer.start(), { message: /ended by its signal/ });
  assert.deepEqual(await writer.stop(), { drained: true, left: 0 });
  assert.deepEqual(told.slice(2), ["shutting down"]);
  assert.deepEqual(writer.stats().dropped, { aborted: 2 });
  assert.equal(writer.stats().failed, 1);
  assertWriterAccounted(writer.stats());
  await writer.close();
});

test("a stop() that waits ends when the signal is aborted before the first call", async () => {
  const abort = new AbortController();
  const { writer, seen } = collecting({ signal: abort.signal });
  writer.write("a");
  const stopped = writer.stop();
  abort.abort();
  assert.deepEqual(await stopped, { drained: true, left: 0 });
  assert.deepEqual(seen, []);
  assert.deepEqual(writer.stats().dropped, { aborted: 1 });
});

test("a signal that is aborted already gives a writer that takes nothing", async () => {
  const { writer } = collecting({ signal: AbortSignal.abort() });
  assert.equal(writer.running, false);
  assert.equal(writer.write("x"), false);
  assert.throws(() => writer.start(), { message: /ended by its signal/ });
  await writer.close();
});

test("a closed writer listens to its signal no more", async () => {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  signal.addEventListener = (_type: string, fn: unknown) => void listeners.add(fn);
  signal.removeEventListener = (_type: string, fn: unknown) => void listeners.delete(fn);
  const { writer } = collecting({ signal });
  assert.equal(listeners.size, 1);
  await writer.close();
  assert.equal(listeners.size, 0);
});

test("a record whose form stops the writer is refused", async () => {
  const { writer, seen } = collecting();
  const stops = { toJSON: () => void writer.stop() };
  assert.equal(writer.write({ msg: "a", fields: { stops } }), false);
  writer.start();
  assert.equal(writer.logger().info("b", { stops }), false);
  writer.start();
  await assert.rejects(writer.append({ msg: "c", fields: { stops } }), {
    name: "NotAcceptedError",
  });
  await writer.close();
  assert.deepEqual(seen, []);
  assert.deepEqual(writer.stats().refused, { stopped: 3 });
});

test("overflow warns once an episode, and counts by policy and level", async () => {
  const told: string[] = [];
  const { writer, seen } = collecting({
    capacity: 2,
    onWarn: ({ dropped }) => told.push(`warn ${dropped}`),
    onRecover: ({ dropped }) => told.push(`recovered ${dropped}`),
    onDrop: ({ msg }, { reason, level }) => told.push(`${msg} ${reason} ${level}`),
  });
  const log = writer.logger();
  assert.deepEqual([log.info("a"), log.info("b"), log.info("c"), log.error("d")], [
    true,
    true,
    false,
    false,
  ]);
  await writer.close();
  assert.deepEqual(told, ["warn 1", "c warn info", "d warn error", "recovered 2"]);
  assert.deepEqual(messages(seen), ["a", "b"]);
  const { refused, dropped, droppedByPolicy } = writer.stats();
  assert.deepEqual({ refused, dropped, droppedByPolicy }, {
    refused: { full: 2 },
    dropped: {},
    droppedByPolicy: { warn: { info: 1, error: 1 } },
  });
});

test("drop-oldest and sample give up records that were accepted, and count them so", async () => {
  for (const overflow of ["drop-oldest", "sample"] as const) {
    const { writer, seen } = collecting({ capacity: 2, overflow, sampleEvery: 2, random: () => 0 });
    for (const msg of ["a", "b", "c", "d"]) writer.write({ msg });
    const isSample = overflow === "sample";
    assert.deepEqual(writer.stats().dropped, { [overflow]: isSample ? 1 : 2 });
    assertWriterAccounted(writer.stats());
    await writer.close();
    assert.deepEqual(messages(seen), isSample ? ["b", "c"] : ["c", "d"]);
  }
});

test("reserve keeps room for errors", async () => {
  const { writer, seen } = collecting({ capacity: 3, reserve: 1, overflow: "block" });
  const log = writer.logger();
  assert.deepEqual([log.info("a"), log.info("b"), log.info("c")], [true, true, false]);
  assert.equal(log.error("d"), true);
  await writer.close();
  assert.deepEqual(messages(seen), ["a", "b", "d"]);
});

test("maxBytes bounds the buffer, and a long record is cut", async () => {
  const { writer, seen } = collecting({
    maxBytes: 5_000,
    maxRecordBytes: 1_024,
    overflow: "block",
  });
  const answers = Array.from({ length: 5 }, () => writer.write({ msg: "x".repeat(100_000) }));
  assert.deepEqual(answers, [true, true, true, false, false]);
  await writer.close();
  assert.ok(seen.every(({ msg, fields }) => msg.length < 1_024 && fields?.truncated !== undefined));
});

test("capacity as {min, max} grows up to max", async () => {
  const { writer } = collecting({ capacity: { min: 2, max: 8 }, overflow: "block" });
  for (let i = 0; i < 9; i++) assert.equal(writer.write({ msg: "m" }), i < 8);
  assert.equal(writer.stats().capacity, 8);
  await writer.close();
});

test("a listener that throws harms nothing", async () => {
  const said: unknown[] = [];
  const { error } = console;
  console.error = (...args: unknown[]) => void said.push(args.join(" "));
  try {
    const fail = () => {
      throw new Error("listener");
    };
    const { writer, seen } = collecting({
      capacity: 1,
      onDrop: fail,
      onWarn: fail,
      onRecover: fail,
      onError: fail,
      process: ({ msg }) => {
        if (msg === "bad") throw new Error("processor");
      },
    });
    writer.write({ msg: "bad" });
    assert.equal(writer.write({ msg: "dropped" }), false);
    await turns();
    writer.write({ msg: "good" });
    await writer.close();
    assert.equal(writer.stats().processed, 1);
    assert.equal(seen.length, 0);
    assert.ok(said.some((line) => String(line).includes("onError threw listener")), `${said}`);
    assert.ok(said.some((line) => String(line).includes("onDrop threw listener")), `${said}`);
  } finally {
    console.error = error;
  }
});
