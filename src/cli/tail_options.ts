import { isLevel, LEVEL_RANK, LEVELS } from "../record/level.ts";
import { FilterError, type TailFilter } from "../tail/filter.ts";
import { parseQuery } from "../tail/query.ts";
import { type FlagRules, parseFlags } from "./flags.ts";
import { durationOf } from "./moment.ts";
import { hasHeader, parseHeader } from "./tail_header.ts";
import { isTailAddress, parseTailUrl } from "./tail_url.ts";
import { UsageError } from "./usage_error.ts";

/** Where a tail begins, by any of the words that `from` of a tail's URL knows. */
export type TailPlace =
  | { readonly kind: "live" | "kept" }
  | { readonly kind: "last"; readonly count: number }
  | { readonly kind: "seq"; readonly run?: string; readonly seq: number };

/** What `logflume tail` was asked to do. */
export interface TailOptions {
  /** A live view; undefined: `folder` is meant. */
  readonly url: URL | undefined;
  /** The folder of a log. */
  readonly folder: string;
  /** Which records. */
  readonly filter: TailFilter;
  /** Where to begin. */
  readonly from: TailPlace;
  /** Whether to go on with new records. */
  readonly follow: boolean;
  /** The lines as they are instead of text for people. */
  readonly json: boolean;
  /** Headers of the request. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether only the help is wanted. */
  readonly help: boolean;
}

const FLAGS = {
  from: { type: "string" },
  level: { type: "string" },
  header: { type: "string", multiple: true },
  json: { type: "boolean" },
  "no-follow": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const RULES: FlagRules<typeof FLAGS> = {
  flags: FLAGS,
  examples: {
    from: "--from -100",
    level: "--level warn",
    header: '--header "authorization: Bearer TOKEN"',
  },
  positionals: Infinity,
  advice: "",
};

const LAST = { kind: "last", count: 100 } as const;

/**
 * The options of `logflume tail`, from the arguments after `tail`.
 *
 * @param now The time from which ages count
 * @param token A bearer token to send unless a header brings one
 * @throws {UsageError} If an option or the query is wrong, or nothing is named to be read
 */
export function parseTailOptions(
  args: readonly string[],
  now: number,
  token?: string,
): TailOptions {
  const arranged = arrange(args);
  const { values, positionals } = parseFlags(arranged, RULES);
  const help = values.help ?? false;
  const [target, ...words] = positionals;
  if (target === undefined && !help) {
    throw new UsageError(
      "Nothing is named: use for example logflume tail http://127.0.0.1:8484 or logflume tail .logflume",
    );
  }
  const isUrl = target !== undefined && isTailAddress(target);
  const { place, since } = parsePlace(values.from, now);
  return {
    url: isUrl ? parseTailUrl(target) : undefined,
    folder: isUrl ? "" : target ?? "",
    filter: withBounds(parseWords(words, now), values.level, since),
    from: place,
    follow: !(values["no-follow"] ?? false),
    json: values.json ?? false,
    headers: headersOf(values.header ?? [], token),
    help,
  };
}

/**
 * Puts arguments so that no parser mistakes them: the words of a query may begin with a dash (`-healthz`),
 * and so may a value (`--from -100`).
 */
function arrange(args: readonly string[]): string[] {
  const flags: string[] = [];
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const next = args[i + 1];
    if (arg === "--") {
      words.push(...args.slice(i + 1));
      break;
    }
    const takesValue = arg === "--from" || arg === "--level" || arg === "--header";
    if (takesValue && next !== undefined && !next.startsWith("--")) {
      flags.push(`${arg}=${next}`);
      i++;
    } else if (arg.startsWith("--") || arg === "-h") flags.push(arg);
    else words.push(arg);
  }
  return [...flags, "--", ...words];
}

/** The words of a query, given as one argument or as several. */
function parseWords(words: readonly string[], now: number): TailFilter {
  const query = words.join(" ");
  try {
    return parseQuery(query, { now });
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const mark = `\n  ${query.replace(/\p{Cc}/gu, " ")}\n  ${" ".repeat(error.column - 1)}^`;
    throw new UsageError(`${error.message}${query.length > 200 ? "" : mark}`, { cause: error });
  }
}

/** The narrower of what the query says and what the options say. */
function withBounds(
  filter: TailFilter,
  level: string | undefined,
  since: number | undefined,
): TailFilter {
  if (level !== undefined && !isLevel(level)) {
    throw new UsageError(`"--level ${level}" is no level: use one of ${LEVELS.join(", ")}`);
  }
  const isLower = level !== undefined &&
    (filter.min === undefined || LEVEL_RANK[filter.min] < LEVEL_RANK[level]);
  return {
    ...filter,
    ...(isLower ? { min: level } : {}),
    ...(since === undefined ? {} : { since: Math.max(since, filter.since ?? since) }),
  };
}

function parsePlace(text: string | undefined, now: number): { place: TailPlace; since?: number } {
  if (text === undefined) return { place: LAST };
  if (text === "live" || text === "kept") return { place: { kind: text } };
  const [, dash, number] = /^(-?)(\d{1,15})$/.exec(text) ?? [];
  if (number !== undefined) {
    const count = Number(number);
    return { place: dash === "-" ? { kind: "last", count } : { kind: "seq", seq: count } };
  }
  const [, run, seq] = /^([\w.-]{1,64})\.(\d{1,15})$/.exec(text) ?? [];
  if (run !== undefined) return { place: { kind: "seq", run, seq: Number(seq) } };
  const ageMs = durationOf(text);
  if (ageMs !== undefined) return { place: { kind: "kept" }, since: Math.max(0, now - ageMs) };
  throw new UsageError(
    `"--from ${text}" is no place: use -100 for the last 100, kept, live, a record's number, ` +
      `RUN.NUMBER, or an age such as 15m`,
  );
}

function headersOf(texts: readonly string[], token: string | undefined): TailOptions["headers"] {
  const headers = texts.map(parseHeader);
  if (token === undefined || hasHeader(headers, "authorization")) return headers;
  return [...headers, ["authorization", `Bearer ${token}`]];
}
