/** The log against a plain array: anything a program and a disk may do, in any order. */
import { test } from "node:test";
import { mustHold } from "./support/faults.ts";
import { MODEL_CASES } from "./support/faults_model.ts";

for (const fault of MODEL_CASES) test(fault.name, () => mustHold(fault));
