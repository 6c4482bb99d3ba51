import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FilterError, filterKey, readFilter, type TailFilter } from "../src/tail/filter.ts";
import { formatQuery, parseQuery } from "../src/tail/query.ts";
import { filters } from "./support/filters.ts";
import { unicodeText } from "./support/unicode_text.ts";

const NOW = Date.UTC(2026, 10, 21, 12);

const QUERIES: readonly [query: string, filter: TailFilter][] = [
  ["", {}],
  ["  \t\n ", {}],
  ["timeout", { text: ["timeout"] }],
  ["a  b", { text: ["a", "b"] }],
  ["-healthz", { not: ["healthz"] }],
  ['"two words"', { text: ["two words"] }],
  ['-"not this"', { not: ["not this"] }],
  [String.raw`"a \"b\" \\ c:\temp"`, { text: [String.raw`a "b" \ c:\temp`] }],
  ['say"hi"', { text: ['say"hi"'] }],
  ['{"a":1}', { text: ['{"a":1}'] }],
  ["12:30 http://x/?a=b it's 100%", { text: ["12:30", "http://x/?a=b", "it's", "100%"] }],
  ["a-b", { text: ["a-b"] }],
  ["--x", { not: ["-x"] }],
  ["日本 ñandú 🎉", { text: ["日本", "ñandú", "🎉"] }],
  ["level>=warn", { min: "warn" }],
  ["level>=WARN", { min: "warn" }],
  ["level>warn", { min: "error" }],
  ["level<=debug", { levels: ["trace", "debug"] }],
  ["level<debug", { levels: ["trace"] }],
  ["level=warn,error", { levels: ["warn", "error"] }],
  ["level=warn,warn", { levels: ["warn"] }],
  ["level=warn,error level=error,fatal", { levels: ["error"] }],
  ["level!=debug,info", { levels: ["trace", "warn", "error", "fatal"] }],
  ["level!=trace level!=debug", { levels: ["info", "warn", "error", "fatal"] }],
  ["level>=warn level=error", { min: "warn", levels: ["error"] }],
  ["logger:db", { source: ["db"] }],
  ["source:db,http logger:x", { source: ["db", "http", "x"] }],
  ['logger:"a b",c', { source: ["a b", "c"] }],
  ["user.id=42", { fields: [{ path: "user.id", op: "=", value: "42" }] }],
  ["a!=7", { fields: [{ path: "a", op: "!=", value: "7" }] }],
  ["a>1 b>=1 c<1 d<=1 e~bob", {
    fields: [
      { path: "a", op: ">", value: "1" },
      { path: "b", op: ">=", value: "1" },
      { path: "c", op: "<", value: "1" },
      { path: "d", op: "<=", value: "1" },
      { path: "e", op: "~", value: "bob" },
    ],
  }],
  ["user.id?", { fields: [{ path: "user.id", op: "exists" }] }],
  ["a=", { fields: [{ path: "a", op: "=", value: "" }] }],
  ['a="two words"', { fields: [{ path: "a", op: "=", value: "two words" }] }],
  ["a=b,c=d", { fields: [{ path: "a", op: "=", value: "b,c=d" }] }],
  ["@timestamp=1 $a=2", {
    fields: [{ path: "@timestamp", op: "=", value: "1" }, { path: "$a", op: "=", value: "2" }],
  }],
  ['"odd name"=1', { fields: [{ path: "odd name", op: "=", value: "1" }] }],
  ['"level"=warn', { fields: [{ path: "level", op: "=", value: "warn" }] }],
  ["logger=db", { fields: [{ path: "logger", op: "=", value: "db" }] }],
  ["__proto__.x=1", { fields: [{ path: "__proto__.x", op: "=", value: "1" }] }],
  ["since=15m", { since: NOW - 900_000 }],
  ["since=1.5h", { since: NOW - 5_400_000 }],
  ["since=2026-11-21", { since: Date.UTC(2026, 10, 21) }],
  ["since=2026-11-21T10:00", { since: Date.UTC(2026, 10, 21, 10) }],
  ["since=2026-11-21T10:00:01.5+02:00", { since: Date.UTC(2026, 10, 21, 8, 0, 1, 500) }],
  ["since=1h since=2m", { since: NOW - 120_000 }],
  ["/re/i", { patterns: [{ source: "re", flags: "i" }] }],
  ["/a b/ /[/]/ /\\//", {
    patterns: [{ source: "a b", flags: "" }, { source: "[/]", flags: "" }, {
      source: "\\/",
      flags: "",
    }],
  }],
  ["/api/users /etc/passwd /healthz", { text: ["/api/users", "/etc/passwd", "/healthz"] }],
];

for (const [query, filter] of QUERIES) {
  test(`parseQuery() reads ${JSON.stringify(query)}`, () => {
    const parsed = parseQuery(query, { now: NOW });
    assert.deepEqual(parsed, filter);
    assert.deepEqual(parseQuery(formatQuery(parsed), { now: 0 }), filter);
    assert.deepEqual(readFilter(JSON.parse(JSON.stringify(parsed))), filter);
  });
}

const WRONG: readonly [query: string, column: number, said: RegExp][] = [
  ['a "b', 3, /Unclosed quote at column 3: end it with "/],
  ['a="b', 3, /Unclosed quote/],
  ['"b\\"', 1, /Unclosed quote/],
  ['x "a"b', 6, /put a blank behind the closing quote/],
  ['a="b"c', 6, /put a blank/],
  ["x -", 3, /put a word right behind the -/],
  ["- x", 1, /put a word right behind the -/],
  ["x -a=b", 3, /use name!=value/],
  ["-level=warn", 1, /use name!=value/],
  ["-/re/i", 1, /a pattern cannot be left out/],
  ["level>=wrn", 8, /Unknown level "wrn" at column 8: use trace, debug, info, warn, error, fatal/],
  ["level=warn,wrn", 12, /Unknown level "wrn"/],
  ["level=", 6, /Missing name/],
  ["level=warn,", 11, /Missing name/],
  ["level>warn,error", 12, /Too many levels/],
  ["level>fatal", 1, /there is none >fatal/],
  ["level=warn level=error", 12, /No level is left/],
  ["level~w", 1, /Wrong test of a level/],
  ["level?", 1, /Wrong test of a level/],
  ["logger:", 7, /Missing name/],
  ["x =5", 3, /Empty path at column 3: put a name before =/],
  [">=5", 1, /Empty path/],
  ['""=5', 1, /name at least one field/],
  ['""', 1, /Empty text/],
  ["a>", 1, /Missing value/],
  ["a~", 1, /Missing value/],
  ["since=soon", 7, /Bad since at column 7: use an age such as since=15m/],
  ["since=", 6, /Bad since/],
  ["since>5m", 1, /Bad since/],
  ["since=99999999d", 7, /Bad since/],
  ["since=2026-13-01", 7, /Bad since/],
  ["a /(/", 3, /Bad pattern at column 3/],
  ["/a/ii", 1, /use each of i, m, s, u at most once/],
  [`${"a.".repeat(16)}a=1`, 1, /use at most 16 names/],
  ["a ".repeat(65), 129, /Too many terms at column 129: use at most 64/],
  ["a ".repeat(10_000), 2049, /Query too long at column 2049: use at most 2048 characters/],
  ["é".repeat(4096), 2049, /Query too long/],
  [`"${"\\".repeat(4096)}`, 2049, /Query too long/],
  ["\\".repeat(2000), 2000, /quotes and escapes included/],
];

for (const [query, column, said] of WRONG) {
  test(`parseQuery() refuses ${JSON.stringify(query.slice(0, 40))}`, () => {
    assert.throws(() => parseQuery(query, { now: NOW }), (error) => {
      assert.ok(error instanceof FilterError && error instanceof SyntaxError);
      assert.equal(error.name, "FilterError");
      assert.match(error.message, said);
      assert.equal(error.column, column);
      return true;
    });
  });
}

const NO_FILTERS: readonly [value: unknown, said: RegExp][] = [
  [undefined, /it is nothing, pass an object/],
  [null, /it is null/],
  [[], /it is an array/],
  ["timeout", /it is a string/],
  [{ level: "warn" }, /"level" is no part of it, use min, levels/],
  [JSON.parse('{"__proto__":1}'), /"__proto__" is no part/],
  [{ min: "wrn" }, /min has "wrn", use trace, debug/],
  [{ levels: [] }, /levels is empty/],
  [{ levels: "warn" }, /levels is a string, pass an array/],
  [{ text: [""] }, /text has an empty string/],
  [{ text: [1] }, /text has a number/],
  [{ text: new Array(3) }, /text has nothing/],
  [{ not: Array(65).fill("a") }, /use at most 64/],
  [{ not: Array(40).fill("a"), text: Array(40).fill("a") }, /use at most 64/],
  [{ text: ["a".repeat(3000)] }, /use at most 2048/],
  [{ fields: [{}] }, /a path is nothing/],
  [{ fields: [null] }, /fields has null/],
  [{ fields: [{ path: "", op: "=" }] }, /name at least one field/],
  [{ fields: [{ path: "a", op: "==" }] }, /has op "==", use = != >/],
  [{ fields: [{ path: "a", op: "=", value: 1 }] }, /has a number as value/],
  [{ fields: [{ path: "a", op: "<", value: "" }] }, /has no value/],
  [{ since: 1.5 }, /pass whole milliseconds/],
  [{ since: "1h" }, /since is "1h"/],
  [{ since: 1e300 }, /pass whole milliseconds/],
  [{ patterns: [{ source: "(", flags: "" }] }, /is none/],
  [{ patterns: [{ source: "a", flags: "g" }] }, /use each of i, m, s, u/],
  [{ patterns: [{ source: 1 }] }, /lacks its source/],
];

for (const [value, said] of NO_FILTERS) {
  test(`readFilter() refuses ${JSON.stringify(value)?.slice(0, 60)}`, () => {
    assert.throws(() => readFilter(value), (error) => {
      assert.ok(error instanceof FilterError);
      assert.match(error.message, said);
      assert.equal(error.column, 0);
      return true;
    });
  });
}

test("formatQuery() writes what parseQuery() reads as the same filter", () => {
  fc.assert(fc.property(filters, (filter) => {
    assert.deepEqual(readFilter(filter), filter);
    assert.deepEqual(parseQuery(formatQuery(filter), { now: 0 }), filter);
  }));
});

const PIECES = [
  ..."ab1.-=!<>~?:,/\\\"'[](){}*+^$|@ \t\n",
  "level",
  "since=",
  "logger:",
  "warn",
  "15m",
  "/i",
  "\ud800",
  "\u{1f389}",
  "\0",
];
const queries = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join("")),
  unicodeText({ maxLength: 100 }),
);

test("parseQuery() throws nothing but FilterError, with a column within the text", () => {
  fc.assert(
    fc.property(queries, (query) => {
      let filter: TailFilter;
      try {
        filter = parseQuery(query, { now: NOW });
      } catch (error) {
        assert.ok(error instanceof FilterError, String(error));
        assert.ok(error.column >= 1 && error.column <= query.length, `column ${error.column}`);
        return;
      }
      assert.deepEqual(parseQuery(formatQuery(filter), { now: 0 }), filter);
      assert.deepEqual(readFilter(filter), filter);
    }),
    { numRuns: 2_000 },
  );
});

test("readFilter() throws nothing but FilterError", () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom("min", "text", "fields", "patterns", "since"),
      (value, key) => {
        for (const wish of [value, { [key]: value }, { [key]: [value] }]) {
          try {
            readFilter(wish);
          } catch (error) {
            assert.ok(error instanceof FilterError, String(error));
          }
        }
      },
    ),
  );
});

test("filterKey() is empty where every record passes", () => {
  assert.equal(filterKey({}), "");
  assert.equal(filterKey({ min: "trace" }), "");
  assert.equal(filterKey({ text: [], not: [], fields: [], source: [], patterns: [] }), "");
  assert.equal(filterKey(parseQuery("level=trace,debug,info,warn,error,fatal")), "");
});

test("filterKey() is the same for filters that want the same", () => {
  const same = [
    "a -x b -y level>=error p=1 q? logger:c,d since=1970-01-02 /r/ /s/i",
    "/s/i /r/ logger:d,c,d since=1970-01-02 q? p=1 b -y a a -x level=error,fatal",
    "level>=warn level!=warn a b -y -x p=1 p=1 q? /r/ /s/i logger:c,d since=1970-01-02",
  ];
  assert.equal(new Set(same.map((query) => filterKey(parseQuery(query)))).size, 1);
  const other = [
    "a",
    "A",
    "-a",
    "a?",
    "a=a",
    '"a="',
    "level>=warn",
    "level=warn",
    "logger:a",
    "/a/",
  ];
  assert.equal(new Set(other.map((query) => filterKey(parseQuery(query)))).size, other.length);
});
