/** The twenty ways in which a disk, a process or a second writer can fail a log, each over many seeds. */
import { test } from "node:test";
import { mustHold, seeds } from "./support/faults.ts";
import { DAMAGE_CASES } from "./support/faults_damage.ts";
import { ERROR_CASES } from "./support/faults_errors.ts";
import { POINT_CASES } from "./support/faults_points.ts";
import { POWER_CASES } from "./support/faults_power.ts";
import { STEP_CASES } from "./support/faults_steps.ts";

for (const fault of [...POWER_CASES, ...DAMAGE_CASES, ...ERROR_CASES, ...STEP_CASES]) {
  test(fault.name, () => mustHold(fault));
}

// One seed is some two hundred crashes, each with three more after it.
for (const fault of POINT_CASES) test(fault.name, () => mustHold(fault, seeds(1)));
