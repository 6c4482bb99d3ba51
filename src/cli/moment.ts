import { millisecondsOf } from "../config/quantity.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Milliseconds of a duration such as `10s` or `1h30m`, as in a configuration, but only 0 needs no unit: on
 * a command line a bare number is a record's, or a mistake. Undefined if it is no duration.
 */
export function durationOf(text: string): number | undefined {
  if (/^[\d.]+$/.test(text)) return Number(text) === 0 ? 0 : undefined;
  return millisecondsOf(text.replace(/(\d) ([a-z]+)$/, "$1$2"));
}

/**
 * Milliseconds of the duration that an option was given.
 *
 * @throws {UsageError} If it is no duration
 */
export function parseDuration(option: string, text: string): number {
  const value = durationOf(text);
  if (value !== undefined) return value;
  throw new UsageError(
    `"${option} ${text}" is not a duration: use a number and ms, s, m, h or d, for example ${option} 10s`,
  );
}

/**
 * Milliseconds since 1970 of a time such as `2026-01-31T12:00Z`, or of an age such as `15m`. Undefined if it
 * is neither.
 *
 * @param nowMs The time from which ages count
 */
export function momentOf(text: string, nowMs: number): number | undefined {
  const ageMs = durationOf(text);
  if (ageMs !== undefined) return nowMs - ageMs;
  const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
