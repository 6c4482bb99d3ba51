import { bytesOf } from "../config/quantity.ts";
import { type FlagRules, parseFlags } from "./flags.ts";
import { durationOf, parseDuration } from "./moment.ts";
import { UsageError } from "./usage_error.ts";

/** Where the live view listens. */
export interface ListenAddress {
  /** A name or an address, without brackets. */
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Whether the user asked for this address: then a taken port is an error. */
  readonly isExplicit: boolean;
}

/** How much of what is delivered stays in the log. */
export interface Retain {
  /** Bytes, or all of it. */
  readonly retain: number | "all";
  /** Segments small enough that the log goes by steps that suit `retain`. */
  readonly segmentBytes?: number;
  /** The age at which it goes. */
  readonly retainAgeMs?: number;
}

/** What `logflume run` was asked to do. */
export interface RunOptions {
  /** The configuration that says the rest; undefined: none. */
  readonly config: string | undefined;
  /** Files in order; `-` is standard input. Empty: none was named. */
  readonly inputs: readonly string[];
  /** Whether to wait for more at the end of a file. */
  readonly follow: boolean;
  /** The file to deliver to; undefined: the console. */
  readonly output: string | undefined;
  /** The folder of the log; undefined: not given. */
  readonly data: string | undefined;
  /** Undefined: the log's own default. */
  readonly retain: Retain | undefined;
  /** Undefined: no live view. */
  readonly listen: ListenAddress | undefined;
  /** Whether that was said, be it `off`. */
  readonly isListenGiven: boolean;
  /** Whether lines may be posted there. */
  readonly ingest: boolean;
  /** How long to wait for deliveries at the end. */
  readonly drainTimeoutMs: number;
  /** Whether that was said. */
  readonly isDrainTimeoutGiven: boolean;
  /** Whether to make traffic instead of reading it. */
  readonly demo: boolean;
  /** Whether to end with a summary on standard output. */
  readonly summary: boolean;
  /** Whether only the help is wanted. */
  readonly help: boolean;
}

const FLAGS = {
  input: { type: "string", multiple: true, short: "i" },
  follow: { type: "boolean", short: "f" },
  output: { type: "string", short: "o" },
  data: { type: "string" },
  retain: { type: "string" },
  listen: { type: "string" },
  ingest: { type: "boolean" },
  "drain-timeout": { type: "string" },
  demo: { type: "boolean" },
  summary: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** Where the live view listens unless told otherwise: reachable from this machine only. */
export const DEFAULT_LISTEN: ListenAddress = {
  hostname: "127.0.0.1",
  port: 8484,
  isExplicit: false,
};
/** How long deliveries are waited for unless told otherwise. */
export const DEFAULT_DRAIN_TIMEOUT_MS = 10_000;

/**
 * The options of `logflume run`, from the arguments after `run`.
 *
 * @throws {UsageError} If an option is unknown, has no value or a wrong one, or contradicts another
 */
export function parseRunOptions(args: readonly string[]): RunOptions {
  const { values, positionals: [config] } = parseFlags(args, RULES);
  if (config !== undefined) assertConfig(config, values);
  const demo = values.demo ?? false;
  const inputs = values.input ?? [];
  if (demo && inputs.length > 0) {
    throw new UsageError("--demo makes its own traffic: leave out --input, or leave out --demo");
  }
  const timeout = values["drain-timeout"];
  return {
    config,
    inputs,
    follow: values.follow ?? false,
    output: values.output === "-" ? undefined : values.output,
    data: values.data,
    retain: values.retain === undefined ? undefined : parseRetain(values.retain),
    listen: listenOf(values.listen, values.ingest ?? false),
    isListenGiven: values.listen !== undefined,
    ingest: values.ingest ?? false,
    isDrainTimeoutGiven: timeout !== undefined,
    drainTimeoutMs: timeout === undefined
      ? DEFAULT_DRAIN_TIMEOUT_MS
      : parseDuration("--drain-timeout", timeout),
    demo,
    summary: values.summary ?? false,
    help: values.help ?? false,
  };
}

/** What a configuration says, and the command line with it may not. */
const LEFT_TO_CONFIG = ["input", "follow", "output", "data", "retain", "ingest", "demo"] as const;

function assertConfig(file: string, values: Readonly<Record<string, unknown>>): void {
  if (!/\.(ya?ml|json)$/i.test(file)) {
    throw new UsageError(
      `"${file}" is no configuration, which ends in .yaml: name inputs with --input`,
    );
  }
  const said = LEFT_TO_CONFIG.find((name) => values[name] !== undefined);
  if (said === undefined) return;
  throw new UsageError(`The configuration says that: leave out --${said}, or the configuration`);
}

/** Whoever wants lines posted wants the address for sure. */
function listenOf(text: string | undefined, ingest: boolean): ListenAddress | undefined {
  const listen = text === undefined ? DEFAULT_LISTEN : parseListen(text);
  if (!ingest) return listen;
  if (listen !== undefined) return { ...listen, isExplicit: true };
  throw new UsageError("--ingest needs an address to post to: leave out --listen off");
}

const EXAMPLES: Readonly<Record<string, string>> = {
  input: "--input app.log",
  output: "--output out.ndjson",
  data: "--data .logflume",
  retain: "--retain 64MiB",
  listen: "--listen 127.0.0.1:8484",
  "drain-timeout": "--drain-timeout 10s",
};

const RULES: FlagRules<typeof FLAGS> = {
  flags: FLAGS,
  examples: EXAMPLES,
  positionals: 1,
  advice: "name one configuration, or inputs with --input",
};

/** What is kept goes by whole segments: a quarter of it, 1 MiB at least. */
function segmentBytesFor(retainBytes: number): number {
  const MiB = 1024 * 1024;
  return Math.min(64 * MiB, Math.max(MiB, Math.floor(retainBytes / 4)));
}

function parseRetain(text: string): Retain {
  if (text === "all") return { retain: "all" };
  const size = bytesOf(text);
  if (size !== undefined) return { retain: size, segmentBytes: segmentBytesFor(size) };
  const age = durationOf(text);
  if (age !== undefined) return { retain: Number.MAX_SAFE_INTEGER, retainAgeMs: age };
  throw new UsageError(
    `"--retain ${text}" is neither a size nor an age: use for example 64MiB, 24h or all`,
  );
}

/** `HOST:PORT`, `[IPV6]:PORT`, `:PORT`, `PORT`, or `off`. */
function parseListen(text: string): ListenAddress | undefined {
  if (text === "off") return undefined;
  const match = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new UsageError(
      `"--listen ${text}" is not an address: use HOST:PORT, for example 127.0.0.1:8484, or off`,
    );
  }
  const hostname = match[1] ?? (match[2] === "" ? undefined : match[2]);
  return { hostname: hostname ?? DEFAULT_LISTEN.hostname, port, isExplicit: true };
}
