import type { SqliteValue } from "../../platform/sqlite.ts";
import { assertLevel, type Level, LEVEL_RANK } from "../../record/level.ts";

/** A value within a record's `fields`. */
export interface FieldCondition {
  /** Its keys, joined by dots, or one by one where a key holds a dot; a number is a place in an array. */
  readonly path: string | readonly (string | number)[];
  /** What it must be, of the same type. */
  readonly equals: string | number | boolean | null;
}

/** Which records: all that is given must hold. */
export interface LogConditions {
  /** Exactly this level. */
  readonly level?: Level;
  /** This level and those above. */
  readonly minLevel?: Level;
  /** From this time on: ISO string, milliseconds since 1970, or a Date. */
  readonly from?: string | number | Date;
  /** Up to this time, itself not included. */
  readonly to?: string | number | Date;
  /** The logger of this name and its children. */
  readonly logger?: string;
  /** Found within the message, ASCII letters in either case. */
  readonly text?: string;
  /** Found among the fields. */
  readonly field?: FieldCondition;
}

/** A part of a WHERE clause, and what is bound in it. */
export interface Condition {
  /** Fixed text with question marks. */
  readonly sql: string;
  /** The values for them. */
  readonly values: readonly SqliteValue[];
}

/**
 * Makes a WHERE clause. The text is put together from fixed parts; everything that a caller gives is bound.
 *
 * @throws {RangeError | TypeError} If a condition makes no sense
 */
export function conditionsOf(query: LogConditions): Condition[] {
  const found: Condition[] = [];
  const add = (sql: string, ...values: SqliteValue[]): void => void found.push({ sql, values });
  const { level, minLevel, from, to, logger, text, field } = query;
  if (level !== undefined) add("level = ?", rankOf(level));
  if (minLevel !== undefined) add("level >= ?", rankOf(minLevel));
  if (from !== undefined) add("time >= ?", timeOf("from", from));
  if (to !== undefined) add("time < ?", timeOf("to", to));
  if (logger !== undefined) {
    add("(logger = ? OR substr(logger, 1, ?) = ?)", logger, logger.length + 1, `${logger}.`);
  }
  if (text !== undefined) add("msg LIKE ? ESCAPE '\\'", `%${escapeLike(text)}%`);
  if (field !== undefined) found.push(fieldCondition(field));
  return found;
}

function rankOf(level: Level): number {
  assertLevel(level);
  return LEVEL_RANK[level];
}

function timeOf(name: string, time: string | number | Date): number {
  const ms = typeof time === "string" ? Date.parse(time) : Number(time);
  if (Number.isFinite(ms)) return ms;
  throw new RangeError(
    `Cannot use ${name} "${time}": allowed are ISO 8601, milliseconds since 1970, or a Date`,
  );
}

/** `%`, `_` and the escape itself stand for themselves. */
function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}

function fieldCondition({ path, equals }: FieldCondition): Condition {
  const json = jsonPath(path);
  const type = "json_type(line, ?)";
  const value = "json_extract(line, ?) = ?";
  switch (typeof equals) {
    case "string":
      return { sql: `(${type} = 'text' AND ${value})`, values: [json, json, equals] };
    case "number":
      return { sql: `(${type} IN ('integer', 'real') AND ${value})`, values: [json, json, equals] };
    default:
      return { sql: `${type} = ?`, values: [json, String(equals)] };
  }
}

/** A path as SQLite's JSON functions read it, below `fields`. */
function jsonPath(path: FieldCondition["path"]): string {
  const keys = typeof path === "string" ? path.split(".") : path;
  if (keys.length === 0) {
    throw new TypeError("Cannot look for a field without a path: give its keys");
  }
  return "$.fields" + keys.map(pathStep).join("");
}

function pathStep(key: string | number): string {
  if (typeof key === "number") {
    if (Number.isSafeInteger(key) && key >= 0) return `[${key}]`;
    throw new RangeError(
      `Cannot use ${key} as a place in an array: allowed are whole numbers from 0`,
    );
  }
  if (key !== "" && JSON.stringify(key) === `"${key}"`) return `."${key}"`;
  throw new RangeError(
    `Cannot look for the field ${JSON.stringify(key)}: allowed are keys without quotes, ` +
      `backslashes and control characters, not empty`,
  );
}
