import { type FieldOp, pathProblem, type TailFilter } from "./filter_shape.ts";
import { readPattern } from "./filter_pattern.ts";
import { levelsNamed } from "./query_level.ts";
import type { QueryScanner } from "./query_scanner.ts";
import { sinceMs } from "./query_since.ts";

/** The same, open for changes. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] };
/** A filter while it is read. */
export type FilterDraft =
  & Mutable<Required<Pick<TailFilter, "text" | "not" | "fields" | "source" | "patterns">>>
  & Mutable<Pick<TailFilter, "min" | "levels" | "since">>;

const WORD = /\S+/y;
const NAME = /[\p{L}\p{N}_$@.-]+/uy;
const OPERATOR = /!=|>=|<=|[=<>~]|\?(?=\s|$)/y;
const BARE_VALUE = /\S*/y;
const BARE_ITEM = /[^\s",][^\s,]*/y;
/** A slash inside a class needs no escape; what follows the last slash has to be flags and an end. */
const PATTERN = /\/((?:[^/\\[]|\\[^]|\[(?:[^\]\\]|\\[^])*\])+)\/([imsu]*)(?=\s|$)/y;

/** Reads the term that begins here into the draft; ages count from `now`. */
export function readTerm(scanner: QueryScanner, draft: FilterDraft, now: number): void {
  if (readPatternTerm(scanner, draft)) return;
  const start = scanner.at;
  const isNegated = scanner.sees("-");
  if (isNegated) scanner.at++;
  if (isNegated && scanner.isAtBorder()) {
    throw scanner.error("Nothing to leave out", "put a word right behind the -", start);
  }
  const wordAt = scanner.at;
  if (isNegated && scanner.take(PATTERN) !== undefined) {
    throw scanner.error(
      "Unexpected -",
      "put a path in quotes; a pattern cannot be left out",
      start,
    );
  }
  const word = scanner.sees('"') ? scanner.takeQuoted() : undefined;
  const name = word ?? scanner.take(NAME)?.[0];
  if (
    name !== undefined &&
    readTest(scanner, { name, isQuoted: word !== undefined, start, isNegated, draft, now })
  ) {
    return;
  }
  const texts = isNegated ? draft.not : draft.text;
  if (word === undefined) texts.push(takeBareWord(scanner, wordAt));
  else texts.push(takenQuoted(scanner, word, wordAt));
}

/** `/pattern/flags`; a path such as `/api/users` is a word. */
function readPatternTerm(scanner: QueryScanner, { patterns }: FilterDraft): boolean {
  const start = scanner.at;
  const match = scanner.take(PATTERN);
  if (match === undefined) return false;
  const pattern = readPattern(match[1]!, match[2]!);
  if (typeof pattern === "string") {
    throw scanner.error("Bad pattern", `${pattern}; put a path in quotes`, start);
  }
  patterns.push(pattern);
  return true;
}

function takeBareWord(scanner: QueryScanner, at: number): string {
  scanner.at = at;
  const operator = scanner.take(OPERATOR);
  if (operator !== undefined && operator[0] !== "?") {
    const advice = `put a name before ${operator[0]}, as in user.id=42, or the text in quotes`;
    throw scanner.error("Empty path", advice, at);
  }
  scanner.at = at;
  return scanner.take(WORD)![0];
}

function takenQuoted(scanner: QueryScanner, word: string, at: number): string {
  scanner.assertBorder();
  if (word === "") throw scanner.error("Empty text", "put words between the quotes", at);
  return word;
}

/** The beginning of a term, and where the term goes. */
interface TestStart {
  readonly name: string;
  readonly isQuoted: boolean;
  readonly start: number;
  readonly isNegated: boolean;
  readonly draft: FilterDraft;
  readonly now: number;
}

/** What begins as a test of something; false if it is a word after all. */
function readTest(scanner: QueryScanner, begin: TestStart): boolean {
  const { name, isQuoted, isNegated, start } = begin;
  const isSource = !isQuoted && (name === "logger" || name === "source") && scanner.sees(":");
  const operator = isSource ? ":" : scanner.take(OPERATOR)?.[0];
  if (operator === undefined) return false;
  if (isNegated) {
    const advice = "a - goes before words only; use name!=value, or put the text in quotes";
    throw scanner.error("Unexpected -", advice, start);
  }
  if (isSource) readSource(scanner, begin.draft);
  else if (!isQuoted && name === "level") readLevel(scanner, operator, begin);
  else if (!isQuoted && name === "since") readSince(scanner, operator, begin);
  else readField(scanner, operator === "?" ? "exists" : operator as FieldOp, begin);
  return true;
}

function readSource(scanner: QueryScanner, { source }: FilterDraft): void {
  scanner.at++;
  source.push(...takeList(scanner).map(({ item }) => item));
}

function readLevel(scanner: QueryScanner, operator: string, { draft, start }: TestStart): void {
  const named = levelsNamed(operator, () => takeList(scanner), scanner, start);
  if (named.min !== undefined) draft.min = named.min;
  if (named.levels !== undefined) {
    const { levels } = named;
    draft.levels = draft.levels?.filter((level) => levels.includes(level)) ?? [...levels];
  }
  if (draft.levels?.length === 0) {
    throw scanner.error("No level is left", "name them all at once, as in level=warn,error", start);
  }
}

function readSince(
  scanner: QueryScanner,
  operator: string,
  { draft, start, now }: TestStart,
): void {
  const valueAt = scanner.at;
  const since = operator === "=" ? sinceMs(takeValue(scanner), now) : undefined;
  if (since === undefined) {
    const advice = "use an age such as since=15m (ms, s, m, h, d), or a time such as " +
      "since=2026-11-21T10:00, which is UTC unless it has a zone";
    throw scanner.error("Bad since", advice, operator === "=" ? valueAt : start);
  }
  draft.since = since;
}

function readField(scanner: QueryScanner, op: FieldOp, { name, draft, start }: TestStart): void {
  const problem = pathProblem(name);
  if (problem !== undefined) throw scanner.error("Bad path", problem, start);
  if (op === "exists") {
    draft.fields.push({ path: name, op });
    return;
  }
  const value = takeValue(scanner);
  if (value === "" && op !== "=" && op !== "!=") {
    throw scanner.error("Missing value", `put one right behind ${op}`, start);
  }
  draft.fields.push({ path: name, op, value });
}

function takeValue(scanner: QueryScanner): string {
  if (!scanner.sees('"')) return scanner.take(BARE_VALUE)![0];
  const value = scanner.takeQuoted();
  scanner.assertBorder();
  return value;
}

/** Items with commas between them. */
function takeList(scanner: QueryScanner): { readonly item: string; readonly at: number }[] {
  const items: { item: string; at: number }[] = [];
  do {
    if (items.length > 0) scanner.at++;
    const { at } = scanner;
    const item = scanner.sees('"') ? scanner.takeQuoted() : scanner.take(BARE_ITEM)?.[0];
    if (item === undefined || item === "") {
      throw scanner.error("Missing name", "put one here, several with commas between them", at);
    }
    items.push({ item, at });
  } while (scanner.sees(","));
  scanner.assertBorder();
  return items;
}
