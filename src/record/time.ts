/** 0000-01-01T00:00:00.000Z: before it, ISO 8601 needs a sign and six digits. */
const EARLIEST_MS = -62_167_219_200_000;

/** 9999-12-31T23:59:59.999Z. */
const LATEST_MS = 253_402_300_799_999;

/** Below this, a number is taken for seconds: as milliseconds it would be before March 1973. */
const SECONDS_BELOW = 1e11;

/** Tells whether a number of milliseconds since 1970 lies in the years 0 to 9999. */
export function isTimeMs(timeMs: number): boolean {
  return timeMs >= EARLIEST_MS && timeMs <= LATEST_MS;
}

/**
 * Writes milliseconds since 1970 as ISO 8601 in UTC, always 24 characters. What lies outside the years
 * 0 to 9999 is written as the start of 1970.
 */
export function isoTime(timeMs: number): string {
  return new Date(isTimeMs(timeMs) ? timeMs : 0).toISOString();
}

/**
 * Gives an {@linkcode isoTime} that remembers its last answer: records come many in a millisecond, and
 * to write a date takes V8 as long as to encode a record.
 */
export function createStamps(): (timeMs: number) => string {
  let lastMs = NaN;
  let stamp = "";
  return (timeMs) => {
    if (timeMs === lastMs) return stamp;
    stamp = isoTime(timeMs);
    lastMs = timeMs;
    return stamp;
  };
}

/** Reads a text that holds a date; `undefined` if it holds none. */
export function parseTimeText(text: string): number | undefined {
  // Date.parse alone takes "1500" for a year and skips words: ask for a date or a time of day.
  if (!/^\d{4}-\d\d|\d\d:\d\d/.test(text)) return undefined;
  const timeMs = Date.parse(text);
  return isTimeMs(timeMs) ? timeMs : undefined;
}

/** Reads a time as other loggers write it, a text or a number; `undefined` if it is none. */
export function parseTime(value: unknown): number | undefined {
  if (typeof value === "number") return parseTimeNumber(value);
  return typeof value === "string" ? parseTimeText(value) : undefined;
}

/** Reads a number that is either seconds or milliseconds since 1970; `undefined` if it is neither. */
function parseTimeNumber(value: number): number | undefined {
  const timeMs = value < SECONDS_BELOW ? value * 1000 : value;
  return timeMs >= 0 && isTimeMs(timeMs) ? timeMs : undefined;
}
