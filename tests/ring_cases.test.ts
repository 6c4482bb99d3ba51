/** The cases of `cases/ring.json`: those that name both a ring and a buffer run on each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readCases, takeSteps } from "./support/case_files.ts";
import { type RingCase, RingPlay } from "./support/ring_cases.ts";

for (const given of readCases<RingCase>("ring")) {
  for (const kind of ["ring", "buffer"] as const) {
    if (given[kind] === undefined) continue;
    test(`${kind}: ${given.name}`, async () => {
      if (given.throws !== undefined) {
        return assert.throws(() => new RingPlay(given, kind), { name: given.throws });
      }
      const play = new RingPlay(given, kind);
      await takeSteps(given.steps ?? [], (step) => play.take(step));
      play.end();
    });
  }
}
