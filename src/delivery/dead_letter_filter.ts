import type { DeadLetter, DeadLetterReason } from "./dead_letter.ts";

/** Which entries are meant: those that fit everything given. */
export interface DeadLetterFilter {
  /** Of this lane. */
  readonly lane?: string;
  /** With this reason. */
  readonly reason?: DeadLetterReason;
  /** First failed at this time or later, milliseconds since 1970. */
  readonly sinceMs?: number;
  /** First failed before this time, milliseconds since 1970. */
  readonly untilMs?: number;
  /** With this text in the record's line or in what the error says; upper and lower case differ. */
  readonly text?: string;
}

/** Which entries are listed. */
export interface DeadLetterListOptions extends DeadLetterFilter {
  /** At most so many. @default {Infinity} */
  readonly limit?: number;
  /** Only entries behind this one in the order of age: the last one of the page before. */
  readonly after?: Pick<DeadLetter, "id" | "seq" | "firstFailed">;
}

/** A test for a filter. */
export function letterTest(filter: DeadLetterFilter): (letter: DeadLetter) => boolean {
  const { lane, reason, sinceMs = -Infinity, untilMs = Infinity, text } = filter;
  return (letter) => {
    const failedMs = Date.parse(letter.firstFailed);
    return (lane === undefined || letter.lane === lane) &&
      (reason === undefined || letter.reason === reason) &&
      failedMs >= sinceMs && failedMs < untilMs &&
      (text === undefined || letter.record.includes(text) || letter.error.message.includes(text));
  };
}
