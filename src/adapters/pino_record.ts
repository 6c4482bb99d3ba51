import { setKey } from "../record/json_value.ts";
import { isLevel, type Level, LEVELS } from "../record/level.ts";
import type { RecordInput } from "../record/record.ts";
import { parseTime } from "../record/time.ts";
import { tracePlace } from "./origin.ts";

/** What a pino tells its destination about the lines it writes. */
export interface PinoConfig {
  /** The key of the message; `msg` unless pino's `messageKey` says otherwise. */
  readonly messageKey: string;
  /** The numbers of levels by their names, those of one's own among them. */
  readonly levelNumbers: Readonly<Record<string, number>>;
}

/** pino's own names and numbers. */
export const PINO_DEFAULTS: PinoConfig = {
  messageKey: "msg",
  levelNumbers: { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 },
};

type Mutable = { -readonly [K in keyof RecordInput]: RecordInput[K] };

/**
 * Makes a record of one line of pino's: level and time in our form, `name` as the logger, ids of a trace
 * in their places, every other key a field. A level of one's own counts as the next lower one of ours
 * and stays a field. What is no JSON object is a message as it is. Never throws.
 */
export function recordFromPino(line: string, config: PinoConfig): RecordInput {
  const parsed = parseObject(line);
  if (parsed === undefined) return { msg: line.endsWith("\n") ? line.slice(0, -1) : line };
  const record: Mutable = { msg: "" };
  const fields: Record<string, unknown> = {};
  let hasFields = false;
  for (const key of Object.keys(parsed)) {
    const value = parsed[key];
    if (takePlace(record, key, value, config)) continue;
    setKey(fields, key, value);
    hasFields = true;
  }
  if (hasFields) record.fields = fields;
  return record;
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}

/** Puts a value where a record has a place for it; false if it is to be a field. */
function takePlace(record: Mutable, key: string, value: unknown, config: PinoConfig): boolean {
  if (key === "level") return takeLevel(record, value, config);
  if (key === "time") {
    const timeMs = parseTime(value);
    if (timeMs === undefined) return false;
    record.time = timeMs;
    return true;
  }
  if (typeof value !== "string") return false;
  if (key === config.messageKey) record.msg = value;
  else if (key === "name") record.logger = value;
  else {
    const place = tracePlace(key, value);
    if (place === undefined) return false;
    record[place] = value;
  }
  return true;
}

/** False for a level that ours do not say everything of: its number or name stays a field. */
function takeLevel(record: Mutable, value: unknown, { levelNumbers }: PinoConfig): boolean {
  const own = typeof value === "string" && Object.hasOwn(levelNumbers, value);
  const number = own ? levelNumbers[value]! : value;
  const level = typeof number === "number" ? levelOfNumber(number) : undefined;
  if (isLevel(value)) record.level = value;
  else if (level !== undefined) record.level = level;
  return isLevel(value) || (level !== undefined && number === 10 * (LEVELS.indexOf(level) + 1));
}

/** The highest of our levels that is not above a number of pino's; `trace` for those below all. */
export function levelOfNumber(number: number): Level {
  return LEVELS[Math.min(Math.max(Math.floor(number / 10), 1), LEVELS.length) - 1] ?? "info";
}
