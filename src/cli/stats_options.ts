import { type FlagRules, parseFlags } from "./flags.ts";
import { hasHeader, parseHeader } from "./tail_header.ts";
import { isTailAddress, parseTailUrl } from "./tail_url.ts";
import { UsageError } from "./usage_error.ts";

/** What `logflume stats` was asked to do. */
export interface StatsOptions {
  /** A live view; undefined: `folder` is meant. */
  readonly url: URL | undefined;
  /** The folder of a log. */
  readonly folder: string;
  /** Whether to show the figures again and again. */
  readonly watch: boolean;
  /** JSON instead of text for people. */
  readonly json: boolean;
  /** Headers of the request. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether only the help is wanted. */
  readonly help: boolean;
}

const FLAGS = {
  watch: { type: "boolean" },
  json: { type: "boolean" },
  header: { type: "string", multiple: true },
  help: { type: "boolean", short: "h" },
} as const;

const RULES: FlagRules<typeof FLAGS> = {
  flags: FLAGS,
  examples: { header: '--header "authorization: Bearer TOKEN"' },
  positionals: 1,
  advice: "name one live view or one folder",
};

/**
 * The options of `logflume stats`, from the arguments after `stats`.
 *
 * @param token A bearer token to send unless a header brings one
 * @throws {UsageError} If an option is wrong, or nothing is named to be looked at
 */
export function parseStatsOptions(args: readonly string[], token?: string): StatsOptions {
  const { values, positionals: [target] } = parseFlags(args, RULES);
  const { watch = false, json = false, help = false, header = [] } = values;
  if (target === undefined && !help) {
    throw new UsageError(
      "Nothing is named: use for example logflume stats http://127.0.0.1:8484 or logflume stats .logflume",
    );
  }
  const url = target !== undefined && isTailAddress(target) ? parseTailUrl(target) : undefined;
  const headers = header.map(parseHeader);
  if (token !== undefined && !hasHeader(headers, "authorization")) {
    headers.push(["authorization", `Bearer ${token}`]);
  }
  return { url, folder: url === undefined ? target ?? "" : "", watch, json, headers, help };
}
