import type { DeadLetterReason } from "./dead_letter.ts";
import { readable, RejectedError } from "../errors.ts";
import type { RejectedRecord } from "../sink/sink.ts";
import type { RetryGiveUp } from "./retry_schedule.ts";

/** Why a record is given up. */
export interface GivenUp {
  /** In a word. */
  readonly reason: DeadLetterReason;
  /** What the last attempt said. */
  readonly error: unknown;
}

const TOO_LARGE = 413;
/** A chain of causes may lead back to itself. */
const MAX_CAUSES = 8;

/** Why tries ended, with the error of the last one. */
export function reasonOfEnd({ reason }: RetryGiveUp, error: unknown): DeadLetterReason {
  if (reason === "max_elapsed") return "expired";
  return reason === "rejected" ? reasonOfRefusal(error) : reasonOfFailure(error);
}

/** Why, where a sink named a record that it can never take. */
export function givenUpOf({ reason, isTooLarge = false, error }: RejectedRecord): GivenUp {
  return {
    reason: isTooLarge ? "too_large" : reasonOfRefusal(readable(error)),
    // Nothing was thrown, so there is no place to tell of either.
    error: error ?? { name: RejectedError.name, message: reason },
  };
}

/** Why, as far as an error that was thrown tells it. */
export function reasonOfError(thrown: unknown): DeadLetterReason {
  const error = readable(thrown);
  return error instanceof RejectedError ? reasonOfRefusal(error) : reasonOfFailure(error);
}

function reasonOfRefusal(error: unknown): DeadLetterReason {
  const { isTooLarge, status } = (error ?? {}) as Partial<Record<string, unknown>>;
  return isTooLarge === true || status === TOO_LARGE ? "too_large" : "non_retryable";
}

function reasonOfFailure(error: unknown): DeadLetterReason {
  return isTimeout(error) ? "timeout" : "max_attempts";
}

/** The lane's own time limit, that of an `AbortSignal`, or one that a client of the network has. */
function isTimeout(error: unknown): boolean {
  try {
    return hasTimedOut(error);
  } catch {
    // A cause that cannot be read says nothing.
    return false;
  }
}

function hasTimedOut(error: unknown): boolean {
  let at = error as { name?: unknown; code?: unknown; cause?: unknown } | null | undefined;
  for (let depth = 0; depth <= MAX_CAUSES && typeof at === "object" && at !== null; depth++) {
    if (/TimeoutError$/.test(String(at.name)) || at.code === "ETIMEDOUT") return true;
    at = at.cause as typeof at;
  }
  return false;
}
