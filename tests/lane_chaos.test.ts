import process from "node:process";
import { test } from "node:test";
import { mustHold, seeds } from "./support/faults.ts";
import { CHAOS_CASES, MILLION_CHAOS, SMALL_CHAOS } from "./support/lane_chaos.ts";

test("a fast lane among four that fail: its times are the same, and nothing is lost over kills", async () => {
  await mustHold(SMALL_CHAOS, seeds(2));
});

// The long forms belong to the soak; here a seed that failed there is run again.
if (process.env.LOGFLUME_SEED !== undefined) {
  for (const whole of [...CHAOS_CASES, MILLION_CHAOS]) {
    test(whole.name, { timeout: 600_000 }, () => mustHold(whole));
  }
}
