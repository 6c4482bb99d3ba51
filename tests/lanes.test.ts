import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sink } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { assertAccounted } from "./support/accounting.ts";
import { messages, openBench } from "./support/lanes.ts";

const texts = (sink: { records: readonly { msg: string }[] }) => sink.records.map(({ msg }) => msg);

for (
  const [from, want] of [["now", ["3"]], ["start", ["0", "1", "2", "3"]], [2, [
    "1",
    "2",
    "3",
  ]]] as const
) {
  test(`lanes.add() begins from ${from}`, async () => {
    const sink = recordingSink();
    const bench = await openBench({ first: recordingSink() });
    await bench.write("0", "1", "2");
    await bench.pipeline.lanes.add("second", sink, { from });
    await bench.write("3");
    assert.deepEqual(texts(sink), want);
    assert.equal(bench.pipeline.lanes.list().length, 2);
    await bench.close();
  });
}

test("lanes.add() from now gets nothing that was accepted before, though it waits in the buffer", async () => {
  const sink = recordingSink();
  const bench = await openBench({});
  bench.pipeline.write("before");
  const added = bench.pipeline.lanes.add("sink", { sink });
  bench.pipeline.write("after");
  await added;
  await bench.clock.advance(0);
  assert.deepEqual(texts(sink), ["after"]);
  await bench.close();
});

test("lanes.add() refuses a name in use, a wrong place, no sink, and a pipeline that closes", async () => {
  const bench = await openBench({ sink: recordingSink() });
  const { lanes } = bench.pipeline;
  await assert.rejects(lanes.add("sink", recordingSink()), {
    name: "RangeError",
    message: /already/,
  });
  await assert.rejects(lanes.add("new", recordingSink(), { from: 99 }), {
    name: "RangeError",
    message: /holds 1 up to 0/,
  });
  await assert.rejects(lanes.add("new", 42 as never), { name: "TypeError" });
  const opened = Promise.withResolvers<void>();
  const slow: Sink = { ...recordingSink(), open: () => opened.promise };
  const late = assert.rejects(lanes.add("slow", slow), /pipeline is closing/);
  await assert.rejects(lanes.add("slow", recordingSink()), /already/);
  const closing = bench.pipeline.close();
  await assert.rejects(lanes.add("new", recordingSink()), /pipeline is closing/);
  opened.resolve();
  await late;
  await bench.clock.advance(20_000);
  await closing;
  assertAccounted(bench.pipeline.stats());
});

test("lanes.add() of a sink that cannot be opened leaves nothing behind", async () => {
  const bench = await openBench({});
  const broken: Sink = {
    write() {},
    open() {
      throw new Error("no such table");
    },
  };
  await assert.rejects(bench.pipeline.lanes.add("sink", broken), /no such table/);
  await bench.pipeline.lanes.add("sink", recordingSink());
  await bench.close();
});

test("lanes.remove() aborts the call in flight, keeps the place, and add() goes on there", async () => {
  let aborted = false;
  const hung: Sink["write"] = (_, { signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted = true;
        reject(signal.reason);
      });
    });
  const other = recordingSink();
  const bench = await openBench({ hung, other });
  await bench.write("a", "b");
  const stats = await bench.pipeline.lanes.remove("hung");
  assert.deepEqual([aborted, stats?.pending, stats?.state], [true, 2, "closed"]);
  assert.deepEqual(Object.keys(bench.pipeline.stats().lanes), ["other"]);
  await bench.write("c");
  const back = recordingSink();
  await bench.pipeline.lanes.add("hung", back, { from: "now" });
  await bench.clock.advance(0);
  assert.deepEqual(texts(back), ["a", "b", "c"]);
  assert.equal(other.records.length, 3);
  await bench.close();
});

test("lanes.remove() with forget gives the place up, also that of a sink that is not there", async () => {
  const bench = await openBench({ gone: recordingSink(() => new Error("down")) });
  await bench.write("a");
  await bench.pipeline.lanes.remove("gone");
  assert.equal(await bench.pipeline.lanes.remove("gone", { forget: true }), undefined);
  await assert.rejects(bench.pipeline.lanes.remove("gone"), { name: "RangeError" });
  const sink = recordingSink();
  await bench.pipeline.lanes.add("gone", sink);
  await bench.write("b");
  assert.deepEqual(texts(sink), ["b"]);
  await bench.close();
});

test("a sink that left and its counts hold over a restart", async () => {
  const first = await openBench({
    sink: recordingSink((_, call) => call > 1 ? new Error("x") : undefined),
  });
  await first.write("a");
  await first.write("b");
  await first.pipeline.lanes.remove("sink");
  await first.write("c");
  await first.close();
  const sink = recordingSink();
  const second = await openBench({ sink }, {}, undefined, first.store);
  await second.clock.advance(0);
  assert.deepEqual(texts(sink), ["b", "c"]);
  assert.equal(second.pipeline.lanes.get("sink")!.delivered, 3);
  await second.close();
});

test("a paused lane keeps its records and delays nobody; resume() sends them", async () => {
  const sink = recordingSink();
  const other = recordingSink();
  const bench = await openBench({ sink, other });
  const { lanes } = bench.pipeline;
  lanes.pause("sink");
  await bench.write(...messages(2500));
  assert.deepEqual([sink.records.length, other.records.length], [0, 2500]);
  assert.deepEqual([lanes.get("sink")!.state, lanes.get("sink")!.inFlight], ["paused", 0]);
  assert.equal((await bench.pipeline.drain()).drained, false);
  lanes.resume("sink");
  await bench.clock.advance(0);
  assert.deepEqual(texts(sink), messages(2500));
  assert.throws(() => lanes.pause("nobody"), { name: "RangeError", message: /no sink "nobody"/ });
  await bench.close();
});

test("a lane that is paused between two attempts makes none until it is resumed", async () => {
  const sink = recordingSink((_, call) => call === 1 ? new Error("down") : undefined);
  const bench = await openBench({ sink });
  await bench.write("a");
  bench.pipeline.lanes.pause("sink");
  await bench.clock.advance(60_000);
  assert.equal(sink.offered.length, 1);
  bench.pipeline.lanes.resume("sink");
  await bench.clock.advance(0);
  assert.equal(sink.records.length, 1);
  await bench.close();
});

test("a lane that lags holds no more batches in memory than may be in flight", async () => {
  const held: number[] = [];
  const bench = await openBench({
    sink: {
      sink: (batch) => {
        held.push(batch.bytes.length);
        return new Promise<void>(() => {});
      },
      order: "none",
      concurrency: 2,
    },
  });
  for (let i = 0; i < 10; i++) await bench.write(...messages(1000).map((n) => n.padEnd(1000, "x")));
  const { inFlight, pending } = bench.pipeline.lanes.get("sink")!;
  assert.deepEqual([inFlight, pending, held.length], [2, 10_000, 2]);
  assert.ok(held.every((bytes) => bytes <= 262_144));
  await bench.close();
});

for (
  const [name, options] of Object.entries({
    "timeoutMs -1": { timeoutMs: -1 },
    "graceMs NaN": { graceMs: NaN },
    "an unknown order": { order: "random" as never },
    "maxElapsedMs -1": { retry: { maxElapsedMs: -1 } },
    "retryAfterCapMs NaN": { retry: { retryAfterCapMs: NaN } },
    "maxAgeMs -1": { batch: { maxAgeMs: -1 } },
    "from -1": { from: -1 },
    "a fallback that is no sink": { fallback: 42 as never },
    "a breaker of 0 failures": { breaker: { trip: { rule: "consecutive", failures: 0 } as const } },
  })
) {
  test(`lanes.add() with ${name} throws and adds nothing`, async () => {
    const bench = await openBench({});
    const { lanes } = bench.pipeline;
    await assert.rejects(lanes.add("sink", { sink: recordingSink(), ...options }), {
      name: /RangeError|TypeError/,
    });
    assert.deepEqual([lanes.list(), bench.pipeline.breakers.list()], [[], []]);
    await bench.close();
  });
}
