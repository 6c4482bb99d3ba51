import { mergeFields } from "./fields.ts";
import { setKey, thrownMessage } from "./json_value.ts";
import { isLevel, type Level, LEVELS } from "./level.ts";
import type { Fields, LogRecord, RecordInput } from "./record.ts";
import type { LoggerScope } from "./scope.ts";
import { isoTime, isTimeMs, parseTimeText } from "./time.ts";

/** The names of a record's own places, beside `msg`, that hold a string. */
const ORIGIN_KEYS = ["logger", "traceId", "spanId"] as const;

const OWN_KEYS: ReadonlySet<string> = new Set(["time", "level", "msg", "fields", ...ORIGIN_KEYS]);

/**
 * Completes what a caller handed over as a record. A time that is no time, or lies outside the years
 * 0 to 9999, becomes `nowMs`. The fields are taken as they are. `stampOf` writes the time.
 *
 * @throws {TypeError} If the input is not an object with a string `msg`, or a part has the wrong type
 */
export function recordFromInput(
  input: RecordInput,
  nowMs: number,
  stampOf: (timeMs: number) => string = isoTime,
): LogRecord {
  const problem = problemOf(input);
  if (problem !== undefined) throw new TypeError(`Invalid record: ${problem}`);
  const record: MutableRecord = {
    time: stampOf(timeMsOf(input.time) ?? nowMs),
    level: input.level ?? "info",
    msg: input.msg,
  };
  // One by one: spreads of objects that are mostly empty take longer than all the rest.
  if (input.logger !== undefined) record.logger = input.logger;
  if (input.traceId !== undefined) record.traceId = input.traceId;
  if (input.spanId !== undefined) record.spanId = input.spanId;
  if (input.fields !== undefined) record.fields = input.fields;
  return record;
}

type MutableRecord = { -readonly [K in keyof LogRecord]: LogRecord[K] };

/** Puts one call of a logger into the shape that `transform` and subscribers know. */
export function recordFromCall(
  level: Level,
  timeMs: number,
  msg: string,
  scope: LoggerScope,
  fields?: Fields,
): LogRecord {
  const all = scope.fields === undefined ? fields : mergeFields(scope.fields, fields);
  return {
    time: isoTime(timeMs),
    level,
    msg,
    ...(scope.logger !== undefined ? { logger: scope.logger } : {}),
    ...(scope.traceId !== undefined ? { traceId: scope.traceId } : {}),
    ...(scope.spanId !== undefined ? { spanId: scope.spanId } : {}),
    ...(all !== undefined ? { fields: all } : {}),
  };
}

/**
 * Reads the bytes of one JSON record. Keys that are none of a record's own join its fields.
 *
 * @throws {SyntaxError} If the bytes are not UTF-8, not JSON, or not the JSON of a record
 */
export function parseRecordBytes(bytes: Uint8Array): RecordInput {
  const value = parseJson(bytes);
  const problem = problemOf(value);
  if (problem !== undefined) throw new SyntaxError(`Malformed record: ${problem}`);
  return withForeignKeys(value as RecordInput);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw new SyntaxError(`Malformed record: ${thrownMessage(thrown)}`, { cause: thrown });
  }
}

function withForeignKeys(input: RecordInput): RecordInput {
  const foreign: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(input)) {
    if (!OWN_KEYS.has(key)) setKey(foreign, key, value);
  }
  if (Object.keys(foreign).length === 0) return input;
  return { ...input, fields: mergeFields(foreign, input.fields) };
}

/** Says what keeps a value from being a record, in words that follow a colon. */
function problemOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return "pass an object with a string msg";
  }
  const given = value as Record<string, unknown>;
  const { msg, level, time, fields } = given;
  if (typeof msg !== "string") return `msg is ${kindOf(msg)}, pass a string`;
  if (level !== undefined && !isLevel(level)) {
    return `level is ${kindOf(level)}, use one of ${LEVELS.join(", ")}`;
  }
  if (!isTimeInput(time)) {
    return `time is ${kindOf(time)}, pass an ISO string, milliseconds since 1970 or a Date`;
  }
  if (
    fields !== undefined && (typeof fields !== "object" || fields === null || Array.isArray(fields))
  ) {
    return `fields is ${kindOf(fields)}, pass an object`;
  }
  for (const key of ORIGIN_KEYS) {
    const origin = given[key];
    if (origin === undefined || typeof origin === "string") continue;
    return `${key} is ${kindOf(origin)}, pass a string`;
  }
  return undefined;
}

function isTimeInput(time: unknown): time is RecordInput["time"] {
  return time === undefined || typeof time === "string" || typeof time === "number" ||
    time instanceof Date;
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}

function timeMsOf(time: RecordInput["time"]): number | undefined {
  if (time === undefined) return undefined;
  if (typeof time === "string") return parseTimeText(time);
  const timeMs = Number(time);
  return isTimeMs(timeMs) ? timeMs : undefined;
}
