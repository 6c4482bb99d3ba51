import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock, recordingSink } from "../src/testing/mod.ts";
import { durableMemory } from "./support/durable_memory.ts";
import { messages, openBench } from "./support/lanes.ts";

const DAY = 24 * 60 * 60_000;
const small = { segmentBytes: 50_000, retain: 0 };
const large = messages(100).map((n) => n.padEnd(10_000, "x"));

test("what a sink owes stays in the log while it is away, and is delivered when it comes back", async () => {
  const store = durableMemory();
  const wal = { store, ...small };
  const first = await openBench({ away: recordingSink(() => new Error("down")) }, { wal });
  await first.write(...large);
  await first.close();
  const here = recordingSink();
  const second = await openBench({ here }, { wal });
  await second.write("one more");
  await second.close();
  const back = recordingSink();
  const third = await openBench({ away: back, here }, { wal });
  await third.close(1000);
  assert.equal(back.records.length, 101);
  assert.deepEqual(third.pipeline.stats().lanes.away!.dropped, {});
});

test("a place that no sink asks for is given up after seven days, and told", async () => {
  const clock = fakeClock();
  const store = durableMemory();
  const first = await openBench({ away: recordingSink() }, {}, clock, store);
  await first.close();
  const second = await openBench({ here: recordingSink() }, {}, clock, store);
  await clock.advance(4 * DAY);
  await second.write("a");
  await second.close();
  assert.deepEqual(second.events.map(({ kind, lane }) => [kind, lane]), [[
    "orphan-cursor",
    "away",
  ]]);
  const third = await openBench({ here: recordingSink() }, {}, clock, store);
  await clock.advance(4 * DAY);
  await third.write("b");
  await clock.advance(1000);
  assert.match(third.events.at(-1)!.message, /"away" is given up: for seven days/);
  await third.close();
  const back = recordingSink();
  const fourth = await openBench({ away: back }, {}, clock, store);
  await fourth.close(1000);
  assert.equal(back.records.length, 0);
});

test("a sink that is away never pins the log past its limit, nor blocks a writer", async () => {
  for (const onLimit of ["drop", "block"] as const) {
    const store = durableMemory();
    const wal = { store, ...small, maxBytes: 400_000, onLimit };
    const first = await openBench({ away: recordingSink() }, { wal });
    await first.close();
    const here = recordingSink();
    const second = await openBench({ here }, { wal });
    let taken = 0;
    for (let round = 0; round < 20; round++) {
      for (const line of large.slice(0, 10)) if (second.pipeline.write(line)) taken++;
      await second.clock.advance(300);
    }
    await second.clock.advance(1000);
    assert.equal(taken, 200, `${onLimit}: nothing is refused`);
    assert.equal(here.records.length, 200);
    assert.deepEqual(second.pipeline.stats().lanes.here!.dropped, {});
    assert.ok(second.pipeline.stats().log.bytes <= 500_000);
    await second.close();
    const back = recordingSink();
    const third = await openBench({ away: back, here }, { wal });
    await third.close(1000);
    const { dropped, accepted } = third.pipeline.stats().lanes.away!;
    assert.deepEqual([accepted, back.records.length + (dropped.trimmed ?? 0)], [200, 200]);
    assert.ok(back.records.length >= 20, `${back.records.length} are still there`);
  }
});
