import fc from "fast-check";
import { LEVELS } from "../../src/record/level.ts";
import { readPattern } from "../../src/tail/filter_pattern.ts";
import type { FieldTest, FilterPattern, TailFilter } from "../../src/tail/filter.ts";
import { unicodeText } from "./unicode_text.ts";

/** Texts that meet each other often, and the odd ones that JSON, cases and numbers make. */
export const WORDS: readonly string[] = [
  "a",
  "A",
  "ab",
  "Ab",
  "msg",
  "level",
  "error",
  "db",
  "db.pool",
  "dbx",
  "user",
  "id",
  "1",
  "42",
  "42.0",
  "4.2e1",
  "-1",
  "1e-7",
  "e-7",
  "1e21",
  "9007199254740993",
  "Infinity",
  "true",
  "null",
  '"',
  "\\",
  "\\u0041",
  "/",
  "a b",
  "\n",
  "\0",
  "é",
  "É",
  "ß",
  "ς",
  "σ",
  "Σ",
  "İ",
  "ı",
  "\u212a",
  "k",
  "\ud800",
  "\u{1f389}",
  "__proto__",
  "constructor",
  "length",
  "0",
];

export const words: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: unicodeText({ minLength: 1, maxLength: 4 }) },
);

/** Names joined by dots, as often as not those of a record's own parts. */
export const paths: fc.Arbitrary<string> = fc.oneof(
  fc.array(words, { minLength: 1, maxLength: 3 }).map((names) => names.join(".")),
  fc.constantFrom("time", "level", "msg", "logger", "traceId", "fields", "fields.a", "user.id"),
);

const fieldTests: fc.Arbitrary<FieldTest> = fc.oneof(
  paths.map((path): FieldTest => ({ path, op: "exists" })),
  fc.record({
    path: paths,
    op: fc.constantFrom("=", "!=", ">", ">=", "<", "<=", "~"),
    value: fc.oneof(words, fc.constantFrom(...LEVELS)),
  }, { noNullPrototype: true }),
);

const patterns: fc.Arbitrary<FilterPattern> = fc.record({
  source: fc.oneof(words, fc.constantFrom("", "[/]", "a/b", "[^]]", "\\[", "^a", "a|b", "\\\n")),
  flags: fc.constantFrom("", "i", "u", "ims"),
}).map(({ source, flags }) => readPattern(source, flags))
  .filter((pattern) => typeof pattern !== "string");

const some = <T>(items: fc.Arbitrary<T>) => fc.array(items, { minLength: 1, maxLength: 2 });

/** Filters as `readFilter` gives them. */
export const filters: fc.Arbitrary<TailFilter> = fc.record({
  min: fc.constantFrom(...LEVELS),
  levels: fc.uniqueArray(fc.constantFrom(...LEVELS), { minLength: 1 }),
  text: some(words),
  not: some(words),
  fields: some(fieldTests),
  source: some(words),
  since: fc.constantFrom(0, Date.UTC(2026, 10, 21), Date.UTC(9999, 11, 31)),
  patterns: some(patterns),
}, { requiredKeys: [], noNullPrototype: true }).map((filter) => filter as TailFilter);

const values: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  scalar: fc.oneof(
    words,
    fc.constantFrom(1, 42, -1, 0, -0, 1e-7, 1e21, 1000, 0.5, true, false, null),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  ),
  value: fc.oneof(
    { depthSize: "small" },
    { weight: 4, arbitrary: tie("scalar") },
    { weight: 1, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    { weight: 2, arbitrary: fc.dictionary(fc.oneof(words, paths), tie("value"), { maxKeys: 3 }) },
  ),
})).value;

const times = fc.constantFrom(
  "2026-11-20T23:59:59.999Z",
  "2026-11-21T00:00:00.000Z",
  "2026-11-21T00:00:00.001Z",
);

/** Records of loggers, as text in the order of their keys. */
export const recordLines: fc.Arbitrary<string> = fc.tuple(
  fc.record({ time: times, level: fc.constantFrom(...LEVELS), msg: words }),
  fc.record({
    logger: words,
    traceId: words,
    fields: fc.dictionary(fc.oneof(words, paths), values, { maxKeys: 3 }),
  }, { requiredKeys: [] }),
).map(([{ time, level, msg }, rest]) => JSON.stringify({ time, level, msg, ...rest }));

/** Ways to write the same JSON, or no JSON any more, which other programs may have. */
const REWRITES: readonly ((line: string) => string)[] = [
  (line) => line,
  (line) => line.slice(0, -2),
  (line) => line.replaceAll("a", "\\u0061"),
  (line) => line.replaceAll("/", "\\/"),
  (line) => line.replaceAll(":1", ":10e-1"),
  (line) => line.replaceAll(":42", ": 42.00"),
  (line) => line.replaceAll(":1", ":1.0000000000000000000001"),
  (line) => line.replaceAll(":0.5", ":0.00000050"),
  (line) => line.replace("}", ',"msg":"a","level":"fatal"}'),
  (line) => line.replace('"time":"20', '"time": "20'),
  (line) => `${line}\r`,
];

/** Lines of any log: records, JSON of others, texts. */
export const lines: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: recordLines },
  {
    weight: 3,
    arbitrary: fc.tuple(recordLines, fc.constantFrom(...REWRITES)).map(([line, rewrite]) =>
      rewrite(line)
    ),
  },
  { weight: 1, arbitrary: values.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: words },
);
