/** What the breaker of a lane learns from a call, and that a rule which throws ends no lane. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { recordingSink } from "../src/testing/mod.ts";
import { openBench } from "./support/lanes.ts";

const throwing = (): never => {
  throw new Error("the rule is broken");
};

for (
  const [whose, options] of [
    ["the lane", { retry: { classify: throwing } }],
    ["the breaker", { breaker: { classify: throwing } }],
    [
      "the trip",
      { breaker: { trip: { rule: "custom", shouldTrip: throwing } } },
    ],
  ] as const
) {
  test(`a rule of ${whose} that throws ends no lane: the call has failed and is made again`, async () => {
    const sink = recordingSink((_, call) => call === 1 ? new Error("down") : undefined);
    const bench = await openBench({ sink: { sink, ...options } });
    await bench.write("a");
    await bench.clock.advance(1000);
    const { state, delivered, failures } = bench.pipeline.lanes.get("sink")!;
    assert.deepEqual([state, delivered, failures], ["idle", 1, 1]);
    assert.equal(bench.pipeline.breakers.get("sink").stats().calls.failure, 1);
    await bench.close();
  });
}
