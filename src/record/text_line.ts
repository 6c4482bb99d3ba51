import { setKey } from "./json_value.ts";
import { isLevel, type Level, LEVELS } from "./level.ts";
import type { LogRecord } from "./record.ts";
import { isoTime, parseTime } from "./time.ts";

/** Names of levels that other loggers use, in lower case. */
const LEVEL_ALIASES: ReadonlyMap<string, Level> = new Map<string, Level>([
  ["silly", "trace"],
  ["finest", "trace"],
  ["verbose", "debug"],
  ["dbg", "debug"],
  ["fine", "debug"],
  ["information", "info"],
  ["informational", "info"],
  ["notice", "info"],
  ["log", "info"],
  ["warning", "warn"],
  ["err", "error"],
  ["severe", "error"],
  ["critical", "fatal"],
  ["crit", "fatal"],
  ["alert", "fatal"],
  ["emergency", "fatal"],
  ["emerg", "fatal"],
  ["panic", "fatal"],
]);

/** Where other loggers keep the time, most exact first. */
const TIME_KEYS: readonly string[] = ["time", "timestamp", "@timestamp", "ts"];

const ORIGIN_KEYS = ["logger", "traceId", "spanId"] as const;

/** An object from `JSON.parse`: own data properties only. */
type Parsed = Record<string, unknown>;

/**
 * Tells whether a line may be a JSON object. If not, the whole line is the message, and a caller may skip
 * {@linkcode recordFromText}.
 */
export function mayBeRecord(line: string): boolean {
  const first = line.charCodeAt(0);
  if (first === 123) return true;
  return (first === 32 || first === 9) && line.trimStart().charCodeAt(0) === 123;
}

/**
 * Makes a record of one line of a log, given without its end. The message is exactly the line, unless the
 * line is a JSON object with a string `msg` or `message`: such a line keeps its own message, level
 * (a name in any case, or a pino number), time (`time`, `timestamp`, `@timestamp` or `ts`), `logger`,
 * `traceId` and `spanId`; its other keys, and a level or a time that is not understood, become fields.
 * Never throws.
 */
export function recordFromText(line: string, nowMs: number): LogRecord {
  const parsed = mayBeRecord(line) ? parseObject(line) : undefined;
  const key = parsed === undefined ? undefined : messageKey(parsed);
  if (parsed === undefined || key === undefined) {
    return { time: isoTime(nowMs), level: "info", msg: line };
  }
  return recordFromObject(parsed, key, nowMs);
}

function parseObject(line: string): Parsed | undefined {
  try {
    return JSON.parse(line) as Parsed;
  } catch {
    return undefined;
  }
}

function messageKey(parsed: Parsed): string | undefined {
  return ["msg", "message"].find((key) => typeof parsed[key] === "string");
}

function recordFromObject(parsed: Parsed, msgKey: string, nowMs: number): LogRecord {
  const taken = new Set([msgKey]);
  const level = levelOf(parsed.level);
  if (level !== undefined) taken.add("level");
  const timeKey = TIME_KEYS.find((key) => parseTime(parsed[key]) !== undefined);
  if (timeKey !== undefined) taken.add(timeKey);
  const origin: { -readonly [K in (typeof ORIGIN_KEYS)[number]]?: string } = {};
  for (const key of ORIGIN_KEYS) {
    const value = parsed[key];
    if (typeof value !== "string") continue;
    origin[key] = value;
    taken.add(key);
  }
  const fields = fieldsOf(parsed, taken);
  return {
    time: isoTime((timeKey === undefined ? undefined : parseTime(parsed[timeKey])) ?? nowMs),
    level: level ?? "info",
    msg: parsed[msgKey] as string,
    ...origin,
    ...(fields !== undefined ? { fields } : {}),
  };
}

/** Every key that has no place of its own. An object `fields` is opened unless names would collide. */
function fieldsOf(parsed: Parsed, taken: ReadonlySet<string>): Parsed | undefined {
  const inner = parsed.fields;
  const opens = isObject(inner) &&
    Object.keys(inner).every((key) =>
      key === "fields" || taken.has(key) || !Object.hasOwn(parsed, key)
    );
  const fields: Parsed = {};
  if (opens) copyKeys(inner, fields, new Set());
  copyKeys(parsed, fields, opens ? new Set([...taken, "fields"]) : taken);
  return Object.keys(fields).length === 0 ? undefined : fields;
}

function copyKeys(from: Parsed, into: Parsed, except: ReadonlySet<string>): void {
  for (const key of Object.keys(from)) if (!except.has(key)) setKey(into, key, from[key]);
}

function isObject(value: unknown): value is Parsed {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function levelOf(value: unknown): Level | undefined {
  if (typeof value === "number") {
    // pino and bunyan: 10 is trace, 60 is fatal; a level of one's own between two counts as the lower.
    return value >= 10 && value <= 60 ? LEVELS[Math.floor(value / 10) - 1] : undefined;
  }
  if (typeof value !== "string") return undefined;
  const name = value.toLowerCase();
  return isLevel(name) ? name : LEVEL_ALIASES.get(name);
}
