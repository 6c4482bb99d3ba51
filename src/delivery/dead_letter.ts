import type { JsonObject } from "../record/json_value.ts";
import { type DeadLetterError, describeError } from "./dead_letter_error.ts";

/**
 * Why a record could not be delivered: all attempts were used up, the sink said that it can never be
 * delivered, it was too old or too large for the sink, or the last attempt took too long.
 */
export type DeadLetterReason =
  | "max_attempts"
  | "non_retryable"
  | "expired"
  | "too_large"
  | "timeout";

/** A record that could not be delivered, with what is known about why. */
export interface DeadLetter {
  /** `<log>/<lane>/<sequence number>`, for ever. */
  readonly id: string;
  /** The lane that gave up. */
  readonly lane: string;
  /** The record's sequence number in its log. */
  readonly seq: number;
  /** The record's own time, ISO 8601; missing if it tells none. */
  readonly firstSeen?: string;
  /** When the lane gave up for the first time, ISO 8601. */
  readonly firstFailed: string;
  /** When it failed last, ISO 8601. */
  readonly lastFailed: string;
  /** Attempts made in all. */
  readonly attempts: number;
  /** Replays that failed. */
  readonly replays: number;
  /** Why, the last time. */
  readonly reason: DeadLetterReason;
  /** What the last attempt said. */
  readonly error: DeadLetterError;
  /** What the program that added it wants to remember. */
  readonly metadata?: JsonObject;
  /** The record's line, as it was sent, without the LF. */
  readonly record: string;
}

/** A failure to add. One of an id that is held updates what is held. */
export interface DeadLetterFailure {
  /** `<log>/<lane>/<sequence number>`. */
  readonly id: string;
  /** The lane that gave up. */
  readonly lane: string;
  /** The record's sequence number in its log. */
  readonly seq: number;
  /** Why. */
  readonly reason: DeadLetterReason;
  /** What the last attempt threw, or said. */
  readonly error: unknown;
  /** Attempts made since the last time it was added. */
  readonly attempts: number;
  /** The record's line, without the LF. */
  readonly record: string;
  /** What to remember with it. */
  readonly metadata?: JsonObject;
}

/** The reasons, for those who read them from a file or a command line. */
export const DEAD_LETTER_REASONS: readonly DeadLetterReason[] = [
  "max_attempts",
  "non_retryable",
  "expired",
  "too_large",
  "timeout",
];

const TIME_OF_LINE = /^\{"time":"([^"\\]{1,40})"/;

/** A first failure as an entry. */
export function letterOf(failure: DeadLetterFailure, now: string): DeadLetter {
  const { id, lane, seq, reason, attempts, metadata, record } = failure;
  const firstSeen = TIME_OF_LINE.exec(record)?.[1];
  return {
    id,
    lane,
    seq,
    ...(firstSeen === undefined ? {} : { firstSeen }),
    firstFailed: now,
    lastFailed: now,
    attempts,
    replays: 0,
    reason,
    error: describeError(failure.error),
    ...(metadata === undefined ? {} : { metadata }),
    record,
  };
}

/** An entry after another failure: the first times stay, attempts add up. */
export function failedAgain(
  held: DeadLetter,
  failure: Pick<DeadLetterFailure, "reason" | "error" | "attempts" | "metadata">,
  now: string,
): DeadLetter {
  const { reason, error, attempts, metadata } = failure;
  return {
    ...held,
    lastFailed: now,
    attempts: held.attempts + attempts,
    reason,
    error: describeError(error),
    ...(metadata === undefined ? {} : { metadata: { ...held.metadata, ...metadata } }),
  };
}

/**
 * Two accounts of one entry, such as a held one and an imported one: the later failure counts, with the
 * earliest of the first times and the highest counts, so that the same import twice changes nothing.
 */
export function joined(held: DeadLetter, other: DeadLetter): DeadLetter {
  const later = Date.parse(other.lastFailed) > Date.parse(held.lastFailed) ? other : held;
  const earlier = Date.parse(other.firstFailed) < Date.parse(held.firstFailed) ? other : held;
  return {
    ...later,
    firstFailed: earlier.firstFailed,
    attempts: Math.max(held.attempts, other.attempts),
    replays: Math.max(held.replays, other.replays),
  };
}
