/** The cases of `cases/lane.json`, each on a clock that is moved by hand. */
import { test } from "node:test";
import { readCases, takeSteps } from "./support/case_files.ts";
import { type LaneCase, LanePlay } from "./support/lane_cases.ts";

for (const given of readCases<LaneCase>("lane")) {
  test(`lane: ${given.name}`, async () => {
    const play = new LanePlay(given);
    await play.open();
    await takeSteps(given.steps, (step) => play.take(step));
    await play.close();
  });
}
