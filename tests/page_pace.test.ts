import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace, stepMs } from "../src/tail/page/app/worker/pace.ts";

test("many wishes are one call, and a nearer one overtakes those that would wait", async () => {
  const calls: string[] = [];
  let called = () => {};
  const pace = new Pace(() => {
    calls.push("called");
    called();
  });
  const call = () => new Promise<void>((resolve) => called = resolve);
  let next = call();
  for (let i = 0; i < 100; i++) pace.soon(0);
  assert.deepEqual(calls, []);
  await next;
  next = call();
  // An hour after the last call; but then somebody wants it now.
  pace.soon(3_600_000);
  pace.soon(0);
  pace.soon(3_600_000);
  await next;
  assert.equal(calls.length, 2);
});

test("a faster log passes in larger steps", () => {
  assert.deepEqual([0, 200, 201, 2_001].map(stepMs), [0, 0, 50, 100]);
});
