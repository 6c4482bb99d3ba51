/** A replay goes by the rules of the lane: what its own `classify` says, and what a server asks for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RejectedError, type RetryDecision } from "../mod.ts";
import { recordingSink } from "../src/testing/mod.ts";
import { openBench } from "./support/lanes.ts";

const closed = new Error("the shop is closed");

test("a replay parks its lane when the lane's own classify says so", async () => {
  const classify = (error: unknown): RetryDecision => error === closed ? "park" : "dead-letter";
  const sink = recordingSink((_, call) => call === 1 ? new Error("no") : closed);
  const bench = await openBench({ sink: { sink, retry: { classify } } });
  await bench.write("a");
  const { skipped, failed } = await bench.pipeline.deadLetters.replay();
  assert.deepEqual([skipped.parked, failed], [1, 0]);
  assert.equal(bench.pipeline.lanes.get("sink")!.state, "parked");
  for await (const { replays } of bench.pipeline.deadLetters.list()) assert.equal(replays, 0);
  await bench.close();
});

for (
  const [what, status, headers, calls] of [
    ["401 parks", 401, {}, 2],
    ["429 waits for as long as it asks", 429, { retryAfterMs: 90_000 }, 3],
    ["429 that asks for too long parks", 429, { retryAfterMs: 999_000 }, 2],
  ] as const
) {
  test(`in a replay an error with the status ${what}`, async () => {
    const answer = Object.assign(new Error("refused"), { status }, headers);
    const script = [new RejectedError("no"), answer];
    const sink = recordingSink((_, call) => script[call - 1]);
    const bench = await openBench({ sink });
    await bench.write("a");
    const replay = bench.pipeline.deadLetters.replay();
    await bench.clock.advance(89_999);
    assert.equal(sink.offered.length, 2);
    await bench.clock.advance(1);
    const { replayed, failed, skipped } = await replay;
    const parked = calls === 2 ? 1 : 0;
    assert.deepEqual([sink.offered.length, replayed, failed, skipped.parked], [
      calls,
      1 - parked,
      0,
      parked,
    ]);
    await bench.close();
  });
}
