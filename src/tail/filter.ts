import { isLevel, type Level, LEVEL_RANK, LEVELS } from "../record/level.ts";
import { isTimeMs } from "../record/time.ts";
import {
  type FieldOp,
  type FieldTest,
  FilterError,
  type FilterPattern,
  MAX_QUERY,
  MAX_TERMS,
  pathProblem,
  type TailFilter,
} from "./filter_shape.ts";
import { readPattern } from "./filter_pattern.ts";
import { formatQuery } from "./query_format.ts";

export { FilterError } from "./filter_shape.ts";
export type { FieldOp, FieldTest, FilterPattern, TailFilter } from "./filter_shape.ts";

const FIELD_OPS: readonly FieldOp[] = ["=", "!=", ">", ">=", "<", "<=", "~", "exists"];

/** The parts of a filter, and how each is read. */
const READERS: { readonly [K in keyof TailFilter]-?: (value: unknown) => TailFilter[K] } = {
  min: (value) => readLevel(value, "min"),
  levels: (value) => [...new Set(readList(value, "levels", readLevel))],
  text: (value) => readList(value, "text", readText),
  not: (value) => readList(value, "not", readText),
  fields: (value) => readList(value, "fields", readField),
  source: (value) => readList(value, "source", readText),
  since: readSince,
  patterns: (value) => readList(value, "patterns", readPatternPart),
};

/**
 * Checks what came as JSON and makes a filter of it: a new object, with nothing in it that is no part of
 * a filter. Parts that are undefined are left out.
 *
 * @throws {FilterError} If a part is unknown or wrong, or it is too much
 *
 * @example
 * ```ts ignore
 * readFilter({ min: "warn", text: ["timeout"] });
 * ```
 */
export function readFilter(value: unknown): TailFilter {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(`it is ${kindOf(value)}, pass an object such as {"min":"warn","text":["timeout"]}`);
  }
  const filter: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    if (part === undefined) continue;
    if (!isPart(key)) {
      throw wrong(`${shown(key)} is no part of it, use ${Object.keys(READERS).join(", ")}`);
    }
    filter[key] = READERS[key](part);
  }
  assertSize(filter);
  return filter;
}

/**
 * A text that is the same for filters that want the same parts, in whatever order; empty if every record
 * passes.
 */
export function filterKey(filter: TailFilter): string {
  const { since, fields = [], patterns = [] } = filter;
  return formatQuery({
    ...levelsKey(filter),
    text: sorted(filter.text),
    not: sorted(filter.not),
    ...(filter.source?.length ? { source: sorted(filter.source) } : {}),
    fields: sortedBy(fields, (test) => formatQuery({ fields: [test] })),
    ...(since === undefined ? {} : { since }),
    patterns: sortedBy(patterns, (pattern) => formatQuery({ patterns: [pattern] })),
  });
}

/** The levels that a filter lets pass, lowest first. */
export function levelsOf({ min = "trace", levels = LEVELS }: TailFilter): readonly Level[] {
  return LEVELS.filter((level) => LEVEL_RANK[level] >= LEVEL_RANK[min] && levels.includes(level));
}

/** One way to say it: the lowest level where that will do. */
function levelsKey(filter: TailFilter): TailFilter {
  const levels = levelsOf(filter);
  if (levels.length === LEVELS.length) return {};
  // None passes: one of the ways to ask for that.
  if (levels.length === 0) return { min: "fatal", levels: ["trace"] };
  const [min] = levels;
  return levels.length === LEVELS.length - LEVEL_RANK[min!] ? { min: min! } : { levels };
}

function sorted(texts: readonly string[] = []): string[] {
  return [...new Set(texts)].sort();
}

function sortedBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const byKey = new Map(items.map((item) => [keyOf(item), item]));
  return [...byKey.keys()].sort().map((key) => byKey.get(key)!);
}

function isPart(key: string): key is keyof TailFilter {
  return Object.hasOwn(READERS, key);
}

function readList<T>(
  value: unknown,
  name: string,
  read: (item: unknown, name: string) => T,
): readonly T[] {
  if (!Array.isArray(value)) throw wrong(`${name} is ${kindOf(value)}, pass an array`);
  if (value.length === 0) throw wrong(`${name} is empty, leave it out or name what is wanted`);
  if (value.length > MAX_TERMS) throw tooMany();
  return Array.from(value, (item) => read(item, name));
}

function readLevel(value: unknown, name: string): Level {
  if (isLevel(value)) return value;
  throw wrong(`${name} has ${shown(value)}, use ${LEVELS.join(", ")}`);
}

function readText(value: unknown, name: string): string {
  if (typeof value !== "string") throw wrong(`${name} has ${kindOf(value)}, pass strings`);
  if (value === "") throw wrong(`${name} has an empty string, leave it out`);
  return value;
}

function readField(value: unknown): FieldTest {
  const { path, op, value: operand } = partsOf(value, "fields", "path, op and value");
  if (typeof path !== "string") throw wrong(`a path is ${kindOf(path)}, pass a string`);
  const problem = pathProblem(path);
  if (problem !== undefined) throw wrong(`the path ${shown(path)} will not do, ${problem}`);
  if (!FIELD_OPS.includes(op as FieldOp)) {
    throw wrong(`the field ${shown(path)} has op ${shown(op)}, use ${FIELD_OPS.join(" ")}`);
  }
  if (op === "exists") return { path, op };
  if (typeof operand !== "string") {
    throw wrong(`the field ${shown(path)} has ${kindOf(operand)} as value, pass a string`);
  }
  if (operand === "" && op !== "=" && op !== "!=") {
    throw wrong(`the field ${shown(path)} has no value for ${shown(op)}, pass one`);
  }
  return { path, op: op as FieldOp, value: operand };
}

function readSince(value: unknown): number {
  if (Number.isSafeInteger(value) && isTimeMs(value as number)) return value as number;
  throw wrong(`since is ${shown(value)}, pass whole milliseconds since 1970`);
}

function readPatternPart(value: unknown): FilterPattern {
  const { source, flags } = partsOf(value, "patterns", "source and flags");
  if (typeof source !== "string" || typeof flags !== "string") {
    throw wrong("a pattern lacks its source or flags, pass both as strings");
  }
  const pattern = readPattern(source, flags);
  if (typeof pattern === "string") throw wrong(`the pattern ${shown(source)} is none: ${pattern}`);
  return pattern;
}

function partsOf(value: unknown, name: string, wanted: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw wrong(`${name} has ${kindOf(value)}, pass objects with ${wanted}`);
}

function assertSize(filter: TailFilter): void {
  const { text, not, fields, source, patterns } = filter;
  const lists = [text, not, fields, source, patterns];
  if (lists.reduce((sum, list) => sum + (list?.length ?? 0), 0) > MAX_TERMS) throw tooMany();
  const { length } = formatQuery(filter);
  if (length > MAX_QUERY) {
    throw wrong(`it takes ${length} characters as a query line, use at most ${MAX_QUERY}`);
  }
}

function tooMany(): FilterError {
  return wrong(`it has too many tests, use at most ${MAX_TERMS}`);
}

function wrong(problem: string): FilterError {
  return new FilterError(`Invalid filter: ${problem}`);
}

/** A value as a message shows it: short, whatever it is. */
function shown(value: unknown): string {
  return typeof value === "string" && value.length <= 64
    ? JSON.stringify(value)
    : typeof value === "number"
    ? String(value)
    : kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return value === undefined
    ? "nothing"
    : `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
}
