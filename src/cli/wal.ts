import { offline } from "./offline.ts";
import { print, sayRaw } from "./say.ts";
import { UsageError } from "./usage_error.ts";
import { walCat } from "./wal_cat.ts";
import { WAL_HELP } from "./wal_help.ts";
import { walLs } from "./wal_ls.ts";
import { walVerify } from "./wal_verify.ts";

/**
 * `logflume wal`: looks into a log. Answers the exit code.
 *
 * @throws {UsageError} If it was called wrongly, or the log cannot be read
 */
export function wal(args: readonly string[]): Promise<number> {
  return offline(() => dispatch(args));
}

async function dispatch([command, ...rest]: readonly string[]): Promise<number> {
  switch (command) {
    case "ls":
      return await walLs(rest);
    case "cat":
      return await walCat(rest);
    case "verify":
      return await walVerify(rest);
    case "--help":
    case "-h":
    case "help":
      await print(WAL_HELP);
      return 0;
    case undefined:
      sayRaw(WAL_HELP);
      return 2;
    default:
      throw new UsageError(
        `Unknown command "wal ${command}": use ls, cat or verify, or see logflume wal --help`,
      );
  }
}
