/**
 * Puts LogTape in front of a pipeline: `configure({ sinks: { logflume: logtapeSink(pipeline) }, ... })`.
 *
 * @module
 */
import { isolated } from "../isolated.ts";
import { thrownMessage, toJsonValue } from "../record/json_value.ts";
import { isLevel, type Level } from "../record/level.ts";
import type { RecordInput } from "../record/record.ts";
import { takeTraceIds } from "./origin.ts";

/** What a record of LogTape's has that is used. */
export interface LogtapeRecord {
  /** The names of its logger, from the root. */
  readonly category: readonly string[];
  /** One of ours, or `warning`. */
  readonly level: string;
  /** Texts and, between them, values. */
  readonly message: readonly unknown[];
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** Structured values. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What a sink of LogTape's needs of a pipeline. */
export interface LogtapeTarget {
  /** Offers one record; false if it was refused. */
  write(record: RecordInput): boolean;
  /** Waits until what was accepted is delivered. */
  drain(options?: { readonly timeoutMs?: number }): Promise<unknown>;
}

/** How {@linkcode logtapeSink} ends. */
export interface LogtapeSinkOptions {
  /** How long LogTape's `dispose()` waits for the pipeline's sinks, in milliseconds. @default {10_000} */
  readonly timeoutMs?: number;
}

/** A sink that LogTape can call, and drain. */
export interface LogtapeSink extends AsyncDisposable {
  /** Takes one record; never throws and never waits. */
  (record: LogtapeRecord): void;
}

/** As the pipeline's own `close()` waits. */
const DRAIN_TIMEOUT_MS = 10_000;

/**
 * A sink of LogTape's that writes to a pipeline: `warning` becomes `warn`, the category the logger's name
 * with dots, the message its rendered text, the properties the fields, and the time stays. What the
 * pipeline refuses it counts itself.
 *
 * Never throws, so LogTape has nothing to tell its meta logger, whose records are taken like all others.
 * LogTape's `dispose()` waits until the pipeline has delivered what it took; the pipeline stays open.
 *
 * @throws {TypeError} If `pipeline` is none
 * @throws {RangeError} If `timeoutMs` is negative or not a number
 *
 * @example Before: `sinks: { console: getConsoleSink() }`
 * ```ts
 * import { configure, dispose, getLogger } from "@logtape/logtape";
 * import { openPipeline } from "@logflume/logflume";
 * import { logtapeSink } from "@logflume/logflume/logtape";
 *
 * await using pipeline = await openPipeline();
 * await configure({
 *   sinks: { logflume: logtapeSink(pipeline) },
 *   loggers: [{ category: "shop", lowestLevel: "info", sinks: ["logflume"] }],
 * });
 * getLogger("shop").info("order {order} placed", { order: 42 });
 * await dispose();
 * ```
 */
export function logtapeSink(
  pipeline: LogtapeTarget,
  { timeoutMs = DRAIN_TIMEOUT_MS }: LogtapeSinkOptions = {},
): LogtapeSink {
  const { write, drain } = Object(pipeline) as Partial<LogtapeTarget>;
  if (typeof write !== "function" || typeof drain !== "function") {
    throw new TypeError(
      "Cannot write to this pipeline, it has no write() and drain(): pass what openPipeline() gave",
    );
  }
  if (!(timeoutMs >= 0)) {
    throw new RangeError(`Invalid timeoutMs ${timeoutMs}: use a number of at least 0`);
  }
  const take = isolated(
    "the LogTape sink",
    (record: LogtapeRecord) => void pipeline.write(recordFromLogtape(record)),
    ({ message }) => textOf(message[0]),
  );
  const dispose = async (): Promise<void> => void await pipeline.drain({ timeoutMs });
  return Object.assign(take, { [Symbol.asyncDispose]: dispose });
}

function recordFromLogtape(record: LogtapeRecord): RecordInput {
  const { category, timestamp, properties } = record;
  const { ids, rest } = takeTraceIds(properties);
  return {
    time: timestamp,
    level: levelOf(record.level),
    msg: render(record.message),
    ...(category.length > 0 ? { logger: category.join(".") } : {}),
    ...ids,
    ...(Object.keys(rest).length > 0 ? { fields: rest } : {}),
  };
}

function levelOf(level: string): Level {
  if (level === "warning") return "warn";
  return isLevel(level) ? level : "info";
}

/** Texts stand at even places, the values between them at odd ones. */
function render(message: readonly unknown[]): string {
  let text = "";
  for (const part of message) text += textOf(part);
  return text;
}

/** A string as it is, an Error by its name and message, everything else in its JSON form. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return thrownText(value);
  const form = toJsonValue(value);
  return typeof form === "object" && form !== null ? JSON.stringify(form) : String(form);
}

function thrownText(error: Error): string {
  try {
    return String(error);
  } catch {
    return thrownMessage(error);
  }
}
