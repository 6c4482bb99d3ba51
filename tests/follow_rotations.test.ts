import { test } from "node:test";
import assert from "node:assert/strict";
import { type RotationRun, runRotations } from "./support/rotation_run.ts";

const runs: Omit<RotationRun, "rotations" | "linesEach">[] = [
  { way: "count", input: "logs/app.log", kills: 2 },
  { way: "date", input: "logs/*.log", kills: 2 },
  { way: "copytruncate", input: "logs/app.log", kills: 2 },
  { way: "copytruncate", input: "logs/app.log*", kills: 2 },
];

for (const run of runs) {
  test(`no line of ${run.input} is lost or doubled over rotations (${run.way}) and kills`, async () => {
    const { stderr, ...outcome } = await runRotations({ ...run, rotations: 10, linesEach: 500 });
    const { lost, doubled, broken } = outcome;
    assert.deepEqual({ lost, doubled, broken }, { lost: 0, doubled: 0, broken: 0 }, stderr);
  });
}
