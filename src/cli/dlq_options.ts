import { DEAD_LETTER_REASONS, type DeadLetterReason } from "../delivery/dead_letter.ts";
import type { DeadLetterFilter } from "../delivery/dead_letter_filter.ts";
import { isReason } from "../delivery/dead_letter_form.ts";
import type { SendOptions } from "./dlq_send.ts";
import { withEnvironment } from "./env_text.ts";
import { type FlagValues, parseFlags } from "./flags.ts";
import { momentOf } from "./moment.ts";
import { UsageError } from "./usage_error.ts";

/** What a `logflume dlq` command is asked; each command takes only some of it. */
export interface DlqOptions {
  /** The folder of the pipeline's log, or its SQLite file; empty if only the help is wanted. */
  readonly path: string;
  /** What is named behind the folder: ids, or a file to import. */
  readonly names: readonly string[];
  /** Which entries. */
  readonly filter: DeadLetterFilter;
  /** At most so many. */
  readonly limit: number;
  /** JSON instead of text for people. */
  readonly json: boolean;
  /** Only tell what would be done. */
  readonly dryRun: boolean;
  /** Replay also what failed too often. */
  readonly force: boolean;
  /** Remove all. */
  readonly all: boolean;
  /** The file that records are appended to. */
  readonly output: string | undefined;
  /** The server that records are sent to, and how. */
  readonly to: SendOptions | undefined;
  /** Records a second, at most. */
  readonly ratePerSecond: number;
  /** Whether only the help is wanted. */
  readonly help: boolean;
}

const FLAGS = {
  lane: { type: "string" },
  reason: { type: "string" },
  since: { type: "string" },
  until: { type: "string" },
  grep: { type: "string" },
  limit: { type: "string" },
  output: { type: "string", short: "o" },
  to: { type: "string" },
  header: { type: "string", multiple: true },
  format: { type: "string" },
  gzip: { type: "boolean" },
  rate: { type: "string" },
  json: { type: "boolean" },
  all: { type: "boolean" },
  force: { type: "boolean" },
  "dry-run": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

type Flag = keyof typeof FLAGS;

const FILTER: readonly Flag[] = ["lane", "reason", "since", "until", "grep"];

const SENDING: readonly Flag[] = ["to", "header", "format", "gzip"];

/** A command of `logflume dlq`. */
export type DlqCommand = "ls" | "show" | "replay" | "rm" | "export" | "import";

/** Which flags a command takes, and how many names behind the folder. */
const COMMANDS: Readonly<Record<DlqCommand, { flags: readonly Flag[]; names: number }>> = {
  ls: { flags: [...FILTER, "limit", "json", "help"], names: 0 },
  show: { flags: ["json", "help"], names: Infinity },
  replay: {
    flags: [
      ...FILTER,
      "limit",
      "output",
      ...SENDING,
      "rate",
      "force",
      "dry-run",
      "json",
      "help",
    ],
    names: 0,
  },
  rm: { flags: [...FILTER, "all", "dry-run", "json", "help"], names: Infinity },
  export: { flags: [...FILTER, "limit", "help"], names: 0 },
  import: { flags: ["json", "help"], names: 1 },
};

const EXAMPLES: Readonly<Record<string, string>> = {
  lane: "--lane http",
  reason: "--reason max_attempts",
  since: "--since 24h",
  until: "--until 2026-01-31T12:00Z",
  grep: "--grep timeout",
  limit: "--limit 20",
  output: "--output records.ndjson",
  to: "--to https://logs.example/ingest",
  header: '--header "authorization: @env:LOGS_AUTH"',
  format: "--format json",
  rate: "--rate 100",
};

/**
 * The options of a `logflume dlq` command.
 *
 * @param nowMs The time from which ages count
 * @throws {UsageError} If an option is unknown or has a wrong value, or no folder is named
 */
export function parseDlqOptions(
  command: DlqCommand,
  args: readonly string[],
  nowMs: number,
): DlqOptions {
  const { flags, names: mostNames } = COMMANDS[command];
  const taken = Object.fromEntries(flags.map((name) => [name, FLAGS[name]]));
  const { values, positionals: [path, ...names] } = parseFlags(args, {
    flags: taken as Partial<typeof FLAGS>,
    examples: EXAMPLES,
    positionals: 1 + mostNames,
    advice: mostNames === 1 ? "name one folder and one file" : "name one folder",
  });
  const { help = false, json = false, all = false, force = false, output } = values;
  if (path === undefined && !help) {
    throw new UsageError(`No folder is named: use for example logflume dlq ${command} .logflume`);
  }
  return {
    path: path ?? "",
    names,
    filter: filterOf(values, nowMs),
    limit: numberOf("limit", values.limit, /^\d{1,9}$/),
    ratePerSecond: numberOf("rate", values.rate, /^(?!0*\.?0*$)\d{1,9}(\.\d+)?$/),
    ...{ help, json, all, force, output },
    dryRun: values["dry-run"] ?? false,
    to: sendOptionsOf(values),
  };
}

type Values = FlagValues<Partial<typeof FLAGS>>;

function sendOptionsOf(values: Values): SendOptions | undefined {
  const { to, format = "ndjson", header = [], gzip } = values;
  if (to === undefined) {
    const lone = SENDING.find((name) => values[name] !== undefined);
    if (lone === undefined) return undefined;
    throw new UsageError(`"--${lone}" is for a replay to a server: add ${EXAMPLES.to}`);
  }
  if (values.output !== undefined) {
    throw new UsageError("A replay sends to one place: use either --to URL or --output FILE");
  }
  if (format !== "ndjson" && format !== "json") {
    throw new UsageError(`"--format ${format}" is no format: use ndjson or json`);
  }
  return { url: urlOf(to), headers: headersOf(header), format, gzip: gzip ?? false };
}

/** Nothing of it is shown: credentials may stand in it. */
function urlOf(text: string): string {
  const url = withEnvironment("--to", text);
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new UsageError(`"--to" needs the address of a server: use for example ${EXAMPLES.to}`);
}

function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => {
    const [, name, value] = /^\s*([^\s:]+)\s*:\s*(.+)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      return [name, withEnvironment("--header", value.trim())];
    }
    throw new UsageError(
      `"--header" needs a name, a colon and a value: use for example ${EXAMPLES.header}`,
    );
  }));
}

function filterOf(values: Values, nowMs: number): DeadLetterFilter {
  const { lane, reason, since, until, grep } = values;
  return {
    ...(lane === undefined ? {} : { lane }),
    ...(reason === undefined ? {} : { reason: reasonOf(reason) }),
    ...(since === undefined ? {} : { sinceMs: parseMoment("since", since, nowMs) }),
    ...(until === undefined ? {} : { untilMs: parseMoment("until", until, nowMs) }),
    ...(grep === undefined ? {} : { text: grep }),
  };
}

function reasonOf(text: string): DeadLetterReason {
  if (isReason(text)) return text;
  throw new UsageError(
    `"--reason ${text}" is no reason: use one of ${DEAD_LETTER_REASONS.join(", ")}`,
  );
}

function parseMoment(name: Flag, text: string, nowMs: number): number {
  const timeMs = momentOf(text, nowMs);
  if (timeMs !== undefined) return timeMs;
  throw new UsageError(
    `"--${name} ${text}" is no time: use one such as 2026-01-31T12:00Z, or an age such as 15m`,
  );
}

function numberOf(name: Flag, text: string | undefined, form: RegExp): number {
  if (text === undefined) return Infinity;
  if (form.test(text)) return Number(text);
  throw new UsageError(`"--${name} ${text}" is no number: use for example ${EXAMPLES[name]}`);
}
