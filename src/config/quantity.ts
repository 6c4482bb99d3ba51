const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  TB: 1_000_000_000_000,
  KIB: 1_024,
  MIB: 1_024 ** 2,
  GIB: 1_024 ** 3,
  TIB: 1_024 ** 4,
};

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A number and its unit. The lengths are bounded, so that no text takes long to look at. */
const SIZE = /^(\d{1,15}(?:\.\d{1,6})?) ?((?:(?:[KMGT]I?)?B)?)$/i;
const DURATION = /^(?:\d{1,15}(?:\.\d{1,6})?(?:ms|s|m|h|d)){1,5}$/;

/** What {@linkcode bytesOf} reads as text, for a JSON Schema: its patterns know no flags. */
export const SIZE_PATTERN = "^\\d{1,15}(\\.\\d{1,6})? ?(([KMGTkmgt][Ii]?)?[Bb])?$";
/** What {@linkcode millisecondsOf} reads as text, for a JSON Schema. */
export const DURATION_PATTERN = "^(\\d{1,15}|(\\d{1,15}(\\.\\d{1,6})?(ms|s|m|h|d)){1,5})$";

const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/** Bytes of a size such as `64MiB`; a number without a unit is bytes. Undefined if it is none. */
export function bytesOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const [, number, unit = ""] = typeof value === "string" ? SIZE.exec(value) ?? [] : [];
  const factor = unit === "" ? 1 : BYTES[unit.toUpperCase()]!;
  return number === undefined ? undefined : Math.round(Number(number) * factor);
}

/**
 * Milliseconds of a duration such as `500ms`, `24h` or `1h30m`; a number without a unit is milliseconds.
 * Undefined if it is none.
 */
export function millisecondsOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  if (!DURATION.test(value)) return undefined;
  let sum = 0;
  for (const [, number, unit = ""] of value.matchAll(DURATION_PART)) {
    sum += Number(number) * (MILLISECONDS[unit] ?? NaN);
  }
  return Math.round(sum);
}
