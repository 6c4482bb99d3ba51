import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RejectedError } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { messages, openBench } from "./support/lanes.ts";

test("a poison record is found by halves and goes alone; the rest is delivered in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.uniqueArray(fc.nat(59), { maxLength: 4 }),
      fc.constantFrom<"strict" | "none">("strict", "none"),
      async (count, chosen, order) => {
        const poison = new Set(chosen.filter((n) => n < count).map(String));
        const sink = recordingSink((batch) => {
          const isBad = batch.records().some(({ msg }) => poison.has(msg));
          return isBad ? new RejectedError("400 Bad Request") : undefined;
        });
        const bench = await openBench({ sink: { sink, order, batch: { maxRecords: 64 } } });
        await bench.write(...messages(count));
        const letters = await Array.fromAsync(bench.pipeline.deadLetters.list());
        const lost = letters.map(({ record }) => JSON.parse(record).msg);
        assert.deepEqual(new Set(lost), poison);
        assert.equal(lost.length, poison.size);
        const rest = messages(count).filter((msg) => !poison.has(msg));
        assert.deepEqual(sink.records.map(({ msg }) => msg), rest);
        assert.equal(bench.pipeline.stats().lanes.sink!.pending, 0);
        await bench.close();
      },
    ),
    { numRuns: 30 },
  );
});

test("a batch that is too large is halved until it fits; a record that is too large is given up so", async () => {
  const sink = recordingSink((batch) =>
    batch.bytes.length > 400 ? Object.assign(new Error("too large"), { status: 413 }) : undefined
  );
  const bench = await openBench({ sink });
  await bench.write(...messages(20), "x".repeat(500), "last");
  const { delivered, deadLettered } = bench.pipeline.stats().lanes.sink!;
  assert.deepEqual([delivered, deadLettered], [21, 1]);
  const [letter] = await Array.fromAsync(bench.pipeline.deadLetters.list());
  assert.equal(letter!.reason, "too_large");
  assert.equal(sink.records.at(-1)!.msg, "last");
  await bench.close();
});

for (
  const [name, script, want] of [
    ["always retryable", () => new Error("down"), { attempts: 5, reason: "max_attempts" }],
    ["non-retryable", () => new RejectedError("400"), { attempts: 1, reason: "non_retryable" }],
  ] as const
) {
  test(`D1: a record that fails (${name}) is one dead letter`, async () => {
    const bench = await openBench({
      sink: { sink: recordingSink(script), retry: { maxAttempts: 5 } },
    });
    await bench.write("a");
    await bench.clock.advance(120_000);
    const letters = await Array.fromAsync(bench.pipeline.deadLetters.list());
    assert.deepEqual(letters.map(({ attempts, reason }) => ({ attempts, reason })), [want]);
    await bench.close();
  });
}

test("a record that is given up after maxElapsedMs has expired", async () => {
  const bench = await openBench({
    sink: { sink: recordingSink(() => new Error("down")), retry: { maxElapsedMs: 1000 } },
  });
  await bench.write("a");
  await bench.clock.advance(2000);
  const [letter] = await Array.fromAsync(bench.pipeline.deadLetters.list());
  assert.equal(letter!.reason, "expired");
  await bench.close();
});

test("a classify that throws means to try again", async () => {
  const sink = recordingSink((_, call) => call === 1 ? new RejectedError("odd") : undefined);
  const classify = (): never => {
    throw new Error("wrong");
  };
  const bench = await openBench({ sink: { sink, retry: { classify }, breaker: false } });
  await bench.write("a");
  await bench.clock.advance(1000);
  assert.equal(bench.pipeline.stats().lanes.sink!.delivered, 1);
  await bench.close();
});

test("D5: what cannot be stored as a dead letter stays with the lane, which stands still and tells once", async () => {
  const sink = recordingSink(({ count }) => ({ reject: [{ index: count - 1, reason: "bad" }] }));
  const bench = await openBench(
    { sink: { sink, batch: { maxRecords: 1 } } },
    { deadLetters: { maxEntries: 1, onFull: "park" } },
  );
  await bench.write("a", "b", "c");
  await bench.clock.advance(300_000);
  const held = bench.pipeline.lanes.get("sink")!;
  assert.deepEqual([held.deadLettered, held.pending, sink.offered.length], [1, 2, 2]);
  assert.equal(bench.events.filter(({ kind }) => kind === "delivery-failed").length, 1);
  await bench.pipeline.deadLetters.purge();
  await bench.clock.advance(30_000);
  assert.equal(bench.pipeline.lanes.get("sink")!.deadLettered, 2);
  await bench.close();
});
