import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { filterKey, readFilter, type TailFilter } from "../src/tail/filter.ts";
import { createMatcher, createRecordMatcher } from "../src/tail/filter_match.ts";
import { parseQuery } from "../src/tail/query.ts";
import { filters, lines, recordLines } from "./support/filters.ts";
import { naiveMatch } from "./support/naive_filter.ts";

const LINE = JSON.stringify({
  time: "2026-11-21T10:00:00.000Z",
  level: "warn",
  msg: 'GET /api/users: Timeout of "Bob"\n  at é',
  logger: "db.pool",
  traceId: "0af7651916cd43dd8448eb211c80319c",
  fields: {
    user: { id: 42, name: "Bob", tags: ["red", "Blue"] },
    "http.status": 503,
    dur: "250.5",
    ok: false,
    none: null,
    big: "9007199254740993",
    list: [{ sku: "a1" }, { sku: "b2" }],
    empty: [],
    ["__proto__"]: { x: 1 },
    level: "inner",
  },
});

const MATCHES: readonly [query: string, isMatch: boolean][] = [
  ["", true],
  ["timeout", true],
  ["Timeout", true],
  ["TIMEOUT", false],
  ["bob", true],
  ['"of \\"Bob"', true],
  ['"users: timeout"', true],
  ["é", true],
  ["É", false],
  ["0af7", true],
  ["db.po", true],
  ["sku", true],
  ["503", true],
  ["false", true],
  ["warn", false],
  ["2026", false],
  ["msg", false],
  ["-timeout", false],
  ["-healthz", true],
  ["timeout -bob", false],
  ["level>=warn", true],
  ["level>=error", false],
  ["level=info,warn", true],
  ["level!=warn", false],
  ['"level"<error', true],
  ['"level"=warn', true],
  ["fields.level=inner", true],
  ["logger:db", true],
  ["logger:db.pool", true],
  ["logger:d", false],
  ["logger:http,db", true],
  ["logger=db", false],
  ["logger~POOL", false],
  ["logger~pool", true],
  ["user.id=42", true],
  ["user.id=42.0", true],
  ["user.id=4.2e1", true],
  ["user.id=043", false],
  ["user.id!=42", false],
  ["user.id!=7", true],
  ["user.id>41.9", true],
  ["user.id>=42", true],
  ["user.id<42", false],
  ["user.name=Bob", true],
  ["user.name=bob", false],
  ["user.name~bob", true],
  ["user.tags=Blue", true],
  ["user.tags~blue", true],
  ["user.tags!=red", false],
  ["user.tags.0=red", true],
  ["user.tags.length=2", true],
  ["list.sku=b2", true],
  ["list.1.sku=b2", true],
  ["list.sku!=b2", false],
  ["http.status=503", true],
  ["http.status>=500", true],
  ["dur>100", true],
  ["dur<1e3", true],
  ["user.name>100", false],
  ["ok=false", true],
  ["none=null", true],
  ["none?", true],
  ["empty?", true],
  ["empty=", false],
  ["gone?", false],
  ["gone=1", false],
  ["gone!=1", true],
  ["gone>1", false],
  ["big=9007199254740993", true],
  ["big=9007199254740992", false],
  ["user=42", false],
  ["__proto__.x=1", true],
  ["__proto__?", true],
  ["constructor?", false],
  ["user.__proto__?", false],
  ["time>2026-11-21T09", true],
  ["time<2026-11-21", false],
  ["msg~bob", true],
  ["traceId~0AF", false],
  ["spanId?", false],
  ["since=2026-11-21T10:00", true],
  ["since=2026-11-21T10:00:00.001", false],
  ["/^get \\S+users/i", true],
  ["/^users/", false],
];

for (const [query, isMatch] of MATCHES) {
  test(`${query === "" ? "no query" : query} ${isMatch ? "takes" : "leaves"} the record`, () => {
    const filter = parseQuery(query);
    assert.equal(createMatcher(filter)(LINE), isMatch);
    assert.equal(createRecordMatcher(filter)(JSON.parse(LINE)), isMatch);
    assert.equal(naiveMatch(filter, LINE), isMatch);
  });
}

const TEXTS: readonly [query: string, line: string, isMatch: boolean][] = [
  ["boom", "[ERROR] Boom", true],
  ["level>=warn", "[ERROR] Boom", false],
  ["level=info", "[ERROR] Boom", true],
  ["level=info", "0123456789w", true],
  ["msg~boom", "[ERROR] Boom", true],
  ["since=1970-01-02", "[ERROR] Boom", false],
  ["since=1970-01-01", '{"time":1}', false],
  ["-boom", "[ERROR] Boom", false],
  ["a", '{"broken": "a', true],
  ["level>=error", '{"time":"2026-11-21T10:00:00.000Z","level":"error","msg":"cut o', true],
  ["id=7", '{"level":30,"msg":"x","id":7}', true],
  ["id", '{"level":30,"msg":"x","id":7}', true],
  ["level=info", '{"level":30,"msg":"x","id":7}', true],
  ["level=error", '{"level":"error"}', true],
  ["42", "[42]", true],
  ["1000", '{"msg":"x","fields":{"n":1e3}}', true],
  ["n~e-7", '{"msg":"x","fields":{"n":0.0000001}}', true],
  ["5e-7", '{"msg":"x","fields":{"n":0.0000005}}', true],
  ["infinity", '{"msg":"x","fields":{"n":1e999}}', true],
  ["9007199254740992", '{"msg":"x","fields":{"n":9007199254740993}}', true],
  ["n=1000", '{"msg":"x","fields":{"n":1e3}}', true],
  ["banana", '{"msg":"b\\u0061nana"}', true],
  ["n=banana", '{"msg":"x","fields":{"\\u006e":"b\\u0061nana"}}', true],
  ["a/b", '{"msg":"a\\/b"}', true],
  ["-a/b", '{"msg":"a\\/b"}', false],
  ["n.0=x", '{"msg":"x","fields":{"n":["x"]}}', true],
  ["n.length=1", '{"msg":"x","fields":{"n":["x"]}}', true],
  ['"level"=warn', '{"time":"2026-11-21T10:00:00.000Z","level":"warn","level":"info"}', true],
  [
    "x level=info",
    '{"time":"2026-11-21T10:00:00.000Z","level":"warn","x":1,"level":"info"}',
    false,
  ],
  ["", "", true],
  ["x", "", false],
];

for (const [query, line, isMatch] of TEXTS) {
  test(`${query === "" ? "no query" : query} ${isMatch ? "takes" : "leaves"} ${line}`, () => {
    assert.equal(createMatcher(parseQuery(query))(line), isMatch);
  });
}

test("createMatcher() takes the lines that the filter's meaning takes", () => {
  fc.assert(
    fc.property(filters, fc.array(lines, { minLength: 1, maxLength: 8 }), (filter, some) => {
      const matches = createMatcher(filter);
      // Most random filters leave everything: their parts alone see more of both answers.
      const parts = Object.entries(filter).map(([key, part]) => ({ [key]: part }) as TailFilter);
      for (const line of some) {
        assert.equal(matches(line), naiveMatch(filter, line), line);
        for (const part of parts) {
          assert.equal(createMatcher(part)(line), naiveMatch(part, line), line);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("createRecordMatcher() agrees with createMatcher() on records of loggers", () => {
  fc.assert(fc.property(filters, recordLines, (filter, line) => {
    assert.equal(createRecordMatcher(filter)(JSON.parse(line)), createMatcher(filter)(line));
  }));
});

test("filters of one key take the same lines", () => {
  fc.assert(fc.property(filters, lines, (filter, line) => {
    const same = parseQuery(filterKey(filter), { now: 0 });
    assert.equal(filterKey(same), filterKey(filter));
    assert.equal(createMatcher(same)(line), createMatcher(filter)(line));
  }));
});

test("createMatcher() survives hostile lines", () => {
  const deep = 20_000;
  const hostile = [
    `{"fields":${'{"a":'.repeat(deep)}1${"}".repeat(deep)}}`,
    `{"fields":{"a":${"[".repeat(deep)}1${"]".repeat(deep)}}}`,
    `{"fields":{"a":${"9".repeat(100_000)}}}`,
    `{"fields":{"a":"${"9".repeat(100_000)}x"}}`,
    `{"fields":{"a":1e999,"b":-1e999}}`,
    "\ud800",
    `{"msg":"\ud800\\udfff"}`,
    '{"fields":null,"level":{},"time":[],"logger":3}',
    "{}",
    "{",
    "\0",
  ];
  const filter = readFilter({
    text: ["a"],
    not: ["zz"],
    fields: [{ path: "a.a.a", op: "!=", value: "1" }, { path: "a", op: "exists" }],
    source: ["db"],
    since: 0,
    patterns: [{ source: "(a|aa)+$", flags: "" }],
  });
  for (const line of hostile) {
    assert.equal(createMatcher(filter)(line), false);
    for (const [key, part] of Object.entries(filter)) {
      assert.equal(typeof createMatcher({ [key]: part })(line), "boolean");
    }
    assert.equal(typeof createMatcher(parseQuery("a>1 9 -a=".slice(0, 5)))(line), "boolean");
  }
});
