import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createLogger, type LogMessage, type LogTarget } from "../src/logger.ts";
import { createEncoder } from "../src/record/encode.ts";
import { LEVEL_RANK, LEVELS } from "../src/record/level.ts";
import type { Fields, LogRecord } from "../src/record/record.ts";

const encoder = createEncoder();

/** A target that keeps what it was given, as the lines that come of it. */
class Recorder implements LogTarget {
  threshold = 0;
  accepts = true;
  readonly lines: string[] = [];
  emit: LogTarget["emit"] = (level, msg, scope, fields) => {
    this.lines.push(encoder.line(level, 0, msg, scope, fields));
    return this.accepts;
  };
  get last(): LogRecord {
    return JSON.parse(this.lines.at(-1) ?? "null") as LogRecord;
  }
}

test("each method writes a record of its level", () => {
  const target = new Recorder();
  const log = createLogger(target, "shop");
  for (const level of LEVELS) {
    assert.equal(log[level](`a ${level}`, { n: 1 }), true);
    assert.deepEqual(target.last, {
      time: "1970-01-01T00:00:00.000Z",
      level,
      msg: `a ${level}`,
      logger: "shop",
      fields: { n: 1 },
    });
  }
});

test("a level that is not wanted reaches nothing and works nothing out", () => {
  const target = new Recorder();
  const log = createLogger(target);
  let calls = 0;
  for (const level of LEVELS) {
    target.threshold = LEVEL_RANK[level] + 1;
    assert.equal(log[level](() => `${calls++}`), true);
    assert.equal(log.isEnabled(level), false);
    target.threshold = LEVEL_RANK[level];
    assert.equal(log.level, level);
    assert.equal(log.isEnabled(level), true);
  }
  assert.deepEqual([calls, target.lines.length], [0, 0]);
});

test("false says that the record was refused", () => {
  const target = new Recorder();
  target.accepts = false;
  const log = createLogger(target);
  assert.equal(log.info("m"), false);
  assert.equal(log.info(() => "m"), false);
  assert.equal(log.info(new Error("m")), false);
});

test("methods work without their logger", async () => {
  const target = new Recorder();
  const { error, with: bind } = createLogger(target);
  await Promise.reject(new Error("lost")).catch(error);
  assert.equal(target.last.msg, "lost");
  bind({ a: 1 }).info("bound");
  assert.deepEqual(target.last.fields, { a: 1 });
});

test("a lazy message is called once, and may bring fields", () => {
  const target = new Recorder();
  const log = createLogger(target);
  let calls = 0;
  log.info(() => `call ${++calls}`);
  assert.equal(target.last.msg, "call 1");
  log.info(() => ["m", { a: 1, b: 1 }], { b: 2, c: 2 });
  assert.deepEqual([target.last.msg, target.last.fields], ["m", { b: 1, c: 2, a: 1 }]);
  log.info(() => new Error("made"));
  assert.equal(target.last.msg, "made");
  log.info(() => [new Error("made"), { a: 1 }]);
  assert.equal(target.last.fields?.a, 1);
});

test("a lazy message that throws gives a record that says so", () => {
  const target = new Recorder();
  const log = createLogger(target);
  log.info(() => {
    throw new TypeError("no luck");
  }, { a: 1 });
  assert.equal(target.last.msg, "Message function threw: no luck");
  const { a, error } = target.last.fields as { a: number; error: Record<string, unknown> };
  assert.deepEqual([a, error.name], [1, "TypeError"]);
});

test("an Error as message gives its message, stack and cause", () => {
  const target = new Recorder();
  const log = createLogger(target);
  log.error(new RangeError("outer", { cause: new Error("inner") }), { id: 7 });
  const { id, error } = target.last.fields as { id: number; error: Record<string, unknown> };
  assert.deepEqual([target.last.msg, id, error.name], ["outer", 7, "RangeError"]);
  assert.match(String(error.stack), /logger\.test/);
  assert.equal((error.cause as Record<string, unknown>).message, "inner");
  log.error(new SyntaxError());
  assert.equal(target.last.msg, "SyntaxError");
});

test("an Error in the place of the fields becomes fields.error", () => {
  const target = new Recorder();
  createLogger(target).error("failed", new Error("why") as unknown as Fields);
  assert.equal((target.last.fields?.error as Record<string, unknown>).message, "why");
});

test("with() binds fields, and those of a record win", () => {
  const target = new Recorder();
  const log = createLogger(target, "a", { x: 1 }).with({ y: 2 }).with({ x: 3 });
  log.info("m");
  assert.deepEqual(target.last.fields, { x: 3, y: 2 });
  log.info("m", { y: 4, z: 5 });
  assert.deepEqual(target.last.fields, { x: 3, y: 4, z: 5 });
  assert.equal(target.last.logger, "a");
});

test("bound fields are copied when they are bound", () => {
  const target = new Recorder();
  const user = { id: 1 };
  const log = createLogger(target).with({ user });
  user.id = 2;
  log.info("m");
  assert.deepEqual(target.last.fields, { user: { id: 1 } });
});

test("child() joins names with a dot and keeps what is bound", () => {
  const target = new Recorder();
  const log = createLogger(target, "shop", { x: 1 });
  log.child("db").child("pool").info("m");
  assert.deepEqual([target.last.logger, target.last.fields], ["shop.db.pool", { x: 1 }]);
  createLogger(target).child("db").info("m");
  assert.equal(target.last.logger, "db");
  log.child("").info("m");
  assert.equal(target.last.logger, "shop");
});

test("trace and span ids go to the record's own places", () => {
  const target = new Recorder();
  const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
  const log = createLogger(target, "a").with({ ...ids, x: 1 });
  log.child("b").with({ y: 2 }).info("m");
  assert.deepEqual(target.last, {
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    msg: "m",
    logger: "a.b",
    ...ids,
    fields: { x: 1, y: 2 },
  });
  log.with({ traceId: "short", spanId: 5 }).info("m");
  assert.deepEqual(target.last.fields, { x: 1, traceId: "short", spanId: 5 });
  assert.equal(target.last.traceId, ids.traceId);
});

const oddities: [message: unknown, fields: unknown, msg: string, form: unknown][] = [
  [undefined, undefined, "undefined", undefined],
  [null, null, "null", undefined],
  [42, 42, "42", { value: 42 }],
  [10n, 10n, "10", { value: "10" }],
  [Symbol("s"), Symbol("f"), "Symbol(s)", { value: "Symbol(f)" }],
  [{ a: 1n }, "text", '{"a":"1"}', { value: "text" }],
  [["a", 1], [1, 2], '["a",1]', { value: [1, 2] }],
  [() => undefined, () => 1, "undefined", { value: "[Function anonymous]" }],
  [() => 42, true, "42", { value: true }],
  [() => [], NaN, "undefined", { value: "NaN" }],
  [new Date(0), new Date(0), "1970-01-01T00:00:00.000Z", { value: "1970-01-01T00:00:00.000Z" }],
  ["", "", "", { value: "" }],
];

for (const [message, fields, msg, form] of oddities) {
  test(`odd arguments give a record: ${msg}`, () => {
    const target = new Recorder();
    const log = createLogger(target);
    assert.equal(log.info(message as LogMessage, (() => fields)() as Fields), true);
    const shown = typeof fields === "function" ? { value: "[Function fields]" } : form;
    assert.equal(target.last.msg, msg);
    if (typeof fields !== "function") assert.deepEqual(target.last.fields, shown);
  });
}

test("nothing that is passed makes a logger throw", () => {
  const target = new Recorder();
  const hostile = new Proxy(() => "x", {
    get: boom,
    has: boom,
    apply: boom,
    ownKeys: boom,
    getPrototypeOf: boom,
    getOwnPropertyDescriptor: boom,
  });
  const hostileObject = new Proxy({}, { get: boom, ownKeys: boom, getPrototypeOf: boom });
  const sly = new Proxy({ a: 1 }, { getOwnPropertyDescriptor: boom });
  const badError = Object.defineProperty(new Error("x"), "message", { get: boom });
  const hostiles = [hostile, hostileObject, sly, badError, Object.create(null) as unknown, boom];
  // Behind functions, since the generator itself would trip over these values.
  const odd = fc.oneof(
    fc.constantFrom(...hostiles.map((value) => () => value)),
    fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true }).map((v) => () => v),
  );
  fc.assert(fc.property(odd, odd, odd, (oddA, oddB, oddC) => {
    const [a, b, c] = [oddA(), oddB(), oddC()];
    const before = target.lines.length;
    const log = createLogger(target, a as string, b as Fields);
    const inner = log.with(c as Fields).child(c as string);
    inner.info(a as string, b as Fields);
    inner.warn(() => a as string, c as Fields);
    inner.warn(() => [a, b] as [string, Fields], c as Fields);
    inner.isEnabled(a as "info");
    assert.equal(target.lines.length, before + 3);
    assert.equal(typeof target.last.msg, "string");
  }));
});

function boom(): never {
  throw new Error("boom");
}
