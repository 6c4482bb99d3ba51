/**
 * Moments as people write them: a time of day, a date, an ISO time, an age.
 *
 * @module
 */

/** How a moment is read. */
export interface MomentReading {
  readonly zone: "local" | "utc";
  /** The present, in milliseconds since 1970: ages count back from it. */
  readonly now: number;
  /** The newest row's time: a time of day is the last one up to it. */
  readonly newest: number;
}

/** A moment in milliseconds since 1970, or one sentence about what is wrong. */
export type Moment =
  | { readonly ok: true; readonly time: number }
  | { readonly ok: false; readonly problem: string };

const DAY_MS = 86_400_000;
/** A time of day so little after the newest row is one that is about to come, not yesterday's. */
const SOON_MS = 5 * 60_000;
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: DAY_MS,
};

const AGE = /^-?\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)(?:\s+ago)?$/i;
const TIME =
  /^(?:(\d{4})-(\d\d?)-(\d\d?))?(?:(?:^|[ T]\s*)(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|UTC|[-+]\d\d:?\d\d)?)?$/i;

/** Reads a moment. A time without a zone is of the zone in which the page tells times. */
export function parseMoment(input: string, reading: MomentReading): Moment {
  const text = input.trim();
  if (text === "") return wrong("Write a time, such as 14:32 or -15m");
  const [, number, unit = ""] = AGE.exec(text) ?? [];
  if (number !== undefined) {
    return inRange(Math.round(reading.now - Number(number) * UNIT_MS[unit.toLowerCase()]!));
  }
  const match = TIME.exec(text);
  if (match === null) {
    return wrong(`“${shorten(text)}” is no time: write 14:32, 2026-11-21 14:32:05 or -15m`);
  }
  return momentOf(match, reading);
}

interface Parts {
  readonly day: readonly [year: number, month: number, day: number] | undefined;
  /** Milliseconds since midnight. */
  readonly clockMs: number;
  readonly zone: string | undefined;
}

function momentOf(match: RegExpExecArray, reading: MomentReading): Moment {
  const [, year, month, day, hour = "0", minute = "0", second = "0", part = "", zone] = match;
  const [h, m, s] = [hour, minute, second].map(Number) as [number, number, number];
  if (h > 23 || m > 59 || s > 59) {
    return wrong("A time of day goes from 00:00 to 23:59:59");
  }
  const clockMs = ((h * 60 + m) * 60 + s) * 1_000 + Number(part.padEnd(3, "0").slice(0, 3));
  if (year === undefined) return inRange(lastTimeOfDay({ day: undefined, clockMs, zone }, reading));
  const date = [Number(year), Number(month), Number(day)] as const;
  if (!isDate(...date)) return wrong(`There is no ${year}-${month}-${day} in the calendar`);
  return inRange(timeOf({ day: date, clockMs, zone }, reading, 0));
}

/** The last such time of day that is not after the newest row. */
function lastTimeOfDay(parts: Parts, reading: MomentReading): number {
  const time = timeOf(parts, reading, 0);
  return time <= reading.newest + SOON_MS ? time : timeOf(parts, reading, -1);
}

/** The moment, some days off; without a date of the newest row's day, in the zone that counts. */
function timeOf({ day, clockMs, zone }: Parts, reading: MomentReading, days: number): number {
  const shiftMs = zone === undefined ? reading.zone === "utc" ? 0 : undefined : zoneMs(zone);
  if (shiftMs !== undefined) {
    const midnight = day === undefined
      ? Math.floor((reading.newest + shiftMs) / DAY_MS) * DAY_MS
      : utcMidnight(...day);
    return midnight + days * DAY_MS + clockMs - shiftMs;
  }
  const date = new Date(reading.newest);
  if (day !== undefined) date.setFullYear(day[0], day[1] - 1, day[2]);
  // By its fields, since a day on which clocks are set is not 24 hours long.
  if (days !== 0) date.setDate(date.getDate() + days);
  date.setHours(0, 0, 0, 0);
  date.setHours(0, 0, Math.floor(clockMs / 1_000), clockMs % 1_000);
  return date.getTime();
}

function zoneMs(zone: string): number {
  if (/^(Z|UTC)$/i.test(zone)) return 0;
  const [, sign, hours, minutes] = /^([-+])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function utcMidnight(year: number, month: number, day: number): number {
  // The constructor takes the years 0 to 99 for those of a century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime();
}

function isDate(year: number, month: number, day: number): boolean {
  const date = new Date(utcMidnight(year, month, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function inRange(time: number): Moment {
  return time >= 0
    ? { ok: true, time }
    : wrong("Nothing was logged before 1970: write a later time");
}

function wrong(problem: string): Moment {
  return { ok: false, problem };
}

function shorten(text: string): string {
  return text.length <= 24 ? text : `${text.slice(0, 24)}…`;
}
