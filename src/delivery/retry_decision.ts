import { RejectedError, RetryLaterError } from "../errors.ts";
import { isBreakerRefusal } from "./circuit_breaker_errors.ts";

/**
 * What to do about an error:
 *
 * - `"retry"`: try again after the backoff
 * - `{ retryAfterMs }`: try again, but not before that time
 * - `"dead-letter"`: trying again would change nothing; give this call up
 * - `"park"`: nothing of the kind can work until somebody steps in, such as with wrong credentials
 * - `"refused"`, or `{ retryAfterMs, isRefused: true }`: the call never ran, as with an open circuit
 *   breaker; it spends no attempt
 */
export type RetryDecision = "retry" | "dead-letter" | "park" | "refused" | RetryAfter;

/** Try again, but not before a time. */
export interface RetryAfter {
  /** Milliseconds from now. */
  readonly retryAfterMs: number;
  /** Whether the call never ran, and so spends no attempt. @default {false} */
  readonly isRefused?: boolean;
}

/** An answer of an HTTP server, or an error that carries one. */
export interface HttpOutcome {
  /** The status code. */
  readonly status: number;
  /** What its `Retry-After` header said, in milliseconds; see `parseRetryAfter`. */
  readonly retryAfterMs?: number | undefined;
}

/** Which statuses mean what. */
export interface ClassifyStatusOptions {
  /** Somebody must step in before anything can work. @default {[401, 403, 407]} */
  readonly parkOn?: readonly number[];
  /** Try again, beside those below. @default {[]} */
  readonly retryOn?: readonly number[];
}

/** Unauthorized, Forbidden, Proxy Authentication Required. */
const PARKING: readonly number[] = [401, 403, 407];
/** Request Timeout, Too Early, Too Many Requests. */
const PASSING: readonly number[] = [408, 425, 429];
/** Not Implemented, HTTP Version Not Supported: no time changes that. */
const LASTING: readonly number[] = [501, 505];

/**
 * What an HTTP status of 400 or more means for another try; the HTTP sink follows the same table:
 *
 * | status | meaning |
 * | --- | --- |
 * | 401, 403, 407 | park: wrong credentials must not cost a record |
 * | 408, 425, 429 | try again, after `retryAfterMs` if there is one |
 * | 501, 505 | final: the server will not learn it |
 * | every other 5xx, such as 500, 502, 503, 504 | try again, after `retryAfterMs` if there is one |
 * | every other one, such as 400, 404, 413, 422 | final: it is the request's own fault |
 *
 * @example
 * ```ts
 * import { classifyStatus } from "@logflume/logflume/retry";
 *
 * console.assert(classifyStatus({ status: 503 }) === "retry");
 * console.assert(classifyStatus({ status: 413 }) === "dead-letter");
 * console.assert(classifyStatus({ status: 404 }, { parkOn: [401, 403, 404] }) === "park");
 * ```
 */
export function classifyStatus(
  outcome: HttpOutcome,
  options: ClassifyStatusOptions = {},
): RetryDecision {
  const { status, retryAfterMs } = outcome;
  if ((options.parkOn ?? PARKING).includes(status)) return "park";
  const mayPass = PASSING.includes(status) || (status >= 500 && !LASTING.includes(status));
  if (!mayPass && !options.retryOn?.includes(status)) return "dead-letter";
  return typeof retryAfterMs === "number" ? { retryAfterMs } : "retry";
}

/**
 * What an error means, if nobody says otherwise: the refusal of a circuit breaker spends no attempt, a
 * `RejectedError` is final, a `RetryLaterError` is tried again whatever its status, another error with an
 * HTTP `status` is as `classifyStatus` says, one with `retryAfterMs` waits for that long, and every other
 * one is tried again.
 *
 * @example
 * ```ts
 * import { classifyError } from "@logflume/logflume/retry";
 *
 * const error = Object.assign(new Error("Service Unavailable"), { status: 503 });
 * console.assert(classifyError(error) === "retry");
 * ```
 */
export function classifyError(error: unknown): RetryDecision {
  const { status, retryAfterMs } = (error ?? {}) as Partial<Record<string, unknown>>;
  const waitMs = typeof retryAfterMs === "number" ? retryAfterMs : undefined;
  if (isBreakerRefusal(error)) {
    return waitMs === undefined ? "refused" : { retryAfterMs: waitMs, isRefused: true };
  }
  if (error instanceof RejectedError) return "dead-letter";
  // Numbers below 400 are statuses of something else.
  const isStatus = typeof status === "number" && status >= 400 && status <= 599;
  if (isStatus && !(error instanceof RetryLaterError)) {
    return classifyStatus({ status, retryAfterMs: waitMs });
  }
  return waitMs === undefined ? "retry" : { retryAfterMs: waitMs };
}
