import assert from "node:assert/strict";
import { test } from "node:test";
import { createWriter, type WriterOptions } from "../mod.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { createGate, turns } from "./support/gate.ts";
import { assertWriterAccounted } from "./support/writer_stats.ts";

test("with sync, process runs before write() returns", () => {
  const seen: string[] = [];
  const writer = createWriter({ mode: "sync", process: ({ msg }) => void seen.push(msg) });
  assert.equal(writer.write("a"), true);
  assert.deepEqual(seen, ["a"]);
  writer.logger().info("b");
  assert.deepEqual(seen, ["a", "b"]);
  const { mode, processed, pending, depth } = writer.stats();
  assert.deepEqual({ mode, processed, pending, depth }, {
    mode: "sync",
    processed: 2,
    pending: 0,
    depth: 0,
  });
});

test("one switch between sync and async: the same records, no other change", async () => {
  const results: unknown[] = [];
  for (const mode of ["sync", "async"] as const) {
    const batches: unknown[] = [];
    const writer = createWriter({
      mode,
      clock: fakeClock(),
      processBatch: (records) => void batches.push(...records),
      batch: { maxRecords: 10, maxIntervalMs: 50 },
    });
    writer.withLevel("info").logger("shop", { shop: 1 }).info("a", { when: new Date(0) });
    writer.write({ msg: "left out", level: "debug" });
    await writer.append('{"msg":"b","level":"warning"}');
    await writer.close();
    results.push(batches);
  }
  assert.equal((results[0] as unknown[]).length, 2);
  assert.deepEqual(results[0], results[1]);
});

test("with sync, what is written from within process is queued, not nested", () => {
  const log: string[] = [];
  const writer = createWriter({
    mode: "sync",
    process: ({ msg }) => {
      log.push(`${msg} begins`);
      if (msg === "a") assert.deepEqual([writer.write("b"), writer.write("c")], [true, true]);
      if (msg === "b") writer.write("d");
      assertWriterAccounted(writer.stats());
      log.push(`${msg} ends`);
    },
  });
  writer.write("a");
  const names = ["a", "b", "c", "d"];
  assert.deepEqual(log, names.flatMap((msg) => [`${msg} begins`, `${msg} ends`]));
  assert.equal(writer.stats().failed, 0);
});

test("with sync, 100,000 records written from within process need no deep stack", () => {
  let left = 100_000;
  const writer = createWriter({
    mode: "sync",
    process: () => {
      if (left-- > 0) writer.write("again");
    },
  });
  writer.write("first");
  assert.equal(writer.stats().processed, 100_001);
});

test("with sync, what is written from within process is bounded by the buffer and its policy", () => {
  const writer = createWriter({
    mode: "sync",
    capacity: 2,
    overflow: "drop-newest",
    process: ({ msg }) => {
      if (msg !== "first") return;
      assert.deepEqual(["a", "b", "c"].map((line) => writer.write(line)), [true, true, false]);
    },
  });
  writer.write("first");
  assert.equal(writer.stats().processed, 3);
  assert.deepEqual(writer.stats().refused, { full: 1 });
});

test("with sync, processBatch gets one record a write, and together what was written meanwhile", () => {
  const sizes: number[] = [];
  const writer = createWriter({
    mode: "sync",
    processBatch: (records) => {
      sizes.push(records.length);
      if (sizes.length === 2) { for (let i = 0; i < 5; i++) writer.write("more"); }
    },
    batch: { maxRecords: 3, maxIntervalMs: 1_000 },
  });
  writer.write("a");
  writer.write("b");
  assert.deepEqual(sizes, [1, 1, 3, 2]);
});

test("with sync, an error of the processor reaches onError and not who writes", () => {
  const told: unknown[] = [];
  const writer = createWriter({
    mode: "sync",
    process: ({ msg }) => {
      if (msg === "bad") throw new Error("no");
    },
    onError: (error, records) => told.push([(error as Error).message, records[0]!.msg]),
  });
  assert.equal(writer.write("bad"), true);
  assert.equal(writer.write("good"), true);
  assert.deepEqual(told, [["no", "bad"]]);
  const { processed, failed } = writer.stats();
  assert.deepEqual({ processed, failed }, { processed: 1, failed: 1 });
});

test("with sync, a promise is reported once, awaited in the background, in order, and counted", async () => {
  const gate = createGate();
  const started: string[] = [];
  const told: string[] = [];
  const writer = createWriter({
    mode: "sync",
    capacity: 2,
    overflow: "block",
    process: ({ msg }) => {
      started.push(msg);
      return gate.enter();
    },
    onError: (error) => told.push((error as Error).message),
  });
  assert.deepEqual(["a", "b", "c", "d"].map((msg) => writer.write({ msg })), [
    true,
    true,
    true,
    false,
  ]);
  assert.deepEqual(started, ["a"], "one call at a time");
  assertWriterAccounted(writer.stats());
  const waits = writer.append("e");
  gate.open();
  await waits;
  gate.open(new Error("rejected"));
  await turns();
  gate.open();
  await turns();
  gate.open();
  assert.deepEqual(await writer.close(), { drained: true, left: 0 });
  assert.deepEqual(started, ["a", "b", "c", "e"]);
  assert.equal(told.length, 2);
  assert.match(told[0]!, /sync writer returned a promise/);
  assert.equal(told[1], "rejected");
  const { processed, failed } = writer.stats();
  assert.deepEqual({ processed, failed }, { processed: 3, failed: 1 });
});

test("with sync, a processor that returned a promise once can go back to none", async () => {
  const gate = createGate();
  const seen: string[] = [];
  const writer = createWriter({
    mode: "sync",
    onError() {},
    process: ({ msg }) => {
      seen.push(msg);
      return msg === "slow" ? gate.enter() : undefined;
    },
  });
  writer.write("slow");
  writer.write("queued");
  assert.deepEqual(seen, ["slow"]);
  gate.open();
  await turns();
  writer.write("at once");
  assert.deepEqual(seen, ["slow", "queued", "at once"]);
});

test("with sync, start, stop and close work as with async", async () => {
  const seen: string[] = [];
  const options: WriterOptions = {
    mode: "sync",
    start: false,
    process: ({ msg }) => {
      seen.push(msg);
      if (msg === "stop") void writer.stop();
    },
  };
  const writer = createWriter(options);
  assert.equal(writer.write("early"), false);
  writer.start();
  assert.throws(() => writer.start(), { message: /running already/ });
  writer.write("a");
  writer.write("stop");
  assert.equal(writer.running, false);
  assert.equal(writer.write("late"), false);
  assert.deepEqual(await writer.close(), { drained: true, left: 0 });
  assert.deepEqual(seen, ["a", "stop"]);
  assertWriterAccounted(writer.stats());
});

test("with sync, what queued behind a promise does not wait for a batch to fill up", async () => {
  const gate = createGate();
  const sizes: number[] = [];
  const writer = createWriter({
    mode: "sync",
    clock: fakeClock(),
    onError() {},
    processBatch: (records) => {
      sizes.push(records.length);
      return sizes.length === 1 ? gate.enter() : undefined;
    },
    batch: { maxIntervalMs: 60_000 },
  });
  writer.write("a");
  writer.write("b");
  gate.open();
  await turns();
  assert.deepEqual(sizes, [1, 1]);
});
