/** Waits that are given no time at all, or one that is none: they say so, and never wait for ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createBuffer, createWriter, openPipeline } from "../mod.ts";

const NO_TIMES: readonly unknown[] = [NaN, -1, "5", null];
const REFUSED = { name: "RangeError", message: /^Cannot use timeoutMs .*: allowed are/ };

/** A time that is none, as a program without types may give it. */
function wrong(timeoutMs: unknown): { readonly timeoutMs: number } {
  return { timeoutMs: timeoutMs as number };
}

test("append() to a full buffer refuses a time that is none", async () => {
  const buffer = createBuffer<string>({ strategy: { highWaterMark: 1 } });
  buffer.push("first");
  for (const time of NO_TIMES) await assert.rejects(buffer.append("x", wrong(time)), REFUSED);
  assert.deepEqual([buffer.waiting, buffer.refused, buffer.size], [0, 0, 1]);
});

test("append() of a writer refuses a time that is none, and counts no record", async () => {
  const writer = createWriter({ process() {}, capacity: 1, start: false });
  for (const time of NO_TIMES) await assert.rejects(writer.append("x", wrong(time)), REFUSED);
  assert.equal(writer.stats().offered, 0);
  await writer.close();
});

test("append() of a pipeline refuses a time that is none, and counts no record", async () => {
  await using pipeline = await openPipeline({ sinks: {} });
  for (const time of NO_TIMES) await assert.rejects(pipeline.append("x", wrong(time)), REFUSED);
  assert.equal(pipeline.stats().offered, 0);
});
