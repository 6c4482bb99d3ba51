/**
 * Runs one command line after the other, as a line of its standard input tells each, and marks where the
 * output of each ends: `commands.ts` is the other side.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { main } from "../../src/cli/main.ts";
import { standardOutput } from "../../src/platform/stdio.ts";
import { END_MARK } from "./commands.ts";

/** What the process would have ended with. */
async function codeOf(args: readonly string[]): Promise<number> {
  try {
    return await main(args);
  } catch (error) {
    writeSync(2, `${(error as Error).stack}\n`);
    return 1;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const mark = `${END_MARK}${await codeOf(JSON.parse(line) as string[])}${END_MARK}`;
  await standardOutput("stdout")!.idle();
  for (const name of ["stdout", "stderr"] as const) {
    standardOutput(name)!.writeSync(new TextEncoder().encode(mark));
  }
}
