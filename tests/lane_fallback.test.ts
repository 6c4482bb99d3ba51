import assert from "node:assert/strict";
import { test } from "node:test";
import { RejectedError, type Sink } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { messages, openBench } from "./support/lanes.ts";

test("the fallback gets what is given up, before the dead letters do, and is counted apart", async () => {
  const fallback = recordingSink(({ count }) => ({ reject: [{ index: count - 1, reason: "no" }] }));
  const sink = recordingSink(() => ({
    reject: [{ index: 1, reason: "bad" }, { index: 2, reason: "worse" }],
  }));
  const bench = await openBench({ sink: { sink, fallback } });
  await bench.write(...messages(4));
  const { delivered, fallback: taken, deadLettered } = bench.pipeline.lanes.get("sink")!;
  assert.deepEqual([delivered, taken, deadLettered], [3, 1, 1]);
  assert.deepEqual(fallback.records.map(({ msg }) => msg), ["1"]);
  const letters = await Array.fromAsync(bench.pipeline.deadLetters.list());
  assert.deepEqual(letters.map(({ seq, error }) => [seq, error.message]), [[3, "worse"]]);
  await bench.close();
  assert.equal(fallback.closed, 1);
});

test("what was tried in vain goes to the fallback; one that fails changes nothing", async () => {
  for (const isDown of [false, true]) {
    const fallback = recordingSink(() => isDown ? new Error("down too") : undefined);
    const sink = recordingSink(() => new Error("down"));
    const bench = await openBench({ sink: { sink, fallback, retry: { maxAttempts: 2 } } });
    await bench.write("a", "b");
    await bench.clock.advance(60_000);
    const lane = bench.pipeline.lanes.get("sink")!;
    assert.deepEqual([lane.fallback, lane.deadLettered], isDown ? [0, 2] : [2, 0]);
    await bench.close();
  }
});

test("what the fallback took holds over a restart", async () => {
  const lane = {
    sink: recordingSink(() => new RejectedError("no")),
    fallback: recordingSink(),
  };
  const first = await openBench({ lane });
  await first.write("a");
  await first.close();
  const second = await openBench({ lane }, {}, undefined, first.store);
  const { delivered, fallback } = second.pipeline.lanes.get("lane")!;
  assert.deepEqual([delivered, fallback], [1, 1]);
  await second.close();
});

test("the fallback is opened before the first record, with no checkpoint, and synced with its sink", async () => {
  const calls: string[] = [];
  const fallback: Sink = {
    open: (checkpoint, opening) => void calls.push(`open ${checkpoint} ${opening?.resumes}`),
    write: ({ count }) => void calls.push(`write ${count}`),
    checkpoint: () => "mine",
    sync: () => void calls.push("sync"),
    close: () => void calls.push("close"),
  };
  const lane = { sink: recordingSink(() => new RejectedError("no")), fallback };
  const first = await openBench({ lane });
  await first.write("a");
  await first.close();
  assert.equal(calls[0], "open undefined false");
  const behind = calls.slice(1 + calls.indexOf("write 1"));
  calls.length = 0;
  assert.ok(behind.includes("sync"), `${behind}`);
  assert.deepEqual(behind.filter((call) => call !== "sync"), ["close"]);
  const second = await openBench({ lane }, {}, undefined, first.store);
  assert.equal(calls[0], "open undefined false");
  await second.close();
});
