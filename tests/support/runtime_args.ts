/** How the runtime that runs the test is told to run a script as a process of its own. */
import * as fs from "node:fs";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const IS_DENO = "Deno" in globalThis;

/**
 * Where the packages are installed, as Deno does for most tests before they run, a process is told so: to
 * look them all over is a third of what its start costs.
 */
const PACKAGES = fs.existsSync(new URL("../../node_modules", import.meta.url))
  ? ["--node-modules-dir=manual"]
  : [];

/** How Deno is told to run a script, but for what it may do. */
export const DENO_RUN: readonly string[] = [
  "run",
  "--quiet",
  "--no-check",
  "--no-lock",
  ...PACKAGES,
];

/** What stands before the path of a script; on Deno it may do everything, or what the flags allow. */
export function runtimeArgs(...denoFlags: readonly string[]): readonly string[] {
  if (!IS_DENO) return [];
  return [...DENO_RUN, ...(denoFlags.length === 0 ? ["-A"] : denoFlags)];
}

/** What stands before the arguments of the command line. */
export const COMMAND_LINE: readonly string[] = IS_DENO
  ? [...runtimeArgs(), "--config", CONFIG, MAIN]
  : [MAIN];
