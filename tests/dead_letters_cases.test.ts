/** The cases of `cases/dead_letters.json`, each on a clock that is moved by hand. */
import { test } from "node:test";
import { readCases, takeSteps } from "./support/case_files.ts";
import { type DeadLetterCase, DeadLetterPlay } from "./support/dead_letter_cases.ts";

for (const given of readCases<DeadLetterCase>("dead_letters")) {
  test(`dead letters: ${given.name}`, async () => {
    const play = new DeadLetterPlay(given);
    await play.open();
    await takeSteps(given.steps, (step) => play.take(step));
    await play.close();
  });
}
