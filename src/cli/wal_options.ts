import { isLevel, type Level, LEVELS } from "../record/level.ts";
import { type FlagRules, parseFlags } from "./flags.ts";
import { momentOf } from "./moment.ts";
import { UsageError } from "./usage_error.ts";

/** What every `logflume wal` command is asked. */
export interface LookOptions {
  /** The folder of the log; empty if only the help is wanted. */
  readonly folder: string;
  /** JSON instead of text for people. */
  readonly json: boolean;
  /** Whether only the help is wanted. */
  readonly help: boolean;
}

/** What `logflume wal cat` is asked. */
export interface CatOptions extends LookOptions {
  /** The first record. */
  readonly from?: number;
  /** The last record. */
  readonly to?: number;
  /** The time of the first record, milliseconds since 1970. */
  readonly fromMs?: number;
  /** The time of the last record, milliseconds since 1970. */
  readonly toMs?: number;
  /** The lowest level. */
  readonly level?: Level;
  /** Whether to wait for more. */
  readonly follow: boolean;
}

const LOOK_FLAGS = {
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const CAT_FLAGS = {
  from: { type: "string" },
  to: { type: "string" },
  level: { type: "string" },
  follow: { type: "boolean", short: "f" },
  ...LOOK_FLAGS,
} as const;

const EXAMPLES: Readonly<Record<string, string>> = {
  from: "--from 41 or --from 15m",
  to: "--to 50",
  level: "--level warn",
};

const ONE_FOLDER = {
  examples: EXAMPLES,
  positionals: 1,
  advice: "name one folder",
};

const LOOK_RULES: FlagRules<typeof LOOK_FLAGS> = {
  flags: LOOK_FLAGS,
  ...ONE_FOLDER,
};
const CAT_RULES: FlagRules<typeof CAT_FLAGS> = {
  flags: CAT_FLAGS,
  ...ONE_FOLDER,
};

/**
 * The options of `logflume wal ls` and `logflume wal verify`.
 *
 * @throws {UsageError} If an option is unknown, or no folder or more than one is named
 */
export function parseLookOptions(args: readonly string[]): LookOptions {
  const { values, positionals } = parseFlags(args, LOOK_RULES);
  return lookOptions(values, positionals);
}

/**
 * The options of `logflume wal cat`.
 *
 * @param nowMs The time from which ages count
 * @throws {UsageError} If an option is unknown or has a wrong value, or no folder or more than one is named
 */
export function parseCatOptions(args: readonly string[], nowMs: number): CatOptions {
  const { values, positionals } = parseFlags(args, CAT_RULES);
  return {
    ...lookOptions(values, positionals),
    ...bound("from", values.from, nowMs),
    ...bound("to", values.to, nowMs),
    ...(values.level === undefined ? {} : { level: parseLevel(values.level) }),
    follow: values.follow ?? false,
  };
}

function lookOptions(
  { json = false, help = false }: { readonly json?: boolean; readonly help?: boolean },
  [folder]: readonly string[],
): LookOptions {
  if (folder === undefined && !help) {
    throw new UsageError("No folder is named: use for example logflume wal ls .logflume");
  }
  return { folder: folder ?? "", json, help };
}

function parseLevel(text: string): Level {
  if (isLevel(text)) return text;
  throw new UsageError(`"--level ${text}" is no level: use one of ${LEVELS.join(", ")}`);
}

/** A record's number, a time, or an age. */
function bound(
  name: "from" | "to",
  text: string | undefined,
  nowMs: number,
): { [key in "from" | "to" | "fromMs" | "toMs"]?: number } {
  if (text === undefined) return {};
  if (/^\d{1,16}$/.test(text)) return { [name]: Number(text) };
  const timeMs = momentOf(text, nowMs);
  if (timeMs !== undefined) return { [`${name}Ms`]: timeMs };
  throw new UsageError(
    `"--${name} ${text}" is neither a record nor a time: use a number, ` +
      `a time such as 2026-01-31T12:00Z, or an age such as 15m`,
  );
}
