import { test } from "node:test";
import { mustHold, seeds } from "./support/faults.ts";
import { SMALL_CHAOS } from "./support/lane_chaos.ts";

test("a fast lane among four that fail: its times are the same, and nothing is lost over kills", async () => {
  await mustHold(SMALL_CHAOS, seeds(2));
});
