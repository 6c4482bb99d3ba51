/** Options of lanes that cannot work are told at once; rules that break later end no lane. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Batch, type LaneStart, openPipeline, retry, type Sink } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { openBench } from "./support/lanes.ts";

for (const from of [NaN, -1, 1.5, "yesterday", {}]) {
  test(`a lane added from ${JSON.stringify(from)} (${from}) is refused`, async () => {
    await using pipeline = await openPipeline({ sinks: {} });
    await assert.rejects(
      pipeline.lanes.add("late", recordingSink(), { from: from as LaneStart }),
      /^RangeError: Cannot use sinks.late.from .*: allowed are "now", "start" and sequence numbers$/,
    );
    assert.deepEqual(pipeline.lanes.list(), []);
  });
}

for (
  const [what, options] of Object.entries({
    "retry.backoff 1000": { retry: { backoff: 1000 } },
    "retry.classify status": { retry: { classify: "status" } },
    "retry.maxElapsedMs text": { retry: { maxElapsedMs: "1000" } },
    "timeoutMs text": { timeoutMs: "1000" },
    "graceMs true": { graceMs: true },
    "batch.maxAgeMs text": { batch: { maxAgeMs: "100" } },
  })
) {
  test(`a lane with ${what} is refused when it is opened`, async () => {
    const sinks = { sink: { sink: recordingSink(), ...options } } as never;
    await assert.rejects(openPipeline({ sinks }), /Cannot use .*: (give a function|allowed are)/);
  });
}

test("retry refuses a wait that is no function before the first try", async () => {
  let calls = 0;
  const options = { backoff: 1000 } as never;
  await assert.rejects(retry(() => void calls++, options), {
    name: "TypeError",
    message: "Cannot use backoff 1000: give a function, such as backoff.constant({ baseMs: 500 })",
  });
  assert.equal(calls, 0);
});

for (
  const [what, rules] of Object.entries({
    "a classify that answers null": { classify: () => null },
    "a backoff without an answer": { backoff: () => {} },
    "a backoff that is NaN": { backoff: () => NaN },
    "a backoff that throws": {
      backoff: () => {
        throw new Error("the rule is broken");
      },
    },
  })
) {
  test(`${what} ends no lane: the call is made again`, async () => {
    const sink = recordingSink((_, call) => call < 3 ? new Error("down") : undefined);
    const bench = await openBench({ sink: { sink, retry: rules as never } });
    await bench.write("a");
    await bench.clock.advance(1000);
    const { state, delivered, attempts } = bench.pipeline.lanes.get("sink")!;
    assert.deepEqual([state, delivered, attempts], ["idle", 1, 3]);
    await bench.close();
  });
}

/** As programs make one: it hides what must not leave the house. */
class Redacting implements Sink {
  readonly sink: Sink;
  redacted = 0;

  constructor(sink: Sink) {
    this.sink = sink;
  }

  write(batch: Batch): void {
    this.redacted += batch.count;
  }
}

test("a sink around another one that it calls sink is not passed by", async () => {
  const inner = recordingSink();
  const outer = new Redacting(inner);
  const bench = await openBench({ outer });
  await bench.write("secret");
  assert.deepEqual([outer.redacted, inner.records.length], [1, 0]);
  await bench.close();
});
