import assert from "node:assert/strict";
import { test } from "node:test";
import { attemptOf, noneBehind } from "../src/delivery/attempt.ts";
import { messageOf } from "../src/errors.ts";
import { batchOfLines } from "../src/testing/recording_sink.ts";

test("a partial result says why records go again, or that the sink asked for it", () => {
  const batch = batchOfLines(["1", "2", "3"]);
  const told = attemptOf(batch, { retry: [2], error: new Error("busy") }, noneBehind);
  assert.deepEqual([told.delivered, told.again, messageOf(told.cause)], [2, [2], "busy"]);
  const { cause } = attemptOf(batch, { retry: [2] }, noneBehind);
  assert.match(messageOf(cause), /asked for these records/);
});
