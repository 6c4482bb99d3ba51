/**
 * The command line: `logflume run` and the commands around it.
 *
 * @module
 */
import process from "node:process";
import { ConfigError } from "../config/config.ts";
import { bench } from "./bench.ts";
import { check } from "./config_check.ts";
import { init } from "./config_init.ts";
import { schema } from "./config_schema.ts";
import { dlq } from "./dlq.ts";
import { MAIN_HELP, VERSION } from "./help.ts";
import { run } from "./run.ts";
import { print, say, sayRaw } from "./say.ts";
import { stats } from "./stats.ts";
import { tail } from "./tail.ts";
import { UsageError } from "./usage_error.ts";
import { wal } from "./wal.ts";

/**
 * Runs a command line, without the names of the runtime and of the program, and answers the exit code:
 * 0 done, 1 records are pending or damaged, 2 wrong usage, 3 dead letters.
 *
 * @example
 * ```ts
 * import { main } from "@logflume/logflume/cli";
 *
 * const code = await main(["--version"]);
 * console.assert(code === 0);
 * ```
 */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    return await dispatch(argv);
  } catch (error) {
    if (error instanceof ConfigError) sayRaw(`${error.message}\n`);
    else if (error instanceof UsageError) say(error.message);
    else throw error;
    return 2;
  }
}

async function dispatch([command, ...rest]: readonly string[]): Promise<number> {
  switch (command) {
    case "run":
      return await run(rest);
    case "tail":
      return await tail(rest);
    case "wal":
      return await wal(rest);
    case "dlq":
      return await dlq(rest);
    case "stats":
      return await stats(rest);
    case "bench":
      return await bench(rest);
    case "check":
      return await check(rest);
    case "init":
      return await init(rest);
    case "schema":
      return await schema(rest);
    case "--version":
      await print(`${VERSION}\n`);
      return 0;
    case "--help":
    case "-h":
    case "help":
      await print(MAIN_HELP);
      return 0;
    case undefined:
      sayRaw(MAIN_HELP);
      return 2;
    default:
      throw new UsageError(
        `Unknown command "${command}": see logflume --help for those there are`,
      );
  }
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
