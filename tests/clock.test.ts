import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../mod.ts";

test("a timer longer than setTimeout can wait does not ring at once", async () => {
  const rung: number[] = [];
  const release = systemClock.hold();
  const cancels = [2 ** 31, Number.MAX_SAFE_INTEGER, Infinity, 0].map((delayMs) =>
    systemClock.setTimer(() => rung.push(delayMs), delayMs)
  );
  while (rung.length === 0) await new Promise<void>((resolve) => systemClock.defer(resolve));
  for (let turn = 0; turn < 10; turn++) {
    await new Promise<void>((resolve) => void systemClock.setTimer(resolve, 1));
  }
  for (const cancel of cancels) cancel();
  release();
  assert.deepEqual(rung, [0]);
});
