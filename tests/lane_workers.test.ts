/** The workers that lanes share. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RejectedError } from "../mod.ts";
import { type LaneShare, LaneWorkers } from "../src/delivery/lane_workers.ts";
import { type FakeClock, fakeClock } from "../src/testing/fake_clock.ts";

const SIZE = { min: 1, max: 4 };

/** Calls of 10 ms that end so, a second apart. */
async function calls(share: LaneShare, clock: FakeClock, count: number, error?: Error) {
  for (let i = 0; i < count; i++) {
    const run = share.run(
      () =>
        new Promise((resolve, reject) =>
          clock.setTimer(() => error === undefined ? resolve(1) : reject(error), 10)
        ),
      {},
    );
    run.catch(() => {});
    await clock.advance(10);
  }
}

test("a pool that finds its size takes a failing sink for a reason to shrink, but not a bad record", async () => {
  const clock = fakeClock();
  const workers = new LaneWorkers(SIZE, clock, () => 0);
  const shares = [1, 2, 3, 4].map(() => workers.join());
  shares.slice(1).forEach((share) => share.quit());
  assert.equal(workers.stats().size, 4);
  const [share] = shares as [LaneShare];
  await calls(share, clock, 20, new RejectedError("400"));
  assert.equal(workers.stats().size, 4);
  await calls(share, clock, 20, new Error("503"));
  assert.equal(workers.stats().size, 1);
});
