import { type FlagRules, parseFlags } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

/** What `logflume bench` was asked to do. */
export interface BenchOptions {
  /** How long to write in each part. */
  readonly seconds: number;
  /** The folder in which that of the log is made; undefined: the system's for temporary files. */
  readonly data: string | undefined;
  /** JSON instead of text for people. */
  readonly json: boolean;
  /** Whether only the help is wanted. */
  readonly help: boolean;
}

const FLAGS = {
  seconds: { type: "string" },
  data: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

const RULES: FlagRules<typeof FLAGS> = {
  flags: FLAGS,
  examples: { seconds: "--seconds 5", data: "--data /var/log" },
  positionals: 0,
  advice: "bench takes options only",
};

/**
 * The options of `logflume bench`, from the arguments after `bench`.
 *
 * @throws {UsageError} If an option is unknown or has a wrong value
 */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseFlags(args, RULES);
  return {
    seconds: parseSeconds(values.seconds ?? "2"),
    data: values.data,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function parseSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (seconds >= 0.1 && seconds <= 600) return seconds;
  throw new UsageError(`"--seconds ${text}" is no time to measure: use a number from 0.1 to 600`);
}
