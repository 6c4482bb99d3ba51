import { configSchema } from "../config/config.ts";
import { SCHEMA_HELP } from "./config_help.ts";
import { type FlagRules, parseFlags } from "./flags.ts";
import { print } from "./say.ts";

const FLAGS = { help: { type: "boolean", short: "h" } } as const;

const RULES: FlagRules<typeof FLAGS> = {
  flags: FLAGS,
  examples: {},
  positionals: 0,
  advice: "the schema goes to standard output; send it to a file with >",
};

/**
 * `logflume schema`: prints the JSON Schema of the configuration.
 *
 * @throws {UsageError} If it was called wrongly
 */
export async function schema(args: readonly string[]): Promise<number> {
  const { values } = parseFlags(args, RULES);
  await print(values.help ? SCHEMA_HELP : `${JSON.stringify(configSchema, undefined, 2)}\n`);
  return 0;
}
