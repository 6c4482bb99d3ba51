/**
 * One program of the comparison in a process of its own: `program.ts NAME COUNT FOLDER`. Does the work
 * twice, first a tenth of it that does not count, so that the engine has compiled what it wants to; tells
 * what it measured as one line of JSON.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Program } from "./measure.ts";

/** Where each program is, loaded only when it runs: what others import must not slow it down. */
const LOADERS: Readonly<Record<string, () => Promise<Program>>> = {
  "bare file": async () => (await import("./programs/bare.ts")).bareFile,
  "bare pipeline": async () => (await import("./programs/bare.ts")).barePipeline,
  "ours pipeline": async () => (await import("./programs/pipeline.ts")).pipelineOurs,
};

async function load(name: string): Promise<Program> {
  const own = LOADERS[name];
  if (own !== undefined) return await own();
  const from = name.startsWith("pino")
    ? (await import("./programs/pino.ts")).PINO_PROGRAMS
    : (await import("./programs/others.ts")).OTHER_PROGRAMS;
  const program = from[name];
  if (program === undefined) throw new Error(`Unknown program "${name}"`);
  return program;
}

// A program that waits for a thread alone would end.
setInterval(() => {}, 2 ** 30);
const [name = "", count = "0", folder = "."] = process.argv.slice(2);
const program = await load(name);
mkdirSync(join(folder, "warm"));
await program(join(folder, "warm"), Math.ceil(Number(count) / 10));
console.log(JSON.stringify(await program(folder, Number(count))));
// What is left open, such as a thread, must not hold the comparison up.
process.exit(0);
