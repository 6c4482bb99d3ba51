import assert from "node:assert/strict";
import { test } from "node:test";
import { createEncoder } from "../src/record/encode.ts";
import { parseRecordBytes, recordFromCall, recordFromInput } from "../src/record/input.ts";
import type { RecordInput } from "../src/record/record.ts";
import { createScope } from "../src/record/scope.ts";

const NOW = Date.UTC(2026, 10, 21, 5, 23, 23, 123);
const NOW_ISO = "2026-11-21T05:23:23.123Z";
const encoder = createEncoder();

test("recordFromInput() fills in level and time", () => {
  assert.deepEqual(recordFromInput({ msg: "m" }, NOW), { time: NOW_ISO, level: "info", msg: "m" });
  const times: [unknown, string][] = [
    [0, "1970-01-01T00:00:00.000Z"],
    [new Date(1), "1970-01-01T00:00:00.001Z"],
    ["2024-01-01T02:00:00+02:00", "2024-01-01T00:00:00.000Z"],
    ["not a time", NOW_ISO],
    [new Date(NaN), NOW_ISO],
    [8e15, NOW_ISO],
    [-1e15, NOW_ISO],
  ];
  for (const [time, iso] of times) {
    assert.equal(recordFromInput({ msg: "m", time } as RecordInput, NOW).time, iso);
  }
});

const wrongInputs: [value: unknown, says: RegExp][] = [
  [undefined, /pass an object with a string msg/],
  [[], /pass an object with a string msg/],
  [{}, /msg is undefined, pass a string/],
  [{ msg: 5 }, /msg is of type number/],
  [{ msg: "m", level: "warning" }, /level is "warning", use one of trace, debug/],
  [{ msg: "m", time: true }, /time is of type boolean/],
  [{ msg: "m", fields: [1] }, /fields is an array, pass an object/],
  [{ msg: "m", fields: null }, /fields is null/],
  [{ msg: "m", spanId: 5 }, /spanId is of type number/],
];

test("recordFromInput() says what is wrong with a record", () => {
  for (const [value, says] of wrongInputs) {
    assert.throws(() => recordFromInput(value as RecordInput, NOW), (error: unknown) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, says);
      return true;
    });
  }
});

test("parseRecordBytes() refuses what is no record with a SyntaxError", () => {
  const texts = ["", "{", "null", "[]", '"m"', "{}", '{"msg":1}', '{"msg":"m","level":"warning"}'];
  const all = texts.map((text) => new TextEncoder().encode(text));
  for (const bytes of [...all, new Uint8Array([0x22, 0xff, 0x22])]) {
    assert.throws(() => parseRecordBytes(bytes), (error: unknown) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, /^Malformed record: /);
      return true;
    });
  }
});

test("a line goes through parseRecordBytes() unchanged", () => {
  const scope = createScope({ logger: "db", traceId: "a".repeat(32) }, { a: 1 });
  const line = encoder.line("error", NOW, "mé", scope, { b: { c: [1] } });
  const input = parseRecordBytes(new TextEncoder().encode(line));
  assert.equal(encoder.record(recordFromInput(input, 0)), line);
});

test("keys of JSON bytes that are no place of a record join the fields", () => {
  const bytes = new TextEncoder().encode('{"msg":"m","user":7,"__proto__":1,"fields":{"a":1}}');
  const { fields } = recordFromInput(parseRecordBytes(bytes), NOW);
  assert.equal(JSON.stringify(fields), '{"user":7,"__proto__":1,"a":1}');
});

test("recordFromCall() gives the record that line() encodes", () => {
  const scope = createScope({ logger: "db", spanId: "b".repeat(16) }, { a: 1, b: 2 });
  for (const fields of [undefined, {}, { b: 3, c: 4 }]) {
    const record = recordFromCall("info", NOW, "m", scope, fields);
    assert.equal(encoder.record(record), encoder.line("info", NOW, "m", scope, fields));
  }
});
