import { ConfigError, loadConfig, type LoadedConfig } from "../config/config.ts";
import { CHECK_HELP } from "./config_help.ts";
import { type FlagRules, parseFlags } from "./flags.ts";
import { print, sayRaw } from "./say.ts";

/** The file that is meant where none is named. */
export const DEFAULT_CONFIG = "logflume.yaml";

const FLAGS = { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

const RULES: FlagRules<typeof FLAGS> = {
  flags: FLAGS,
  examples: {},
  positionals: 1,
  advice: "check one file at a time",
};

/**
 * `logflume check`: says what a configuration would run, or everything that is wrong with it.
 *
 * @throws {UsageError} If it was called wrongly
 */
export async function check(args: readonly string[]): Promise<number> {
  const { values, positionals: [file = DEFAULT_CONFIG] } = parseFlags(args, RULES);
  if (values.help) {
    await print(CHECK_HELP);
    return 0;
  }
  try {
    await print(textOf(await loadConfig(file), values.json ?? false));
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (values.json) await print(`${JSON.stringify({ problems: error.problems })}\n`);
    else sayRaw(`${error.message}\n`);
    return 2;
  }
}

function textOf({ file, summary, notes }: LoadedConfig, isJson: boolean): string {
  if (isJson) return `${JSON.stringify({ file, summary, notes })}\n`;
  const lines = [`${file} is right. It would run:`, ...summary.map((line) => `  ${line}`)];
  return [...lines, ...notes.map((note) => `Note: ${note}`), ""].join("\n");
}
