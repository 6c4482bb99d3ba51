import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type LogProvider,
  type LogStore,
  memoryStore,
  openWal,
  type Pipeline,
  RejectedError,
  type Sink,
} from "../mod.ts";
import { fileSink } from "../src/sink/file.ts";
import { fileStore } from "../src/storage/file.ts";
import { fakeClock, recordingSink } from "../src/testing/mod.ts";
import { openAccounted } from "./support/accounted.ts";
import { durableMemory } from "./support/durable_memory.ts";
import { listed, seqsOf } from "./support/letter_logs.ts";
import { inFolder } from "./support/spawn.ts";

const quiet = { onEvent: () => {} };
const isPoison = (line: string): boolean => line.includes("poison");

/** A sink that refuses poison as long as `refuses` says so. */
function picky(order: "strict" | "none" = "strict"): Sink & { refuses: boolean; taken: string[] } {
  const taken: string[] = [];
  return {
    order,
    refuses: true,
    taken,
    write(batch) {
      const reject = batch.lines().flatMap((line, index) =>
        this.refuses && isPoison(line) ? [{ index, reason: "400" }] : []
      );
      const refused = new Set(reject.map(({ index }) => index));
      taken.push(...batch.records().map(({ msg }) => msg).filter((_, i) => !refused.has(i)));
      return { reject };
    },
  };
}

async function settle(pipeline: Pipeline): Promise<void> {
  assert.equal((await pipeline.drain()).drained, true);
}

test("D1: what always fails is tried five times, what can never be delivered once", async () => {
  const clock = fakeClock();
  const failing = recordingSink(() => new Error("503"));
  const rejecting = recordingSink(() => new RejectedError("400"));
  await using pipeline = await openAccounted({ sinks: { failing, rejecting }, clock, ...quiet });
  pipeline.write("one");
  await clock.advance(120_000);
  const letters = await listed(pipeline.deadLetters);
  const told = letters.map(({ lane, attempts, reason }) => ({ lane, attempts, reason }))
    .sort((a, b) => a.lane < b.lane ? -1 : 1);
  assert.deepEqual(told, [
    { lane: "failing", attempts: 5, reason: "max_attempts" },
    { lane: "rejecting", attempts: 1, reason: "non_retryable" },
  ]);
});

/** A store whose dead letters refuse so many times. */
function refusing(times: number): LogProvider {
  return {
    label: "refusing",
    keeps: "process",
    async openLog(name, settings) {
      const log = await openWal(memoryStore(), settings);
      if (name === "records") return log;
      return new Proxy<LogStore>(log, {
        get(target, key) {
          if (key === "sync" && times-- > 0) return () => Promise.reject(new Error("EIO"));
          const value = target[key as keyof LogStore] as unknown;
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    },
  };
}

test("D5: a dead letter that cannot be stored leaves its record with the lane, told once", async () => {
  const clock = fakeClock();
  const events: string[] = [];
  const pipeline = await openAccounted({
    sinks: { sink: recordingSink(() => new RejectedError("400")) },
    wal: { store: refusing(3) },
    clock,
    onEvent: ({ kind, message }) => events.push(`${kind}: ${message}`),
  });
  pipeline.write("poison");
  await clock.advance(0);
  const { pending, deadLettered, nextSeq, state } = pipeline.stats().lanes.sink!;
  assert.deepEqual({ pending, deadLettered, nextSeq, state }, {
    pending: 1,
    deadLettered: 0,
    nextSeq: 1,
    state: "waiting-to-retry",
  });
  assert.equal(pipeline.deadLetters.size, 0);
  await clock.advance(60_000);
  assert.deepEqual(events, [
    'delivery-failed: Sink "sink" failed, trying again: EIO',
    'dead-lettered: Sink "sink" gave up 1 record, kept in the dead letters: 400',
  ]);
  assert.deepEqual([pipeline.stats().lanes.sink!.deadLettered, pipeline.deadLetters.size], [1, 1]);
  await pipeline.close();
});

test("a lane stops while the dead letters are full and may not evict, and goes on with room", async () => {
  const clock = fakeClock();
  const pipeline = await openAccounted({
    sinks: { sink: recordingSink(() => new RejectedError("400")) },
    deadLetters: { maxEntries: 1, onFull: "park" },
    clock,
    ...quiet,
  });
  pipeline.write("one");
  await clock.advance(10_000);
  pipeline.write("two");
  await clock.advance(100_000);
  assert.equal(pipeline.stats().lanes.sink!.pending, 1);
  assert.equal(await pipeline.deadLetters.purge(), 1);
  await clock.advance(100_000);
  assert.equal(pipeline.stats().lanes.sink!.pending, 0);
  assert.deepEqual(await seqsOf(pipeline.deadLetters), [2]);
  await pipeline.close();
});

test("dead letters that are given up are told", async () => {
  const events: string[] = [];
  await using pipeline = await openAccounted({
    sinks: {
      sink: ({ count }) => ({
        reject: Array.from({ length: count }, (_, index) => ({ index, reason: "400" })),
      }),
    },
    deadLetters: { maxEntries: 2 },
    onEvent: ({ kind, message }) => events.push(`${kind}: ${message}`),
  });
  for (let i = 0; i < 5; i++) pipeline.write("poison");
  await settle(pipeline);
  assert.deepEqual(events.filter((event) => event.startsWith("dead-letters")), [
    "dead-letters-evicted: The dead letters gave up the oldest 3 entries at their limit " +
    "maxEntries: replay them in time, or raise it",
  ]);
});

for (const order of ["strict", "none"] as const) {
  test(`pipeline.deadLetters.replay() sends through the lane's own sink (order ${order})`, async () => {
    const sink = picky(order);
    await using pipeline = await openAccounted({
      sinks: { sink, other: recordingSink() },
      wal: { store: durableMemory() },
      ...quiet,
    });
    for (const msg of ["a", "poison 1", "b", "poison 2"]) pipeline.write(msg);
    await settle(pipeline);
    assert.equal((await pipeline.deadLetters.replay()).failed, 2);
    assert.deepEqual((await listed(pipeline.deadLetters)).map(({ replays }) => replays), [1, 1]);
    sink.refuses = false;
    const { replayed } = await pipeline.deadLetters.replay();
    assert.deepEqual([replayed, pipeline.deadLetters.size], [2, 0]);
    assert.deepEqual(sink.taken, ["a", "b", "poison 1", "poison 2"]);
    const { added, updated, replayed: out } = pipeline.stats().deadLetters;
    assert.deepEqual({ added, updated, out }, { added: 2, updated: 2, out: 2 });
    const { accepted, delivered, deadLettered } = pipeline.stats().lanes.sink!;
    assert.deepEqual({ accepted, delivered, deadLettered }, {
      accepted: 4,
      delivered: 2,
      deadLettered: 2,
    });
  });
}

test("a replay tries as often as its lane, at most five times, and lets live records by", async () => {
  const clock = fakeClock();
  const sent: string[] = [];
  let mood: "reject" | "fail" | "work" = "reject";
  const sink: Sink = {
    write(batch) {
      const [line] = batch.lines() as [string];
      sent.push(isPoison(line) ? "poison" : "live");
      if (!isPoison(line) || mood === "work") return;
      throw mood === "reject" ? new RejectedError("400") : new Error("503");
    },
  };
  const pipeline = await openAccounted({
    sinks: { sink },
    wal: { store: durableMemory() },
    clock,
    random: () => 0.5,
    ...quiet,
  });
  pipeline.write("poison");
  await clock.advance(1000);
  mood = "fail";
  const replay = pipeline.deadLetters.replay();
  await clock.advance(0);
  pipeline.write("live");
  await clock.advance(0);
  assert.deepEqual(sent, ["poison", "poison", "live"]);
  await clock.advance(60_000);
  assert.equal((await replay).failed, 1);
  assert.equal(sent.filter((one) => one === "poison").length, 6);
  const [letter] = await listed(pipeline.deadLetters);
  assert.deepEqual([letter!.attempts, letter!.replays, letter!.reason], [6, 1, "max_attempts"]);
  const closing = pipeline.close();
  await clock.advance(60_000);
  await closing;
});

test("a strict sink never gets a replayed record while it has a batch", async () => {
  let inFlight = 0;
  let most = 0;
  let calls = 0;
  const sink: Sink = {
    async write() {
      most = Math.max(most, ++inFlight);
      await new Promise<void>((resolve) => void setImmediate(resolve));
      inFlight--;
      if (++calls === 1) throw new RejectedError("400");
    },
  };
  await using pipeline = await openAccounted({
    sinks: { sink: { sink, batch: { maxRecords: 1 } } },
    ...quiet,
  });
  for (let i = 0; i < 5; i++) pipeline.write("poison");
  await settle(pipeline);
  const replay = pipeline.deadLetters.replay();
  for (let i = 0; i < 50; i++) await pipeline.append(`live ${i}`);
  assert.equal((await replay).replayed, 1);
  await settle(pipeline);
  assert.equal(most, 1);
});

test("entries of a sink that is not there are skipped, also once the pipeline closes", async () => {
  const store = durableMemory();
  const first = await openAccounted({ sinks: { sink: picky() }, wal: { store }, ...quiet });
  first.write("poison");
  await settle(first);
  await first.close();
  const second = await openAccounted({ sinks: { other: picky() }, wal: { store }, ...quiet });
  assert.equal((await second.deadLetters.replay()).skipped.noSink, 1);
  await second.close();
  const never: Sink = { write: () => new Promise(() => {}) };
  const third = await openAccounted({ sinks: { sink: never }, wal: { store }, ...quiet });
  const replay = third.deadLetters.replay();
  await third.close({ timeoutMs: 0 });
  const { replayed, failed } = await replay;
  assert.deepEqual({ replayed, failed, held: third.deadLetters.size }, {
    replayed: 0,
    failed: 0,
    held: 1,
  });
});

test("a record that was replayed into a file stays there over a kill", () =>
  inFolder("replayed", async (folder) => {
    const path = join(folder, "out.ndjson");
    const file = fileSink({ path });
    let refuses = true;
    const sink: Sink = {
      ...file,
      write: (batch, context) => {
        if (refuses) throw new RejectedError("not yet");
        return file.write(batch, context);
      },
    };
    const data = join(folder, "data");
    const clock = fakeClock();
    const options = { sinks: { file: sink }, ...quiet };
    const pipeline = await openAccounted({
      ...options,
      wal: { store: fileStore(data) },
      clock,
    });
    await pipeline.append("poison");
    await settle(pipeline);
    // The cursor passes the record.
    await clock.advance(1000);
    refuses = false;
    assert.equal((await pipeline.deadLetters.replay()).replayed, 1);
    // What a kill leaves, at this very moment.
    const left = join(folder, "left");
    fs.cpSync(data, left, { recursive: true });
    fs.rmSync(join(left, "LOCK"));
    const next = await openAccounted({
      sinks: { file: fileSink({ path }) },
      wal: { store: fileStore(left) },
      ...quiet,
    });
    assert.equal(next.deadLetters.size, 0);
    await next.close();
    assert.match(fs.readFileSync(path, "utf8"), /"msg":"poison"/);
    await pipeline.close();
  }));
