/**
 * The command line: `logflume run` and the commands around it.
 *
 * @module
 */
import process from "node:process";
import { ConfigError } from "../config/problem.ts";
import { MAIN_HELP, VERSION } from "./help.ts";
import { print, say, sayRaw } from "./say.ts";
import { UsageError } from "./usage_error.ts";

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

type Command = (args: readonly string[]) => Promise<number>;

/** Each is loaded when it is called: none has to wait for what only others need. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./run.ts")).run,
  tail: async () => (await import("./tail.ts")).tail,
  wal: async () => (await import("./wal.ts")).wal,
  dlq: async () => (await import("./dlq.ts")).dlq,
  init: async () => (await import("./config_init.ts")).init,
  check: async () => (await import("./config_check.ts")).check,
  schema: async () => (await import("./config_schema.ts")).schema,
  stats: async () => (await import("./stats.ts")).stats,
  bench: async () => (await import("./bench.ts")).bench,
};

async function dispatch([command, ...rest]: readonly string[]): Promise<number> {
  if (command !== undefined && Object.hasOwn(COMMANDS, command)) {
    return await (await COMMANDS[command]!())(rest);
  }
  switch (command) {
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
