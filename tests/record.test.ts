import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createEncoder } from "../src/record/encode.ts";
import { fieldsFrom, mergeFields } from "../src/record/fields.ts";
import { recordFromInput } from "../src/record/input.ts";
import { toJsonValue } from "../src/record/json_value.ts";
import type { Fields, LogRecord } from "../src/record/record.ts";
import { createScope, NO_SCOPE } from "../src/record/scope.ts";
import { isoTime } from "../src/record/time.ts";
import { utf8Length } from "../src/record/utf8.ts";
import { codePoint, unicodeText } from "./support/unicode_text.ts";

const NOW = Date.UTC(2026, 10, 21, 5, 23, 23, 123);
const NOW_ISO = "2026-11-21T05:23:23.123Z";
const encoder = createEncoder();

/** The fields as they come out of a line. */
function throughLine(fields: unknown): unknown {
  const line = encoder.line("info", NOW, "m", NO_SCOPE, fields as Fields);
  assertOneLine(line);
  return (JSON.parse(line) as LogRecord).fields;
}

function assertOneLine(line: string): void {
  assert.ok(line.startsWith('{"time":'), line.slice(0, 40));
  assert.equal(line.indexOf("\n"), line.length - 1);
  JSON.parse(line);
}

function throwing(what: unknown): () => never {
  return () => {
    throw what;
  };
}

function getter(get: () => unknown): object {
  return Object.defineProperty({}, "v", { get, enumerable: true });
}

function circle(): object {
  const a: Record<string, unknown> = { name: "a" };
  a.self = a;
  a.list = [a];
  return a;
}

function nested(depth: number): object {
  let value: object = {};
  for (let i = 0; i < depth; i++) value = { v: value };
  return value;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const oddProxy = new Proxy({}, { ownKeys: throwing(new Error("no keys")) });
const ownAnswer = {
  n: 1n,
  toJSON(): object {
    return this;
  },
};

function likeItself(this: object): object {
  return { ...this };
}

const forms: [name: string, value: unknown, form: unknown][] = [
  ["string", 'a\n"b"', 'a\n"b"'],
  ["BigInt", 12345678901234567890n, "12345678901234567890"],
  ["Date", new Date(NOW), NOW_ISO],
  ["invalid Date", new Date(NaN), "Invalid Date"],
  ["NaN", NaN, "NaN"],
  ["Infinity", [Infinity, -Infinity], ["Infinity", "-Infinity"]],
  ["undefined in an array", [undefined, 1], [null, 1]],
  ["undefined in an object", { a: undefined, b: 1n }, { b: "1" }],
  ["function", function named() {}, "[Function named]"],
  ["arrow without a name", (() => () => {})(), "[Function anonymous]"],
  ["symbol", Symbol("x"), "Symbol(x)"],
  ["Map with string keys", new Map([["a", 1n]]), { a: "1" }],
  ["Map with other keys", new Map<unknown, unknown>([[1, "x"], ["a", 2]]), [[1, "x"], ["a", 2]]],
  ["Set", new Set([1, 1n]), [1, "1"]],
  ["RegExp", /a+/g, "/a+/g"],
  ["typed array", new Uint16Array(3), { bytes: 6 }],
  ["ArrayBuffer", new ArrayBuffer(5), { bytes: 5 }],
  ["boxed", [Object("s"), Object(2), Object(false)], ["s", 2, false]],
  ["toJSON", { toJSON: () => ({ a: 1n }) }, { a: "1" }],
  ["toJSON that answers with its object", ownAnswer, { n: "1", toJSON: "[Function toJSON]" }],
  ["toJSON that answers with its own like", { toJSON: likeItself, n: 1n }, {
    toJSON: "[Function likeItself]",
    n: "1",
  }],
  ["toJSON that throws", { toJSON: throwing(new Error("no")) }, "[Thrown: no]"],
  ["getter that throws", getter(throwing("boom")), { v: "[Thrown: boom]" }],
  ["getter that throws an oddity", getter(throwing(Object.create(null))), {
    v: "[Thrown: a value without a text form]",
  }],
  ["proxy that throws", oddProxy, "[Thrown: no keys]"],
  ["circle", circle(), { name: "a", self: "[Circular]", list: ["[Circular]"] }],
  ["same object twice", [[NaN], [NaN]].map((_, _i, all) => all[0]), [["NaN"], ["NaN"]]],
  ["URL", new URL("http://a/b"), "http://a/b"],
  ["no prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
];

for (const [name, value, form] of forms) {
  test(`a field has a defined form: ${name}`, () => {
    assert.deepEqual(throughLine({ value }), { value: form });
    assert.deepEqual(toJsonValue(value), form);
  });
}

test("a revoked proxy has a form", () => {
  assert.match(String(toJsonValue(revoked())), /^\[Thrown: /);
  assert.match(JSON.stringify(throughLine(revoked())), /Thrown/);
});

test("an Error field keeps name, message, stack, cause and its own properties", () => {
  const cause = new RangeError("inner");
  const error = Object.assign(new TypeError("outer", { cause }), { code: "E_X", error: 1n });
  const { e } = throughLine({ e: error }) as { e: Record<string, unknown> };
  assert.equal(e.name, "TypeError");
  assert.equal(e.message, "outer");
  assert.match(String(e.stack), /outer/);
  assert.equal(e.code, "E_X");
  assert.equal(e.error, "1");
  const inner = e.cause as Record<string, unknown>;
  assert.deepEqual([inner.name, inner.message], ["RangeError", "inner"]);
});

test("an AggregateError field keeps its errors, and a circle of causes ends", () => {
  const one: Error & { cause?: unknown } = new Error("one");
  one.cause = one;
  const { e } = throughLine({ e: new AggregateError([one], "all") }) as {
    e: { errors: Record<string, unknown>[] };
  };
  assert.equal(e.errors[0]?.message, "one");
  assert.equal(e.errors[0]?.cause, "[Circular]");
});

test("very deep fields end at 64 levels", () => {
  const text = JSON.stringify(throughLine({ n: 1n, deep: nested(100_000) }));
  assert.ok(text.includes('"[Depth]"'));
  assert.ok(text.length < 600, `${text.length}`);
});

test("references that multiply without end are cut off", () => {
  let many: unknown[] = [1n];
  for (let i = 0; i < 60; i++) many = [many, many];
  const sparse: unknown[] = [];
  sparse.length = 4_000_000_000;
  for (const value of [many, sparse, { toString: 1n, sparse }]) {
    const text = JSON.stringify(toJsonValue(value));
    assert.ok(text.includes('"[Truncated]"'));
    assert.ok(text.length < 8_000_000);
  }
});

test("a __proto__ key is a key like any other", () => {
  const fields = JSON.parse('{"__proto__":{"admin":true},"big":1}') as Record<string, unknown>;
  for (const extra of [1, 1n]) {
    const line = encoder.line("info", NOW, "m", NO_SCOPE, Object.assign(fields, { big: extra }));
    assert.ok(line.includes('"__proto__":{"admin":true}'), line);
  }
  const merged = mergeFields({ a: 1 }, fields);
  assert.equal((merged as { admin?: unknown }).admin, undefined);
  assert.ok(Object.hasOwn(merged, "__proto__"));
});

test("a hidden toJSON of the fields cannot break the line", () => {
  for (const answer of ["text", 5, [1], undefined]) {
    const fields = Object.defineProperty({ a: 1 }, "toJSON", { value: () => answer });
    assert.deepEqual(throughLine(fields), answer === undefined ? undefined : { value: answer });
  }
});

test("fieldsFrom() takes anything", () => {
  assert.equal(fieldsFrom(undefined), undefined);
  assert.equal(fieldsFrom(null), undefined);
  assert.deepEqual(fieldsFrom(42), { value: 42 });
  assert.deepEqual(fieldsFrom([1, 2]), { value: [1, 2] });
  assert.deepEqual(fieldsFrom(new Map([["a", 1]])), { a: 1 });
  assert.equal((fieldsFrom(new Error("x")) as { error: Error }).error.message, "x");
});

test("the keys of a line have their order, and empty ones are left out", () => {
  const scope = createScope({ spanId: "b".repeat(16), logger: "db", traceId: "a".repeat(32) });
  assert.equal(
    encoder.line("warn", NOW, 'say "hi"', scope, { n: 1 }),
    `{"time":"${NOW_ISO}","level":"warn","msg":"say \\"hi\\"","logger":"db",` +
      `"traceId":"${"a".repeat(32)}","spanId":"${"b".repeat(16)}","fields":{"n":1}}\n`,
  );
  const bare = `{"time":"${NOW_ISO}","level":"info","msg":"m"}\n`;
  assert.equal(encoder.line("info", NOW, "m", NO_SCOPE), bare);
  assert.equal(encoder.line("info", NOW, "m", NO_SCOPE, {}), bare);
  assert.equal(encoder.record({ fields: {}, msg: "m", level: "info", time: NOW_ISO }), bare);
});

test("the head of a line follows the time and the level", () => {
  const calls: [level: "info" | "error", timeMs: number][] = [
    ["info", NOW],
    ["error", NOW],
    ["info", NOW],
    ["info", NOW + 1],
    ["error", NOW],
  ];
  for (const [level, timeMs] of calls) {
    const record = JSON.parse(encoder.line(level, timeMs, "", NO_SCOPE)) as LogRecord;
    assert.deepEqual([record.level, record.time], [level, isoTime(timeMs)]);
  }
});

test("a clock without a valid time stamps 1970", () => {
  for (const timeMs of [NaN, Infinity, 8e15, -8e15]) {
    assert.match(
      encoder.line("info", timeMs, "m", NO_SCOPE),
      /^\{"time":"1970-01-01T00:00:00.000Z"/,
    );
  }
});

test("fields of a call win over bound ones, and no key comes twice", () => {
  const scope = createScope({}, { a: 1, b: 2 });
  const head = encoder.line("info", NOW, "m", NO_SCOPE).length - 2;
  const all = (fields?: Fields): string =>
    encoder.line("info", NOW, "m", scope, fields).slice(head);
  assert.equal(all(), ',"fields":{"a":1,"b":2}}\n');
  assert.equal(all({}), ',"fields":{"a":1,"b":2}}\n');
  assert.equal(all({ c: 3 }), ',"fields":{"a":1,"b":2,"c":3}}\n');
  assert.equal(all({ b: 3n }), ',"fields":{"a":1,"b":"3"}}\n');
  assert.equal(all({ b: undefined }), ',"fields":{"a":1,"b":2}}\n');
  assert.equal(
    all(new Map([["a", 9]]) as unknown as Fields),
    ',"fields":{"a":9,"b":2}}\n',
  );
});

test("any value gives one line of JSON", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    stringUnit: codePoint,
    withBoxedValues: true,
  });
  fc.assert(fc.property(anything, anything, unicodeText(), (a, b, msg) => {
    const scope = createScope({}, { bound: 1 });
    assertOneLine(encoder.line("info", NOW, msg, NO_SCOPE, a as Fields));
    assertOneLine(encoder.line("info", NOW, msg, scope, { a, b }));
  }));
});

test("fields that JSON can hold come back as they were", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (fields) => {
    const expected: unknown = JSON.parse(JSON.stringify(fields));
    assert.deepEqual(throughLine(fields) ?? {}, expected);
    assert.deepEqual(toJsonValue(fields), expected);
  }));
});

/** Strings of any units, lone surrogates included. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 })
  .map((units) => String.fromCharCode(...units));

test("any message comes back exactly, and the line is well-formed", () => {
  fc.assert(fc.property(fc.oneof(anyText, unicodeText()), (msg) => {
    const line = encoder.line("info", NOW, msg, NO_SCOPE);
    assertOneLine(line);
    assert.equal((JSON.parse(line) as LogRecord).msg, msg);
    assert.ok(line.isWellFormed());
    const record = { time: NOW_ISO, level: "info", msg } as const;
    assert.equal(encoder.record(record), line);
  }));
});

test("utf8Length() counts what an encoder writes", () => {
  fc.assert(fc.property(anyText, (text) => {
    assert.equal(utf8Length(text), new TextEncoder().encode(text).length);
  }));
});

const small = createEncoder({ maxRecordBytes: 1024 });

test("a record of the longest length stays whole, one byte more is cut", () => {
  const frame = small.line("info", NOW, "", NO_SCOPE).length;
  const whole = "x".repeat(1024 - frame);
  assert.equal(small.line("info", NOW, whole, NO_SCOPE).length, 1024);
  assert.equal((JSON.parse(small.line("info", NOW, whole, NO_SCOPE)) as LogRecord).msg, whole);
  const cut = JSON.parse(small.line("info", NOW, whole + "y", NO_SCOPE)) as LogRecord;
  assert.ok(whole.startsWith(cut.msg));
  assert.deepEqual(cut.fields, { truncated: { originalBytes: whole.length + 1 } });
});

test("a long message is cut at the border of a character", () => {
  for (let lead = 0; lead < 4; lead++) {
    const msg = "a".repeat(lead) + "😀".repeat(1000);
    const line = small.line("info", NOW, msg, NO_SCOPE, { k: 1 });
    const record = JSON.parse(line) as LogRecord;
    assert.ok(msg.startsWith(record.msg) && record.msg.isWellFormed());
    assert.deepEqual(record.fields, { k: 1, truncated: { originalBytes: lead + 4000 } });
    const bytes = utf8Length(line);
    assert.ok(bytes <= 1024 && bytes > 1020, `${bytes}`);
  }
});

test("fields that are too large are replaced, and a message beside them stays", () => {
  const fields = { big: "é".repeat(1000) };
  const record = JSON.parse(
    small.line("info", NOW, "m".repeat(500), NO_SCOPE, fields),
  ) as LogRecord;
  assert.equal(record.msg, "m".repeat(500));
  assert.deepEqual(record.fields, { truncated: { originalFieldsBytes: 2010 } });
});

test("no record is longer than maxRecordBytes", () => {
  const long = fc.tuple(anyText, fc.integer({ min: 0, max: 60 })).map(([t, n]) => t.repeat(n));
  fc.assert(fc.property(long, long, long, (msg, logger, value) => {
    const input = { msg, logger, fields: { value, truncated: "mine" } };
    const scope = createScope({ logger }, { bound: value });
    const lines = [
      small.record(recordFromInput(input, NOW)),
      small.line("fatal", NOW, msg, scope, input.fields),
    ];
    for (const line of lines) {
      assertOneLine(line);
      assert.ok(new TextEncoder().encode(line).length <= 1024);
      assert.ok(msg.startsWith((JSON.parse(line) as LogRecord).msg));
    }
  }));
});

test("createEncoder() names the smallest maxRecordBytes", () => {
  for (const maxRecordBytes of [0, 1023, 1.5, NaN]) {
    assert.throws(() => createEncoder({ maxRecordBytes }), /RangeError.*at least 1024/s);
  }
});
