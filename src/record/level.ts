/** The severity of a record, lowest first. */
export type Level = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

/** All levels, lowest first; the index of a level is its rank. */
export const LEVELS: readonly Level[] = ["trace", "debug", "info", "warn", "error", "fatal"];

/** The rank of a level: 0 (`trace`) to 5 (`fatal`), so that levels compare as numbers. */
export const LEVEL_RANK: Readonly<Record<Level, number>> = {
  trace: 0,
  debug: 1,
  info: 2,
  warn: 3,
  error: 4,
  fatal: 5,
};

/** Tells whether a value is one of the six level names. */
export function isLevel(value: unknown): value is Level {
  return typeof value === "string" && Object.hasOwn(LEVEL_RANK, value);
}

/**
 * Throws a RangeError that names what is allowed, unless `value` is a level.
 *
 * @throws {RangeError} If `value` is not one of the six names
 */
export function assertLevel(value: unknown): asserts value is Level {
  if (isLevel(value)) return;
  throw new RangeError(`Unknown level "${String(value)}": use one of ${LEVELS.join(", ")}`);
}
