import { isTimeMs } from "../record/time.ts";

/**
 * Where a reader begins: at a sequence number (of an earlier run, if `run` says so), at the last `n`
 * records, at a time in milliseconds since 1970 (inclusive), at everything the ring keeps, or at the
 * next record.
 */
export type TailFrom =
  | { readonly seq: number; readonly run?: string }
  | { readonly last: number }
  | { readonly since: number }
  | "kept"
  | "live";

/**
 * Checks a place that came from a caller.
 *
 * @throws {TypeError} If it has none of the forms
 * @throws {RangeError} If its number is out of range
 */
export function assertFrom(from: TailFrom): void {
  if (from === "live" || from === "kept") return;
  if (typeof from !== "object" || from === null) throw unknownForm();
  if ("seq" in from) return assertSeq(from.seq, "seq");
  if ("last" in from) return assertCount(from.last, "last");
  if (!("since" in from)) throw unknownForm();
  if (typeof from.since !== "number" || !isTimeMs(from.since)) {
    throw new RangeError(
      `Invalid since ${from.since}: use milliseconds since 1970, in the years 0 to 9999`,
    );
  }
}

/**
 * Checks a sequence number.
 *
 * @throws {RangeError} If it is no safe integer
 */
export function assertSeq(value: number, name: string): void {
  if (Number.isSafeInteger(value)) return;
  throw new RangeError(`Invalid ${name} ${value} of a tail: use a sequence number, an integer`);
}

/**
 * Checks a number of records.
 *
 * @throws {RangeError} If it is neither an integer of at least 0 nor Infinity
 */
export function assertCount(value: number, name: string): void {
  if (value === Infinity || (Number.isSafeInteger(value) && value >= 0)) return;
  throw new RangeError(
    `Invalid ${name} ${value} of a tail: use an integer of at least 0, or Infinity`,
  );
}

function unknownForm(): TypeError {
  return new TypeError(
    'Invalid place in a tail: use "live", "kept", { seq }, { seq, run }, { last } or { since }',
  );
}
