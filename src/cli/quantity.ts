import { UsageError } from "./usage_error.ts";

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KIB: 1_024,
  MIB: 1_024 ** 2,
  GIB: 1_024 ** 3,
};

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A number and its unit, as people write them: `64MiB`, `1.5 GB`, `10s`. */
const QUANTITY = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/;

/** Bytes of a size such as `64MiB`; a number without a unit is bytes. Undefined if it is no size. */
export function sizeOf(text: string): number | undefined {
  const [, number, unit = ""] = QUANTITY.exec(text) ?? [];
  const factor = unit === "" ? 1 : BYTES[unit.toUpperCase()];
  if (number === undefined || factor === undefined) return undefined;
  return Math.round(Number(number) * factor);
}

/** Milliseconds of a duration such as `10s`; only 0 needs no unit. Undefined if it is no duration. */
export function durationOf(text: string): number | undefined {
  const [, number, unit = ""] = QUANTITY.exec(text) ?? [];
  if (number === undefined) return undefined;
  if (unit === "") return Number(number) === 0 ? 0 : undefined;
  const factor = MILLISECONDS[unit];
  return factor === undefined ? undefined : Math.round(Number(number) * factor);
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
