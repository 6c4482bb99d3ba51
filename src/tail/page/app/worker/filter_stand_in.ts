/**
 * The query line of the page, read and applied here.
 *
 * @module
 */
import { isLevel, LEVEL_RANK, LEVELS } from "../../../../record/level.ts";
import { readLine, searchText } from "./log_line.ts";
import type { LineMatcher } from "./view.ts";

/** One test of a field. */
interface FieldTest {
  readonly path: string;
  readonly op: string;
  readonly value?: string;
}

/** What a query line asks for, as the server understands it. */
export interface TailFilter {
  min?: string;
  levels?: string[];
  text?: string[];
  not?: string[];
  fields?: FieldTest[];
  source?: string[];
  /** Regular expressions are for the page alone. */
  patterns?: { source: string; flags: string }[];
}

/** A query line that cannot be read; `column` counts from 1. */
export class FilterError extends SyntaxError {
  override readonly name = "FilterError";
  readonly column: number;
  constructor(message: string, column: number) {
    super(message);
    this.column = column;
  }
}

const TOKEN = /\s*(?:(-?)"((?:[^"\\]|\\.)*)("?)|\/((?:[^/\\\s]|\\.)+)\/([a-z]*)(?=\s|$)|(\S+))/gy;

/**
 * Reads a query line such as `timeout -healthz level>=warn user.id=42 /re/i`.
 *
 * @throws {FilterError} If it cannot be read
 */
export function parseQuery(text: string): TailFilter {
  const filter: TailFilter = {};
  for (const match of text.trimEnd().matchAll(TOKEN)) {
    const [whole, minus, quoted, close, pattern, flags, word] = match;
    const column = match.index + whole.length - whole.trimStart().length + 1;
    if (quoted !== undefined) {
      if (close === "") {
        throw new FilterError(`The quote at column ${column} is not closed`, column);
      }
      const term = quoted.replace(/\\(.)/g, "$1");
      add(filter, minus === "-" ? "not" : "text", term);
    } else if (pattern !== undefined) addPattern(filter, pattern, flags ?? "", column);
    else if (word !== undefined) addWord(filter, word, column);
  }
  return filter;
}

function addPattern(filter: TailFilter, source: string, flags: string, column: number): void {
  try {
    new RegExp(source, flags);
  } catch (error) {
    throw new FilterError(`The pattern at column ${column} is wrong: ${messageOf(error)}`, column);
  }
  (filter.patterns ??= []).push({ source, flags });
}

function addWord(filter: TailFilter, word: string, column: number): void {
  const named = /^(?:source|logger):(.+)$/.exec(word);
  const test = /^([\w.$@-]+?)(>=|<=|!=|=|>|<|~)(.*)$/.exec(word);
  if (named?.[1] !== undefined) add(filter, "source", named[1]);
  else if (test?.[1] === "level") addLevel(filter, test[2] ?? "", test[3] ?? "", column);
  else if (test !== null) {
    (filter.fields ??= []).push({ path: test[1] ?? "", op: test[2] ?? "", value: test[3] ?? "" });
  } else if (/^[\w.$@-]+\?$/.test(word)) {
    (filter.fields ??= []).push({ path: word.slice(0, -1), op: "exists" });
  } else if (word.startsWith("-") && word.length > 1) add(filter, "not", word.slice(1));
  else add(filter, "text", word);
}

function addLevel(filter: TailFilter, op: string, value: string, column: number): void {
  const names = value.split(",");
  const wrong = names.find((name) => !isLevel(name));
  if (wrong !== undefined || (op !== "=" && op !== ">=")) {
    const why = wrong === undefined ? `use level= or level>=` : `use one of ${LEVELS.join(", ")}`;
    throw new FilterError(`Unknown level "${op}${value}" at column ${column}: ${why}`, column);
  }
  if (op === ">=") filter.min = value;
  else filter.levels = names;
}

function add(filter: TailFilter, key: "text" | "not" | "source", term: string): void {
  if (term !== "") (filter[key] ??= []).push(term);
}

/** Equal filters have equal keys; that of a filter which passes everything is empty. */
export function filterKey(filter: TailFilter): string {
  return Object.keys(filter).length === 0 ? "" : JSON.stringify(filter);
}

/** Makes the function that tells whether a line passes. */
export function createMatcher(filter: TailFilter): LineMatcher {
  const patterns = (filter.patterns ?? []).map(({ source, flags }) => new RegExp(source, flags));
  return (line) => {
    const record = readLine(line);
    const text = searchText(record);
    const lower = text.toLowerCase();
    const has = (term: string) => (term === term.toLowerCase() ? lower : text).includes(term);
    return passesLevel(filter, line) && (filter.text ?? []).every(has) &&
      !(filter.not ?? []).some(has) &&
      (filter.source ?? []).every((name) =>
        record.logger === name || record.logger.startsWith(`${name}.`)
      ) && (filter.fields ?? []).every((test) => passesField(record.fields, test)) &&
      patterns.every((pattern) => {
        pattern.lastIndex = 0;
        return pattern.test(text);
      });
  };
}

function passesLevel({ min, levels }: TailFilter, line: string): boolean {
  if (min === undefined && levels === undefined) return true;
  const found = /"level":"(\w+)"/.exec(line.slice(0, 80))?.[1];
  const level = isLevel(found) ? found : "info";
  if (levels !== undefined && !levels.includes(level)) return false;
  return !isLevel(min) || LEVEL_RANK[level] >= LEVEL_RANK[min];
}

function passesField(
  fields: Readonly<Record<string, unknown>>,
  { path, op, value = "" }: FieldTest,
) {
  let at: unknown = fields;
  for (const name of path.split(".")) {
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : undefined;
  }
  if (op === "exists") return at !== undefined;
  if (op === "!=") return String(at) !== value;
  if (at === undefined) return false;
  if (op === "=") return String(at) === value;
  if (op === "~") return String(at).toLowerCase().includes(value.toLowerCase());
  const order = Number(at) - Number(value);
  return op === ">" ? order > 0 : op === ">=" ? order >= 0 : op === "<" ? order < 0 : order <= 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
