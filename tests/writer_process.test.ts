import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, createWriter, type LogRecord, type WriterStats } from "../mod.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { createGate, turns } from "./support/gate.ts";
import { assertWriterAccounted } from "./support/writer_stats.ts";

const messages = (records: readonly LogRecord[]) => records.map(({ msg }) => msg).join();

/** The counts of outcomes. */
function outcomes({ processed, failed, abandoned, late, pending }: WriterStats): object {
  return { processed, failed, abandoned, late, pending };
}

test("an error of the processor is counted and reported with its records, and never ends the loop", async () => {
  const told: string[] = [];
  const writer = createWriter({
    process: ({ msg }) => {
      if (msg === "throws") throw new Error("thrown");
      if (msg === "rejects") return Promise.reject(new Error("rejected"));
      if (msg === "odd") throw undefined;
      if (msg === "trap") {
        return {
          get then() {
            throw new Error("trapped");
          },
        };
      }
    },
    onError: (error, records) => told.push(`${(error as Error)?.message} ${messages(records)}`),
  });
  for (const msg of ["a", "throws", "b", "rejects", "c", "odd", "trap", "d"]) writer.write({ msg });
  await writer.close();
  assert.deepEqual(told, ["thrown throws", "rejected rejects", "undefined odd", "trapped trap"]);
  assert.deepEqual(outcomes(writer.stats()), {
    processed: 4,
    failed: 4,
    abandoned: 0,
    late: 0,
    pending: 0,
  });
});

test("without onError one line in ten seconds goes to standard error", async () => {
  const lines: unknown[] = [];
  const { error } = console;
  console.error = (line: unknown) => void lines.push(line);
  try {
    const clock = fakeClock();
    const writer = createWriter({
      clock,
      process: () => {
        throw new Error("disk gone");
      },
    });
    for (let i = 0; i < 3; i++) writer.write("x");
    await turns();
    await clock.advance(10_000);
    writer.write("x");
    await turns();
    await clock.advance(10_000);
    writer.write("x");
    await writer.close();
  } finally {
    console.error = error;
  }
  assert.deepEqual(lines, [
    "logflume: Processing 1 record failed: disk gone",
    "logflume: Processing 1 record failed: disk gone (2 more failures since the last message)",
    "logflume: Processing 1 record failed: disk gone",
  ]);
});

test("one call at a time, in order, also when calls take different times", async () => {
  let inHand = 0;
  const seen: string[] = [];
  const writer = createWriter({
    process: async ({ msg }) => {
      assert.equal(++inHand, 1);
      await turns(Number(msg) % 3);
      seen.push(msg);
      inHand--;
    },
  });
  const sent = Array.from({ length: 30 }, (_, i) => `${i}`);
  for (const msg of sent) writer.write({ msg });
  await writer.close();
  assert.deepEqual(seen, sent);
  assert.equal(writer.stats().failed, 0);
});

test("processBatch gets what is there, up to maxRecords", async () => {
  const sizes: number[] = [];
  const writer = createWriter({
    processBatch: (records) => void sizes.push(records.length),
    batch: { maxRecords: 4 },
  });
  for (let i = 0; i < 10; i++) writer.write("x");
  await writer.stop();
  writer.start();
  writer.write("x");
  await writer.close();
  assert.deepEqual(sizes, [4, 4, 2, 1]);
});

test("a batch waits up to maxIntervalMs to fill up, counted from its first record", async () => {
  const clock = fakeClock();
  const batches: string[] = [];
  const writer = createWriter({
    clock,
    processBatch: (records) => void batches.push(messages(records)),
    batch: { maxRecords: 3, maxIntervalMs: 100 },
  });
  writer.write("a");
  await clock.advance(60);
  writer.write("b");
  await clock.advance(39);
  assert.deepEqual(batches, []);
  await clock.advance(1);
  assert.deepEqual(batches, ["a,b"]);
  await clock.advance(1_000);
  writer.write("c");
  await turns();
  writer.write("d");
  writer.write("e");
  await turns();
  assert.deepEqual(batches, ["a,b", "c,d,e"], "a full batch goes at once");
  assert.equal(clock.pending, 0, "its timer is given back");
  writer.write("f");
  await writer.stop();
  assert.deepEqual(batches, ["a,b", "c,d,e", "f"], "stop() does not wait for more");
  writer.start();
  writer.write("g");
  await clock.advance(99);
  assert.equal(batches.length, 3, "after start() batches fill up again");
  await clock.advance(1);
  assert.equal(batches.length, 4);
  assert.equal(clock.pending, 0);
  await writer.close();
});

test("time that a record waits while the processor is busy counts for its batch", async () => {
  const clock = fakeClock();
  const gate = createGate();
  const batches: string[] = [];
  const writer = createWriter({
    clock,
    processBatch: (records) => {
      batches.push(messages(records));
      return gate.enter();
    },
    batch: { maxRecords: 3, maxIntervalMs: 100 },
  });
  writer.write("a");
  await clock.advance(100);
  writer.write("b");
  await clock.advance(80);
  gate.open();
  await clock.advance(19);
  assert.deepEqual(batches, ["a"]);
  await clock.advance(1);
  assert.deepEqual(batches, ["a", "b"]);
  gate.open();
  await writer.close();
});

test("a full buffer ends the wait for a batch, so that who waits for room is not held up", async () => {
  const sizes: number[] = [];
  const writer = createWriter({
    clock: fakeClock(),
    capacity: 2,
    processBatch: (records) => void sizes.push(records.length),
    batch: { maxRecords: 100, maxIntervalMs: 60_000 },
  });
  writer.write("a");
  await turns();
  writer.write("b");
  await writer.append("c");
  await writer.append("d");
  await writer.append("e");
  await writer.close();
  assert.equal(sizes.reduce((sum, size) => sum + size), 5);
});

test("halting a writer that waits for a batch leaves the records for the next start", async () => {
  const clock = fakeClock();
  const sizes: number[] = [];
  const abort = new AbortController();
  const writer = createWriter({
    clock,
    signal: abort.signal,
    processBatch: (records) => void sizes.push(records.length),
    batch: { maxIntervalMs: Infinity },
  });
  writer.write("a");
  await clock.advance(1_000_000);
  assert.deepEqual(sizes, []);
  abort.abort();
  await writer.close();
  assert.deepEqual(writer.stats().dropped, { aborted: 1 });
  assert.deepEqual(sizes, []);
});

test("at processTimeoutMs the signal is aborted, and a processor that heeds it fails", async () => {
  const clock = fakeClock();
  const told: string[] = [];
  const writer = createWriter({
    clock,
    processTimeoutMs: 100,
    process: (_record, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    onError: (error) => told.push(`${(error as Error).name}: ${(error as Error).message}`),
  });
  writer.write("a");
  await clock.advance(99);
  assert.deepEqual(told, []);
  await clock.advance(1);
  assert.deepEqual(told, ["TimeoutError: The processor took longer than 100 ms"]);
  assert.deepEqual(outcomes(writer.stats()), {
    processed: 0,
    failed: 1,
    abandoned: 0,
    late: 0,
    pending: 0,
  });
  assert.equal(clock.pending, 0);
  await writer.close();
});

test("a processor that succeeds within graceMs after its timeout has processed its records", async () => {
  const clock = fakeClock();
  const gate = createGate();
  const writer = createWriter({ clock, processTimeoutMs: 100, process: () => gate.enter() });
  writer.write("a");
  await clock.advance(1_099);
  gate.open();
  await turns();
  assert.deepEqual(outcomes(writer.stats()), {
    processed: 1,
    failed: 0,
    abandoned: 0,
    late: 0,
    pending: 0,
  });
  assert.equal(clock.pending, 0);
  await writer.close();
});

test("the slot is kept for graceMs, then the records are abandoned and a late result is only counted", async () => {
  const clock = fakeClock();
  const gate = createGate();
  const started: string[] = [];
  const told: string[] = [];
  const writer = createWriter({
    clock,
    processTimeoutMs: 100,
    graceMs: 50,
    process: ({ msg }) => {
      started.push(msg);
      return gate.enter();
    },
    onError: (error, records) => told.push(`${(error as Error).message} ${messages(records)}`),
  });
  for (const msg of ["a", "b", "c"]) writer.write({ msg });
  await clock.advance(149);
  assert.deepEqual(started, ["a"], "the slot is kept");
  assert.equal(writer.stats().pending, 3);
  await clock.advance(1);
  assert.deepEqual(started, ["a", "b"]);
  assert.deepEqual(told, [
    "The processor took longer than 100 ms, and the processor did not end within 50 ms after that: " +
    "its records are given up a",
  ]);
  await clock.advance(150);
  assert.deepEqual(started, ["a", "b", "c"]);
  assertWriterAccounted(writer.stats());
  gate.open();
  gate.open(new Error("late error"));
  gate.open();
  await writer.close();
  assert.equal(told.length, 2, "a late error is not reported");
  assert.deepEqual(outcomes(writer.stats()), {
    processed: 1,
    failed: 2,
    abandoned: 2,
    late: 2,
    pending: 0,
  });
});

test("each call has a signal of its own, also when it is asked for late", async () => {
  const clock = fakeClock();
  const gate = createGate();
  const signals: AbortSignal[] = [];
  const contexts: { signal: AbortSignal }[] = [];
  const writer = createWriter({
    clock,
    processTimeoutMs: 100,
    graceMs: 0,
    process: ({ msg }, context) => {
      contexts.push(context);
      if (msg !== "a") signals.push(context.signal);
      return gate.enter();
    },
    onError() {},
  });
  for (const msg of ["a", "b"]) writer.write({ msg });
  await clock.advance(150);
  assert.equal(contexts.length, 2);
  assert.equal(contexts[0]!.signal.aborted, true);
  assert.equal((contexts[0]!.signal.reason as Error).name, "TimeoutError");
  assert.equal(signals[0]!.aborted, false);
  gate.open();
  gate.open();
  await writer.close();
  assert.equal(signals[0]!.aborted, false, "a call that has ended is left alone");
});

/** Counts how often the event loop got its turn. */
function countingTurns(clock: Clock): { clock: Clock; count(): number } {
  let count = 0;
  const defer = (fn: () => void): void => {
    count++;
    clock.defer(fn);
  };
  return { clock: { ...clock, defer }, count: () => count };
}

test("a processor that never waits gives the event loop back after 256 calls", async () => {
  const { clock, count } = countingTurns(fakeClock());
  const writer = createWriter({ clock, process() {} });
  for (let i = 0; i < 1000; i++) writer.write("x");
  await writer.close();
  assert.equal(count(), 1 + Math.floor(1000 / 256));
});

test("a processor that takes its time gives the event loop back after 5 ms", async () => {
  let now = 0;
  const { clock, count } = countingTurns({ ...fakeClock(), monotonic: () => now });
  const writer = createWriter({ clock, process: () => void (now += 2) });
  for (let i = 0; i < 9; i++) writer.write("x");
  await writer.close();
  assert.equal(count(), 1 + 3);
});

test("what the processor writes itself is taken up, and stop() ends a circle", async () => {
  let count = 0;
  const writer = createWriter({
    process: () => {
      if (++count === 1000) void writer.stop();
      writer.write("again");
    },
  });
  writer.write("first");
  while (writer.running) await turns(1);
  await writer.close();
  assert.equal(count, 1000);
  assert.deepEqual(writer.stats().refused, { stopped: 1 });
  assertWriterAccounted(writer.stats());
});

test("a listener that closes the writer while records are taken out loses no count", async () => {
  const aborted: boolean[] = [];
  const writer = createWriter({
    capacity: 2,
    onWarn() {},
    onRecover: () => {
      assertWriterAccounted(writer.stats());
      void writer.close({ timeoutMs: 0 });
    },
    process: (_record, { signal }) => void aborted.push(signal.aborted),
  });
  for (let i = 0; i < 3; i++) writer.write("x");
  await writer.close();
  assertWriterAccounted(writer.stats());
  assert.equal(writer.stats().pending, 0);
});

test("a second reason to abort does not prolong the grace of the first", async () => {
  const clock = fakeClock();
  const told: string[] = [];
  const writer = createWriter({
    clock,
    processTimeoutMs: 100,
    graceMs: 50,
    process: () => new Promise(() => {}),
    onError: (error) => told.push((error as Error).message),
  });
  writer.write("a");
  await clock.advance(0);
  const stopped = writer.stop({ timeoutMs: 130 });
  await clock.advance(150);
  assert.deepEqual(await stopped, { drained: true, left: 0 });
  assert.match(told[0]!, /longer than 100 ms/);
  assert.equal(clock.pending, 0);
});

test("a processor that ends its own writer and then waits for ever has its grace, too", async () => {
  const clock = fakeClock();
  const abort = new AbortController();
  const writer = createWriter({
    clock,
    signal: abort.signal,
    process: () => {
      abort.abort();
      return new Promise(() => {});
    },
    onError() {},
  });
  writer.write("a");
  await turns();
  const closed = writer.close({ timeoutMs: 60_000 });
  await clock.advance(1_000);
  assert.deepEqual(await closed, { drained: true, left: 0 });
  assert.equal(writer.stats().abandoned, 1);
});
