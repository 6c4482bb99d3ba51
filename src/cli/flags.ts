import { parseArgs } from "node:util";
import { UsageError } from "./usage_error.ts";

/** How a flag is written. */
export interface FlagForm {
  /** Whether it takes a value. */
  readonly type: "string" | "boolean";
  /** Whether it may be given more than once. */
  readonly multiple?: boolean;
  /** Its one letter, if it has one. */
  readonly short?: string;
}

/** The flags of a command, by their long names. */
export type FlagTable = Readonly<Record<string, FlagForm>>;

/** What flags were given, by their long names. */
export type FlagValues<T extends Partial<FlagTable>> = {
  readonly [K in keyof T]?: NonNullable<T[K]> extends { readonly type: "boolean" } ? boolean
    : NonNullable<T[K]> extends { readonly multiple: true } ? readonly string[]
    : string;
};

/** What a command's flags are told by. */
export interface FlagRules<T extends Partial<FlagTable> = FlagTable> {
  /** The flags. */
  readonly flags: T;
  /** For each flag that takes a value, how it is used. */
  readonly examples: Readonly<Record<string, string>>;
  /** How many arguments that are no flags are taken, at most. */
  readonly positionals: number;
  /** What to do instead of giving more of them. */
  readonly advice: string;
}

/**
 * Reads the arguments of a command, and tells mistakes in words of our own: those of the runtimes differ.
 *
 * @throws {UsageError} If a flag is unknown, has no value or one too many, or an argument is too many
 */
export function parseFlags<const T extends Partial<FlagTable>>(
  args: readonly string[],
  rules: FlagRules<T>,
): { readonly values: FlagValues<T>; readonly positionals: readonly string[] } {
  const flags = rules.flags as FlagTable;
  const { tokens, values, positionals } = parseArgs({
    args: [...args],
    options: flags,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  assertTokens(tokens, { ...rules, flags });
  // Not strict is not less exact: what a strict parser would have refused was refused above.
  return { values: values as FlagValues<T>, positionals };
}

function assertTokens(tokens: readonly Token[], rules: FlagRules): void {
  let positionals = 0;
  for (const token of tokens) {
    if (token.kind === "positional" && ++positionals > rules.positionals) {
      throw new UsageError(`Unexpected argument "${token.value}": ${rules.advice}`);
    }
    if (token.kind === "option") assertFlag(token, rules);
  }
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];
type OptionToken = Extract<Token, { readonly kind: "option" }>;

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
