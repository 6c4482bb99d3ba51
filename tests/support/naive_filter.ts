import { LEVELS } from "../../src/record/level.ts";
import type { FieldTest, TailFilter } from "../../src/tail/filter.ts";

type Json = Record<string, unknown>;

const OWN = ["time", "level", "msg", "logger", "traceId", "spanId"];
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;

/** What a filter means, said without regard to speed: everything is parsed, nothing is guessed. */
export function naiveMatch(filter: TailFilter, line: string): boolean {
  const record = recordOf(line);
  const texts = textsOf(record);
  const level = LEVELS.indexOf(record.level as (typeof LEVELS)[number]);
  const { min, levels, since, source, fields = [], text = [], not = [], patterns = [] } = filter;
  if (min !== undefined && level < LEVELS.indexOf(min)) return false;
  if (levels !== undefined && !levels.includes(LEVELS[level]!)) return false;
  if (since !== undefined && !(timeOf(record) >= since)) return false;
  if (source !== undefined && !source.some((name) => isBelow(record.logger, name))) return false;
  return text.every((wanted) => texts.some((found) => occurs(found, wanted))) &&
    !not.some((wanted) => texts.some((found) => occurs(found, wanted))) &&
    patterns.every(({ source, flags }) => {
      const pattern = new RegExp(source, flags);
      return texts.some((found) => pattern.test(found));
    }) &&
    fields.every((test) => holds(record, test));
}

function recordOf(line: string): Json {
  let record: Json = { msg: line };
  try {
    const value: unknown = JSON.parse(line);
    if (line.startsWith("{")) record = value as Json;
  } catch {
    // A text.
  }
  const head = /^\{"time":"([^]{24})","level":"(trace|debug|info|warn|error|fatal)"/.exec(line);
  if (head !== null) Object.assign(record, { time: head[1], level: head[2] });
  if (!LEVELS.includes(record.level as (typeof LEVELS)[number])) record.level = "info";
  return record;
}

/** A number is a time of some other program, of which nobody knows the unit. */
function timeOf({ time }: Json): number {
  return typeof time === "string" ? Date.parse(time) : NaN;
}

function textsOf(record: Json): string[] {
  const walk = (value: unknown): string[] =>
    Array.isArray(value)
      ? value.flatMap(walk)
      : typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => [key, ...walk(inner)])
      : [String(value)];
  return Object.entries(record).flatMap(([key, value]) =>
    key === "time" || key === "level"
      ? []
      : OWN.includes(key) || key === "fields"
      ? walk(value)
      : [key, ...walk(value)]
  );
}

function isBelow(logger: unknown, name: string): boolean {
  return typeof logger === "string" && `${logger}.`.startsWith(`${name}.`);
}

/** Smart case, character by character. */
function occurs(text: string, wanted: string): boolean {
  const ignores = wanted === wanted.toLowerCase();
  const fold = (unit: string) => {
    const upper = unit.toUpperCase();
    return upper.length !== 1 || (unit >= "\x80" && upper < "\x80") ? unit : upper;
  };
  const folded = (part: string) => ignores ? part.split("").map(fold).join("") : part;
  return folded(text).includes(folded(wanted));
}

function valuesAt(value: unknown, names: readonly string[]): unknown[] {
  if (names.length === 0) return [value, ...(Array.isArray(value) ? value : [])];
  if (typeof value !== "object" || value === null) return [];
  const inner = Array.isArray(value)
    ? value.filter((element) => !Array.isArray(element)).flatMap((one) => valuesAt(one, names))
    : [];
  return names.flatMap((_, i) => {
    const name = names.slice(0, i + 1).join(".");
    return Object.hasOwn(value, name) ? valuesAt((value as Json)[name], names.slice(i + 1)) : [];
  }).concat(inner);
}

function holds(record: Json, { path, op, value = "" }: FieldTest): boolean {
  const names = path.split(".");
  const found = OWN.includes(path)
    ? Object.hasOwn(record, path) ? valuesAt(record[path], []) : []
    : [...valuesAt(record.fields, names), ...valuesAt(record, names)];
  if (op === "exists") return found.length > 0;
  if (op === "!=") return !holds(record, { path, op: "=", value });
  const isLevel = path === "level" && op !== "=" && op !== "~" && LEVELS.some((l) => l === value);
  return found.some((one) => {
    if (isLevel) return inOrder(op, LEVELS.indexOf(one as "info"), LEVELS.indexOf(value as "info"));
    if (typeof one === "object" && one !== null) return false;
    if (op === "~") return occurs(String(one), value);
    const bothNumbers = NUMBER.test(value) &&
      (typeof one === "number" || (typeof one === "string" && NUMBER.test(one)));
    if (op === "=") {
      if (typeof one === "number") return bothNumbers && one === Number(value);
      const isExact = Math.abs(Number(value)) < Number.MAX_SAFE_INTEGER;
      return String(one) === value || (bothNumbers && isExact && Number(one) === Number(value));
    }
    if (NUMBER.test(value)) return bothNumbers && inOrder(op, Number(one), Number(value));
    return typeof one === "string" && inOrder(op, one, value);
  });
}

function inOrder<T extends number | string>(op: string, a: T, b: T): boolean {
  return a === b ? op.endsWith("=") : a > b ? op.startsWith(">") : op.startsWith("<");
}
