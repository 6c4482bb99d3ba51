import { isTimeMs } from "../record/time.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const AGE = /^(\d+(?:\.\d+)?)(ms|[smhd])$/;
const TIME = /^\d{4}-\d\d-\d\d(?:(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[-+]\d\d:\d\d)?)?$/;

/**
 * Milliseconds since 1970 of an age before `now` or of a time; undefined if it is neither. A time without
 * zone is UTC, as in the log, so that a query means the same to whoever reads it.
 */
export function sinceMs(text: string, now: number): number | undefined {
  const [, number, unit = ""] = AGE.exec(text) ?? [];
  const ms = number === undefined
    ? timeMs(text)
    : Math.round(now - Number(number) * UNIT_MS[unit]!);
  return ms !== undefined && isTimeMs(ms) ? ms : undefined;
}

function timeMs(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, clock, zone] = match;
  return Date.parse(clock !== undefined && zone === undefined ? `${text}Z` : text);
}
