/**
 * The few errors that callers catch. Wrong arguments are `TypeError` or `RangeError`; these are
 * conditions that can happen to a correct program.
 */

/** No room in the buffer within the time the caller gave; the record was not accepted. */
export class BufferFullError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "BufferFullError";
}

/** The pipeline does not take records: it is stopped or closed, or its store has failed. */
export class NotAcceptedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "NotAcceptedError";
  /** Why the record was refused. */
  readonly reason: string;
  /** Says what was refused, and why in one word. */
  constructor(message: string, reason: string) {
    super(message);
    this.reason = reason;
  }
}

/** Another process holds the store; the message names it and the way out. */
export class StoreLockedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "StoreLockedError";
}

/** The store cannot write or sync any more; durable records stay readable. */
export class StoreFailedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "StoreFailedError";
}

/** The log holds bytes that are not what was written, at `file`, from `offset` to `end`. */
export class DamagedLogError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "DamagedLogError";
  /** The damaged segment. */
  readonly file: string;
  /** First damaged byte. */
  readonly offset: number;
  /** First byte after the damage. */
  readonly end: number;
  /** Says what is damaged, and where. */
  constructor(message: string, where: { file: string; offset: number; end: number }) {
    super(message);
    this.file = where.file;
    this.offset = where.offset;
    this.end = where.end;
  }
}

/** What a sink knows about a rejection beside its words. */
export interface RejectedErrorOptions extends ErrorOptions {
  /** Whether the batch is too large, so that a part of it may well be taken. @default {false} */
  readonly isTooLarge?: boolean;
  /** The status that an HTTP server answered. */
  readonly status?: number;
}

/**
 * Thrown by a sink to say that a batch can never be delivered (a 400, a record too large): it goes to
 * the dead letters without further attempts.
 */
export class RejectedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "RejectedError";
  /** Whether the batch is too large, so that a part of it may well be taken. */
  readonly isTooLarge: boolean;
  /** The status that an HTTP server answered, where there was one. */
  readonly status: number | undefined;
  /** Says what is wrong with the records. */
  constructor(message: string, options: RejectedErrorOptions = {}) {
    super(message, options);
    this.isTooLarge = options.isTooLarge ?? false;
    this.status = options.status;
  }
}

/** What a sink knows about a failure that will pass, beside its words. */
export interface RetryLaterErrorOptions extends ErrorOptions {
  /** Milliseconds to wait at least; `undefined` leaves it to the backoff. */
  readonly retryAfterMs?: number | undefined;
  /** The status that an HTTP server answered. It decides nothing: the batch is sent again. */
  readonly status?: number | undefined;
}

/** Thrown by a sink to be asked again, and not before a time that its destination has named. */
export class RetryLaterError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "RetryLaterError";
  /** Milliseconds to wait at least; `undefined` leaves it to the backoff. */
  readonly retryAfterMs: number | undefined;
  /** The status that an HTTP server answered, where there was one. */
  readonly status: number | undefined;
  /** Says what failed. */
  constructor(message: string, options: RetryLaterErrorOptions = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
  }
}

/**
 * Thrown by a sink whose destination takes nothing until somebody steps in (wrong credentials, an address
 * that has moved): its lane is parked and tells, and its records stay pending.
 */
export class SinkParkedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "SinkParkedError";
  /** No time makes it pass: longer than any wait that is allowed. */
  readonly retryAfterMs: number = Infinity;
}

/**
 * Thrown by a sink whose destination is gone for good (a closed pipe): the lane stops, and what is
 * pending stays in the log.
 */
export class SinkClosedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "SinkClosedError";
  /** Whether this is an ordinary end, such as that of `| head`, which needs no word. */
  readonly isExpected: boolean;
  /** Says what is gone. */
  constructor(message: string, options: ErrorOptions & { isExpected?: boolean } = {}) {
    super(message, options);
    this.isExpected = options.isExpected ?? false;
  }
}

/** The system's code for what went wrong (`ENOSPC`), or an empty string. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? "");
}

/** What an error says in one line, whatever was thrown: even what cannot be read says so. Never throws. */
export function messageOf(error: unknown): string {
  try {
    const { message } = (error ?? {}) as { message?: unknown };
    return typeof message === "string" ? message : String(error);
  } catch {
    return "What was thrown cannot be read";
  }
}

/** What is looked at to tell what an error means. */
const LOOKED_AT = ["name", "message", "code", "status", "retryAfterMs", "isTooLarge", "cause"];

/**
 * What was thrown, or an error in its place if a look at it throws, as at a revoked proxy: whoever handles
 * failures must not fail over one.
 */
export function readable(error: unknown): unknown {
  try {
    const looked: object = Object(error);
    Object.getPrototypeOf(looked);
    for (const key of LOOKED_AT) Reflect.get(looked, key);
    return error;
  } catch {
    return new Error(messageOf(error));
  }
}
