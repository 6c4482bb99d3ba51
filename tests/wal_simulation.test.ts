import { test } from "node:test";
import { mustHold } from "./support/faults.ts";
import { POWER_CASES } from "./support/faults_power.ts";

for (const fault of POWER_CASES) test(fault.name, () => mustHold(fault));
