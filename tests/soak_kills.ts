/**
 * The whole chaos over real kills alone, on the runtime that runs this: `deno run -A tests/soak_kills.ts`,
 * `bun tests/soak_kills.ts`, `node tests/soak_kills.ts`; the first seed and the number of runs may follow
 * (1 and 5). Ends with 1 if anything does not hold.
 */
import process from "node:process";
import { reportChaos } from "./support/chaos_report.ts";

const [first = 1, runs = 5] = process.argv.slice(2).map(Number);
const failures = await reportChaos(Array.from({ length: runs }, (_, i) => first + i));
for (const failure of failures) console.log(failure);
if (failures.length > 0) process.exitCode = 1;
