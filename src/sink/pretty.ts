import type { Level } from "../record/level.ts";
import type { LogRecord } from "../record/record.ts";

/** How records are shown to people. */
export interface PrettyOptions {
  /** Whether to use the terminal's colours. */
  readonly color: boolean;
}

const RESET = "\x1b[0m";
const DIM = "\x1b[2m";
const LEVEL_COLORS: Readonly<Record<Level, string>> = {
  trace: "\x1b[90m",
  debug: "\x1b[36m",
  info: "\x1b[32m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
  fatal: "\x1b[1;97;41m",
};

/** A chain of causes that goes on for longer than this is cut: it may lead back to itself. */
const MAX_CAUSES = 8;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Controls (C0, DEL, C1), line separators and the characters that turn the direction of writing: what
 * a log line could use to repaint or to fake what a terminal shows.
 */
const UNSAFE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

interface ErrorShape {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
}

/**
 * A record as lines for people: `HH:MM:SS.mmm LEVEL logger msg key=value ...` in UTC, then the stacks
 * of errors, indented. Ends with LF. Control characters are made visible, so that no record can
 * command the terminal.
 */
export function prettyRecord(record: LogRecord, { color }: PrettyOptions): string {
  const paint = (code: string, text: string) => color ? code + text + RESET : text;
  const parts = [
    paint(DIM, visible(record.time.slice(11, 23))),
    paint(LEVEL_COLORS[record.level] ?? "", record.level.toUpperCase().padEnd(5)),
  ];
  if (record.logger !== undefined) parts.push(paint(DIM, visible(record.logger)));
  parts.push(visible(record.msg));
  const stacks: string[] = [];
  for (const [key, value] of Object.entries(record.fields ?? {})) {
    parts.push(paint(DIM, `${visible(key)}=`) + shortValue(value));
    if (isErrorShape(value)) stacks.push(...stackLines(value));
  }
  const first = parts.join(" ");
  return stacks.length === 0 ? `${first}\n` : `${first}\n${stacks.join("\n")}\n`;
}

/** Text with every character that could steer a terminal written out as an escape. */
export function visible(text: string): string {
  return text.replace(UNSAFE, escapeOf);
}

function escapeOf(char: string): string {
  const code = char.charCodeAt(0).toString(16);
  return SHORT_ESCAPES[char] ?? (code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, "0")}`);
}

function shortValue(value: unknown): string {
  if (typeof value === "string") {
    return visible(value === "" || /[\s="]/.test(value) ? JSON.stringify(value) : value);
  }
  if (isErrorShape(value)) return visible(JSON.stringify(headline(value)));
  return visible(JSON.stringify(value) ?? "undefined");
}

function isErrorShape(value: unknown): value is ErrorShape {
  return typeof value === "object" && value !== null &&
    typeof (value as ErrorShape).stack === "string";
}

function headline(error: ErrorShape): string {
  const message = String(error.message ?? "");
  return error.name === undefined ? message : `${String(error.name)}: ${message}`;
}

function stackLines(error: ErrorShape): string[] {
  const lines: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && isErrorShape(current); depth++) {
    const [first = "", ...frames] = String(current.stack).split("\n").map((line) => line.trim());
    lines.push(`    ${depth === 0 ? "" : "caused by "}${visible(first)}`);
    for (const frame of frames) lines.push(`      ${visible(frame)}`);
    current = current.cause;
  }
  return lines;
}
