import assert from "node:assert/strict";
import { test } from "node:test";
import { RetryLaterError, SinkParkedError } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { openBench } from "./support/lanes.ts";

const MINUTE = 60_000;

for (
  const [name, error] of [
    ["a status 401", Object.assign(new Error("who are you"), { status: 401 })],
    ["a SinkParkedError", new SinkParkedError("who are you")],
    ["a Retry-After over the cap", new RetryLaterError("later", { retryAfterMs: 410_400_000 })],
  ] as const
) {
  test(`${name} parks the lane: told once, asked every five minutes, no attempt spent`, async () => {
    let isDown = true;
    const sink = recordingSink(() => isDown ? error : undefined);
    const other = recordingSink();
    const bench = await openBench({ sink: { sink, retry: { maxAttempts: 2 } }, other });
    await bench.write("a", "b");
    assert.equal(bench.pipeline.lanes.get("sink")!.state, "parked");
    await bench.clock.advance(5 * MINUTE - 1);
    assert.equal(sink.offered.length, 1);
    await bench.clock.advance(10 * MINUTE + 1);
    assert.equal(sink.offered.length, 4);
    assert.equal(other.records.length, 2);
    isDown = false;
    await bench.clock.advance(5 * MINUTE);
    const { state, delivered, deadLettered } = bench.pipeline.lanes.get("sink")!;
    assert.deepEqual([state, delivered, deadLettered], ["idle", 2, 0]);
    assert.deepEqual(bench.events.map(({ kind }) => kind), ["lane-parked", "delivery-recovered"]);
    await bench.close();
  });
}

test("what parks a lane spends no attempt of its records", async () => {
  const answers = [
    new SinkParkedError("no"),
    new SinkParkedError("no"),
    new Error("down"),
    undefined,
  ];
  const sink = recordingSink((_, call) => answers[call - 1]);
  const bench = await openBench({ sink: { sink, retry: { maxAttempts: 2 } } });
  await bench.write("a");
  await bench.clock.advance(11 * MINUTE);
  const { delivered, deadLettered, attempts } = bench.pipeline.lanes.get("sink")!;
  assert.deepEqual([delivered, deadLettered, attempts], [1, 0, 4]);
  await bench.close();
});

test("resume() lets a parked lane ask at once", async () => {
  let isDown = true;
  const sink = recordingSink(() => isDown ? new SinkParkedError("no") : undefined);
  const bench = await openBench({ sink });
  await bench.write("a");
  isDown = false;
  bench.pipeline.lanes.resume("sink");
  await bench.clock.advance(0);
  assert.equal(bench.pipeline.lanes.get("sink")!.delivered, 1);
  await bench.close();
});

test("a parked lane asks with one call, however many batches wait", async () => {
  const sink = recordingSink(async () => {
    await new Promise<void>((resolve) => bench.clock.setTimer(resolve, 50));
    return new SinkParkedError("no");
  }, "none");
  const bench = await openBench({ sink: { sink, concurrency: 4, batch: { maxRecords: 1 } } });
  await bench.write("a", "b", "c", "d");
  await bench.clock.advance(50);
  const before = sink.offered.length;
  await bench.clock.advance(5 * MINUTE + 40);
  assert.equal(sink.offered.length, before + 1);
  assert.equal(bench.pipeline.lanes.get("sink")!.inFlight, 4);
  await bench.close();
});

test("a Retry-After within the cap is waited for and not undercut", async () => {
  const sink = recordingSink((_, call) =>
    call === 1 ? new RetryLaterError("busy", { retryAfterMs: 30_000 }) : undefined
  );
  const bench = await openBench({ sink });
  await bench.write("a");
  await bench.clock.advance(29_999);
  assert.equal(sink.offered.length, 1);
  await bench.clock.advance(1);
  assert.equal(bench.pipeline.lanes.get("sink")!.delivered, 1);
  await bench.close();
});

test("drain() and close() do not wait for a parked lane beyond their time", async () => {
  const bench = await openBench({ sink: recordingSink(() => new SinkParkedError("no")) });
  await bench.write("a");
  const { drained } = await bench.pipeline.drain({ timeoutMs: MINUTE });
  assert.equal(drained, false);
  await bench.close();
});
