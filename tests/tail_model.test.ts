import { test } from "node:test";
import fc from "fast-check";
import { type TailHistory, TailModel, tailStep } from "./support/tail_model.ts";

for (const history of ["none", "sync", "async"] as const satisfies readonly TailHistory[]) {
  test(`received + gaps = written for every reader, whatever happens (history: ${history})`, async () => {
    const steps = fc.array(tailStep, { maxLength: 120, size: "max" });
    const property = fc.asyncProperty(steps, async (given) => {
      const model = new TailModel(history);
      for (const step of given) await model.step(step);
      await model.end();
    });
    await fc.assert(property, { numRuns: 150 });
  });
}
