import { DEAD_LETTER_REASONS, type DeadLetter, type DeadLetterReason } from "./dead_letter.ts";

/** What a line of the log under the dead letters tells: an entry as it is now, or ids that are gone. */
export type LetterEvent =
  | { readonly kind: "put"; readonly letter: DeadLetter }
  | { readonly kind: "removed"; readonly ids: readonly string[] };

/** Ids in one line; more take several. */
const IDS_PER_LINE = 500;
const TIME = /^\d{4}-\d\d-\d\dT/;

/** The line of an entry, ended by LF. */
export function putLine(letter: DeadLetter): string {
  return JSON.stringify(letter) + "\n";
}

/** The lines that say that entries are gone, each ended by LF. */
export function removedLines(ids: readonly string[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < ids.length; at += IDS_PER_LINE) {
    lines.push(JSON.stringify({ removed: ids.slice(at, at + IDS_PER_LINE) }) + "\n");
  }
  return lines;
}

/** What a line of the log tells; undefined if it is none of ours. */
export function eventOf(line: string): LetterEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const { removed } = value as { removed?: unknown };
    if (Array.isArray(removed)) {
      return { kind: "removed", ids: removed.filter((id) => typeof id === "string") };
    }
    return { kind: "put", letter: readLetter(value) };
  } catch {
    return undefined;
  }
}

/**
 * Reads an entry from JSON. Those of version 0.1, which had one time, an error as text and the reason
 * `rejected`, are read as what they mean now.
 *
 * @throws {TypeError} If a part of it is missing or of the wrong kind
 */
export function readLetter(value: unknown): DeadLetter {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError("it is no JSON object");
  }
  const given = value as Readonly<Record<string, unknown>>;
  const { time, ...rest } = given;
  const whole = {
    ...rest,
    firstFailed: given.firstFailed ?? time,
    lastFailed: given.lastFailed ?? time,
    replays: given.replays ?? 0,
    reason: given.reason === "rejected" ? "non_retryable" : given.reason,
    error: typeof given.error === "string" ? { name: "Error", message: given.error } : given.error,
  };
  assertLetter(whole);
  return whole;
}

type Parts = Readonly<Record<string, unknown>>;

function assertLetter(value: Parts): asserts value is Parts & DeadLetter {
  for (const [name, isRight, wanted] of RULES) {
    if (!isRight(value[name])) throw new TypeError(`its "${name}" is not ${wanted}`);
  }
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isTime = (value: unknown): boolean =>
  typeof value === "string" && TIME.test(value) && !Number.isNaN(Date.parse(value));
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): boolean =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isError = (value: unknown): boolean =>
  isObject(value) && typeof (value as Parts).name === "string" &&
  typeof (value as Parts).message === "string" &&
  ((value as Parts).cause === undefined || isError((value as Parts).cause));

const RULES: readonly (readonly [keyof DeadLetter, (value: unknown) => boolean, string])[] = [
  ["id", isText, "a text"],
  ["lane", isText, "a text"],
  ["seq", isCount, "a whole number"],
  ["firstSeen", (value) => value === undefined || typeof value === "string", "a text"],
  ["firstFailed", isTime, "a time such as 2026-01-31T12:00:00.000Z"],
  ["lastFailed", isTime, "a time such as 2026-01-31T12:00:00.000Z"],
  ["attempts", isCount, "a whole number"],
  ["replays", isCount, "a whole number"],
  ["reason", isReason, `one of ${DEAD_LETTER_REASONS.join(", ")}`],
  ["error", isError, "an object with name and message, as is its cause"],
  ["metadata", (value) => value === undefined || isObject(value), "an object"],
  ["record", (value) => isText(value) && !(value as string).includes("\n"), "one line of text"],
];

/** Whether a text is a reason. */
export function isReason(value: unknown): value is DeadLetterReason {
  return DEAD_LETTER_REASONS.some((reason) => reason === value);
}
