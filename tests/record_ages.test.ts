import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openPipeline } from "../mod.ts";
import { RecordAges } from "../src/pipeline/record_ages.ts";
import { fakeClock } from "../src/testing/mod.ts";

test("RecordAges never tells an age too low, nor too high by more than a hundredth or 100 ms", () => {
  // Commits of some records after some time, from a busy log to one that sleeps for hours.
  const commit = fc.record({
    count: fc.integer({ min: 1, max: 50 }),
    afterMs: fc.oneof(fc.nat(30), fc.nat(500), fc.nat(10_000_000)),
  });
  fc.assert(
    fc.property(fc.array(commit, { minLength: 1, maxLength: 900 }), fc.nat(100), (commits, lag) => {
      const ages = new RecordAges(0);
      const accepted: number[] = [];
      let now = 0;
      for (const { count, afterMs } of commits) {
        now += afterMs;
        const seq = accepted.length + 1;
        for (let i = 0; i < count; i++) accepted.push(now);
        ages.note(seq, now, [{ nextSeq: Math.max(1, Math.floor(seq * lag / 100)) }]);
      }
      const lowest = Math.max(1, Math.floor(accepted.length * lag / 100));
      for (let seq = lowest; seq <= accepted.length; seq += 7) {
        const told = now - ages.acceptedMs(seq);
        const age = now - accepted[seq - 1]!;
        assert.ok(told >= age && told - age <= Math.max(200, now / 60), `${told} for ${age}`);
      }
    }),
    { numRuns: 100 },
  );
});

test("stats() tell for how long the oldest record of a lane has waited", async () => {
  const clock = fakeClock();
  let isDown = true;
  const pipeline = await openPipeline({
    clock,
    sinks: {
      well: () => {},
      down: {
        sink: () => {
          if (isDown) throw new Error("down");
        },
        retry: { maxAttempts: Infinity },
      },
    },
    onEvent: () => {},
  });
  const lagOf = (lane: string): number => pipeline.stats().lanes[lane]!.lagMs;
  await clock.advance(3_600_000);
  assert.deepEqual([lagOf("well"), lagOf("down")], [0, 0]);
  pipeline.write("one");
  await clock.advance(1_000);
  pipeline.write("two");
  await clock.advance(9_000);
  assert.deepEqual([lagOf("well"), lagOf("down")], [0, 10_000]);
  isDown = false;
  await clock.advance(60_000);
  assert.deepEqual([lagOf("well"), lagOf("down")], [0, 0]);
  await pipeline.close();
});
