import { writeFileSync } from "node:fs";
import { messageOf } from "../errors.ts";
import { codeOf } from "../platform/fs.ts";
import { DEFAULT_CONFIG } from "./config_check.ts";
import { INIT_HELP } from "./config_help.ts";
import { CONFIG_STARTER } from "./config_starter.ts";
import { type FlagRules, parseFlags } from "./flags.ts";
import { print } from "./say.ts";
import { UsageError } from "./usage_error.ts";

const FLAGS = { force: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

const RULES: FlagRules<typeof FLAGS> = {
  flags: FLAGS,
  examples: {},
  positionals: 1,
  advice: "one file is written",
};

/**
 * `logflume init`: writes a configuration to start from.
 *
 * @throws {UsageError} If it was called wrongly, or the file is there or cannot be written
 */
export async function init(args: readonly string[]): Promise<number> {
  const { values, positionals: [file = DEFAULT_CONFIG] } = parseFlags(args, RULES);
  if (values.help) {
    await print(INIT_HELP);
    return 0;
  }
  write(file, values.force ?? false);
  await print(`${file} is written: look at it, then "logflume check ${file}"\n`);
  return 0;
}

function write(file: string, isForced: boolean): void {
  try {
    writeFileSync(file, CONFIG_STARTER, { flag: isForced ? "w" : "wx" });
  } catch (error) {
    throw new UsageError(
      codeOf(error) === "EEXIST"
        ? `"${file}" is there already: name another file, or replace it with --force`
        : `Cannot write "${file}": ${messageOf(error)}`,
      { cause: error },
    );
  }
}
