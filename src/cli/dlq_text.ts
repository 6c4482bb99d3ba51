import type { DeadLetter } from "../delivery/dead_letter.ts";
import type { DeadLetterError } from "../delivery/dead_letter_error.ts";
import { putLine } from "../delivery/dead_letter_form.ts";
import { utf8Length } from "../record/utf8.ts";
import { bytesText, type Column, type Marks, plain, table } from "./wal_text.ts";

const COLUMNS: readonly Column[] = [
  { title: "ID", isNumber: false },
  { title: "FIRST FAILED", isNumber: false },
  { title: "REASON", isNumber: false },
  { title: "ATTEMPTS", isNumber: true },
  { title: "REPLAYS", isNumber: true },
  { title: "ERROR", isNumber: false },
];
const MAX_ERROR_CHARS = 60;
const NAME_CHARS = 14;

/** How many, as people say it. */
export function lettersText(count: number): string {
  return count === 1 ? "1 dead letter" : `${count === 0 ? "no" : count} dead letters`;
}

/** Bytes that entries take in the log. */
export function bytesOfLetters(letters: readonly DeadLetter[]): number {
  return letters.reduce((sum, letter) => sum + utf8Length(putLine(letter)), 0);
}

/** Letters to list. */
export interface LetterList {
  /** Where they are. */
  readonly path: string;
  /** Those that were asked for. */
  readonly letters: readonly DeadLetter[];
  /** How many there are in all. */
  readonly held: number;
}

/** A table of entries under one line that sums them up. */
export function listText({ path, letters, held }: LetterList, marks: Marks): string {
  const some = letters.length === 0 ? "none" : String(letters.length);
  const count = letters.length === held ? "" : `${some} of `;
  const title = `"${plain(path)}": ${count}${lettersText(held)}`;
  if (letters.length === 0) return `${title}\n`;
  const rows = letters.map((letter) => [
    plain(letter.id),
    plain(letter.firstFailed),
    letter.reason,
    String(letter.attempts),
    String(letter.replays),
    shortened(plain(errorText(letter.error))),
  ]);
  return `${title}, ${bytesText(bytesOfLetters(letters))}\n\n${table(COLUMNS, rows, marks)}`;
}

/** Everything about an entry, a part in each line. */
export function letterText(letter: DeadLetter, marks: Marks): string {
  const { error, metadata } = letter;
  const parts: readonly (readonly [string, string | undefined])[] = [
    ["lane", letter.lane],
    ["sequence", String(letter.seq)],
    ["first seen", letter.firstSeen],
    ["first failed", letter.firstFailed],
    ["last failed", letter.lastFailed],
    ["attempts", String(letter.attempts)],
    ["replays", String(letter.replays)],
    ["reason", letter.reason],
    ["error", `${error.name}: ${error.message}`],
    ["status", error.status === undefined ? undefined : String(error.status)],
    ...causesOf(error).map((cause) => ["caused by", `${cause.name}: ${cause.message}`] as const),
    ["stack", error.stack],
    ["metadata", metadata === undefined ? undefined : JSON.stringify(metadata)],
    ["record", letter.record],
  ];
  const lines = parts.flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name.padEnd(NAME_CHARS)}${indented(value)}\n`]
  );
  return `${marks.heading(plain(letter.id))}\n${lines.join("")}`;
}

/** An error in one line: its status, unless it says that itself, and what was underneath. */
function errorText(error: DeadLetterError): string {
  const { status } = error;
  const messages = [error, ...causesOf(error)].map(({ message }) => message);
  const said = messages.filter((message, i) => !messages[i - 1]?.includes(message)).join(": ");
  return status === undefined || said.includes(String(status)) ? said : `${status} ${said}`;
}

function causesOf({ cause }: DeadLetterError): DeadLetterError[] {
  return cause === undefined ? [] : [cause, ...causesOf(cause)];
}

function indented(text: string): string {
  return text.split("\n").map(plain).join("\n" + " ".repeat(NAME_CHARS + 2));
}

function shortened(text: string): string {
  return text.length <= MAX_ERROR_CHARS ? text : `${text.slice(0, MAX_ERROR_CHARS - 3)}...`;
}
