import { parseArgs } from "node:util";
import { UsageError } from "./usage_error.ts";

/** The flags of a command, by their long names. */
export type FlagTable = Readonly<
  Record<
    string,
    { readonly type: "string" | "boolean"; readonly multiple?: boolean; readonly short?: string }
  >
>;

/** What a command's flags are told by. */
export interface FlagRules {
  /** The flags. */
  readonly flags: FlagTable;
  /** For each flag that takes a value, how it is used. */
  readonly examples: Readonly<Record<string, string>>;
  /** How many arguments that are no flags are taken, at most. */
  readonly positionals: number;
  /** What to do instead of giving more of them. */
  readonly advice: string;
}

/**
 * Checks the arguments of a command and tells mistakes in words of our own: those of the runtimes differ.
 *
 * @throws {UsageError} If a flag is unknown, has no value or one too many, or an argument is too many
 */
export function assertFlags(args: readonly string[], rules: FlagRules): void {
  const config = { args: [...args], options: rules.flags, allowPositionals: true };
  const { tokens } = parseArgs({ ...config, strict: false, tokens: true });
  let positionals = 0;
  for (const token of tokens) {
    if (token.kind === "positional" && ++positionals > rules.positionals) {
      throw new UsageError(`Unexpected argument "${token.value}": ${rules.advice}`);
    }
    if (token.kind === "option") assertFlag(token, rules);
  }
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function assertFlag(
  { name, rawName, value, inlineValue }: OptionToken,
  { flags, examples }: FlagRules,
): void {
  if (!Object.hasOwn(flags, name)) {
    const known = Object.keys(flags).map((flag) => `--${flag}`).join(", ");
    throw new UsageError(`Unknown option "${rawName}": use ${known}`);
  }
  const { type } = flags[name]!;
  if (type === "boolean" && value !== undefined) {
    throw new UsageError(`Option "${rawName}" takes no value: leave out "${value}"`);
  }
  if (type === "boolean") return;
  const isNextFlag = value !== undefined && !inlineValue && /^-./.test(value);
  if (value === undefined || value === "" || isNextFlag) {
    throw new UsageError(`Option "${rawName}" needs a value, for example ${examples[name]}`);
  }
}
