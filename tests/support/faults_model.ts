/** Programs that fast-check makes up, and cuts down to the shortest that still fails. */
import fc from "fast-check";
import type { FaultCase } from "./faults.ts";
import { carryOut, type Plan, plans } from "./wal_model_commands.ts";

async function anyPlan(seed: number): Promise<void> {
  const property = fc.asyncProperty(plans, carryOut);
  const found = await fc.check(property, { seed, numRuns: 2, interruptAfterTimeLimit: 20_000 });
  if (!found.failed) return;
  const error = found.errorInstance instanceof Error ? found.errorInstance : undefined;
  throw new Error(`${error?.message} after ${told(found.counterexample?.[0])}`, { cause: error });
}

function told(plan: Plan | undefined): string {
  if (plan === undefined) return "nothing";
  return `seed ${plan.seed}, sync ${plan.sync}, at once ${plan.atOnce}, ${
    JSON.stringify(plan.commands)
  }`;
}

/** The model. */
export const MODEL_CASES: readonly FaultCase[] = [
  {
    name: "model: a log is the array of its acknowledged lines, whatever happens",
    file: "tests/wal_model.test.ts",
    run: anyPlan,
  },
];
