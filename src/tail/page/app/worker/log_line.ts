import type { WireRecord } from "../wire.ts";

/** A line longer than this is kept without its end: the page is for looking, the log keeps it whole. */
const MAX_LINE = 64 * 1024;

/** What the page reads of a line. */
export interface LogLine {
  /** Unix time in milliseconds; NaN if there is none. */
  readonly time: number;
  readonly msg: string;
  readonly logger: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Values that stand beside the message: `traceId`, `spanId`. */
  readonly ids: Readonly<Record<string, string>>;
  /** Bytes of the whole record when it was cut; 0 otherwise. */
  readonly wholeBytes: number;
}

/** The text under which a record of a message is kept. */
export function lineOf(record: WireRecord | string): string {
  const line = typeof record === "string" ? record : JSON.stringify(record);
  if (line.length <= MAX_LINE) return line;
  return typeof record === "string" ? cutText(line) : cutRecord(record, line);
}

function cutText(line: string): string {
  const truncated = new TextEncoder().encode(line).length;
  return JSON.stringify({ msg: line.slice(0, MAX_LINE / 2), truncated });
}

function cutRecord({ time, level, logger, msg, truncated }: WireRecord, line: string): string {
  return JSON.stringify({
    time,
    level,
    logger,
    msg: String(msg).slice(0, MAX_LINE / 2),
    truncated: truncated ?? new TextEncoder().encode(line).length,
  });
}

/** Reads a line: the JSON of a record, or any text, which is then the message. */
export function readLine(line: string): LogLine {
  const record = line.startsWith("{") ? parseRecord(line) : undefined;
  if (record === undefined) return { ...PLAIN, msg: line };
  const { time, msg, logger, fields, traceId, spanId, truncated } = record;
  const ids: Record<string, string> = {};
  if (typeof traceId === "string") ids.traceId = traceId;
  if (typeof spanId === "string") ids.spanId = spanId;
  return {
    time: timeMs(time),
    msg: String(msg),
    logger: typeof logger === "string" ? logger : "",
    fields: typeof fields === "object" && fields !== null ? fields as LogLine["fields"] : {},
    ids,
    wholeBytes: typeof truncated === "number" ? truncated : 0,
  };
}

/** A record's time in milliseconds since 1970; NaN if it has none. */
export function timeMs(time: unknown): number {
  return typeof time === "string" ? Date.parse(time) : NaN;
}

const PLAIN: LogLine = { time: NaN, msg: "", logger: "", fields: {}, ids: {}, wholeBytes: 0 };

function parseRecord(line: string): WireRecord | undefined {
  try {
    const value = JSON.parse(line) as WireRecord;
    return value.msg === undefined ? undefined : value;
  } catch {
    return undefined;
  }
}

/** A field's value as it stands in a row: words as they are, all else as JSON. */
export function fieldText(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value) ?? "null";
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/** What find looks through: logger, message and fields as the row shows them. */
export function searchText({ logger, msg, fields }: LogLine): string {
  const parts = [logger, msg];
  for (const key in fields) parts.push(`${key}=${fieldText(fields[key])}`);
  return parts.join(" ");
}

/** The line as text for people: time, level, logger, message and fields. */
export function plainText(line: string, level: string): string {
  const { time, logger, msg, fields } = readLine(line);
  const parts = [
    Number.isNaN(time) ? "" : new Date(time).toISOString(),
    level.toUpperCase().padEnd(5),
    logger,
    msg,
  ];
  for (const key in fields) parts.push(`${key}=${fieldText(fields[key])}`);
  return parts.filter((part) => part !== "").join(" ");
}
