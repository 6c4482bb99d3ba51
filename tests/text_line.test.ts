import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createEncoder } from "../src/record/encode.ts";
import type { Level } from "../src/record/level.ts";
import type { LogRecord } from "../src/record/record.ts";
import { createScope } from "../src/record/scope.ts";
import { mayBeRecord, recordFromText } from "../src/record/text_line.ts";
import { unicodeText } from "./support/unicode_text.ts";

const NOW = Date.UTC(2026, 10, 21, 5, 23, 23, 123);
const NOW_ISO = "2026-11-21T05:23:23.123Z";

function plain(line: string): LogRecord {
  return { time: NOW_ISO, level: "info", msg: line };
}

const rawLines: string[] = [
  "",
  " ",
  "081109 203615 148 INFO dfs.DataNode$PacketResponder: terminating",
  "{not json}",
  "{",
  "{}",
  '{"level":"error"}',
  '{"msg":5,"message":null}',
  '{"msg":"cut',
  '["msg"]',
  '"msg"',
  '{"msg":"a"} tail',
  "a\rb\0c",
  '{"__proto__":{"msg":"inherited"}}',
  "[".repeat(5000),
  '{"msg":'.repeat(5000),
];

for (const line of rawLines) {
  test(`the message is exactly the line: ${JSON.stringify(line.slice(0, 40))}`, () => {
    assert.deepEqual(recordFromText(line, NOW), plain(line));
  });
}

test("any line that is no JSON object is its own message", () => {
  fc.assert(fc.property(unicodeText(), (line) => {
    const record = recordFromText(line, NOW);
    if (!mayBeRecord(line)) assert.deepEqual(record, plain(line));
    assert.equal(typeof record.msg, "string");
  }));
});

test("pino: level number, milliseconds, other keys as fields", () => {
  const line =
    '{"level":50,"time":1700000000123,"pid":1,"hostname":"h","msg":"boom","err":{"a":1}}';
  assert.deepEqual(recordFromText(line, NOW), {
    time: "2023-11-14T22:13:20.123Z",
    level: "error",
    msg: "boom",
    fields: { pid: 1, hostname: "h", err: { a: 1 } },
  });
});

test("zap: seconds with a fraction; winston: message and timestamp; logstash: @timestamp", () => {
  const zap = recordFromText('{"level":"warn","ts":1700000000.5,"msg":"m"}', NOW);
  assert.deepEqual(zap, { time: "2023-11-14T22:13:20.500Z", level: "warn", msg: "m" });
  const winston = '{"level":"verbose","message":"m","timestamp":"2024-01-01T00:00:00+02:00"}';
  assert.deepEqual(recordFromText(winston, NOW), {
    time: "2023-12-31T22:00:00.000Z",
    level: "debug",
    msg: "m",
  });
  const logstash =
    '  {"@timestamp":"2024-01-01T00:00:00.123456Z","level":"WARNING","message":"m"} ';
  assert.deepEqual(recordFromText(logstash, NOW), {
    time: "2024-01-01T00:00:00.123Z",
    level: "warn",
    msg: "m",
  });
});

const levels: [written: unknown, level: Level][] = [
  ["TRACE", "trace"],
  ["Debug", "debug"],
  ["verbose", "debug"],
  ["notice", "info"],
  ["WARNING", "warn"],
  ["err", "error"],
  ["Critical", "fatal"],
  ["EMERG", "fatal"],
  [10, "trace"],
  [19, "trace"],
  [20, "debug"],
  [30, "info"],
  [35, "info"],
  [40, "warn"],
  [59.9, "error"],
  [60, "fatal"],
];

for (const [written, level] of levels) {
  test(`level ${JSON.stringify(written)} is ${level}`, () => {
    const line = JSON.stringify({ level: written, msg: "m" });
    assert.deepEqual(recordFromText(line, NOW), { time: NOW_ISO, level, msg: "m" });
  });
}

test("a level that is not understood stays in the fields", () => {
  for (const level of ["loud", "", "constructor", "__proto__", 9, 61, 0, -30, "30", null, {}, []]) {
    const record = recordFromText(JSON.stringify({ level, msg: "m" }), NOW);
    assert.deepEqual(record, { ...plain("m"), fields: { level } });
  }
});

test("a time that is not understood stays in the fields", () => {
  const times = [
    "soon",
    "1500",
    "took 1500 ms",
    "12:30",
    "+099999-01-01T00:00:00Z",
    -1,
    1e18,
    null,
  ];
  for (const time of times) {
    const record = recordFromText(JSON.stringify({ time, msg: "m" }), NOW);
    assert.deepEqual(record, { ...plain("m"), fields: { time } });
  }
});

test("the first time that is understood counts, the others stay in the fields", () => {
  const record = recordFromText('{"time":"soon","ts":1,"timestamp":2,"msg":"m"}', NOW);
  assert.equal(record.time, "1970-01-01T00:00:02.000Z");
  assert.deepEqual(record.fields, { time: "soon", ts: 1 });
});

test("seconds end where milliseconds begin", () => {
  const time = (value: number): string =>
    recordFromText(JSON.stringify({ time: value, msg: "m" }), NOW).time;
  assert.equal(time(99_999_999_999), "5138-11-16T09:46:39.000Z");
  assert.equal(time(100_000_000_000), "1973-03-03T09:46:40.000Z");
  assert.equal(time(0), "1970-01-01T00:00:00.000Z");
});

test("msg goes before message, which stays in the fields", () => {
  const record = recordFromText('{"message":"b","msg":"a"}', NOW);
  assert.deepEqual(record, { ...plain("a"), fields: { message: "b" } });
});

test("places with values of another type stay in the fields", () => {
  const line = '{"msg":"m","logger":5,"traceId":null,"spanId":"s","fields":[1]}';
  assert.deepEqual(recordFromText(line, NOW), {
    ...plain("m"),
    spanId: "s",
    fields: { logger: 5, traceId: null, fields: [1] },
  });
});

test("an object named fields is opened unless a name would be lost", () => {
  const fieldsOf = (line: string): unknown => recordFromText(line, NOW).fields;
  assert.deepEqual(fieldsOf('{"msg":"m","fields":{"a":1},"b":2}'), { a: 1, b: 2 });
  assert.deepEqual(fieldsOf('{"msg":"m","fields":{"b":1},"b":2}'), { fields: { b: 1 }, b: 2 });
  assert.deepEqual(fieldsOf('{"msg":"m","fields":{"msg":"x","fields":1}}'), {
    msg: "x",
    fields: 1,
  });
  assert.equal(fieldsOf('{"msg":"m","fields":{}}'), undefined);
});

test("a __proto__ key of a line stays a field and changes nothing else", () => {
  const encoder = createEncoder();
  for (
    const line of ['{"msg":"m","__proto__":{"x":1}}', '{"msg":"m","fields":{"__proto__":{"x":1}}}']
  ) {
    const record = recordFromText(line, NOW);
    assert.equal((record.fields as { x?: unknown }).x, undefined);
    assert.ok(encoder.record(record).endsWith('"fields":{"__proto__":{"x":1}}}\n'));
  }
});

test("a line of our own comes back byte for byte", () => {
  const encoder = createEncoder();
  const scope = createScope({ logger: "db", traceId: "a".repeat(32), spanId: "b".repeat(16) });
  fc.assert(fc.property(
    unicodeText(),
    fc.dictionary(fc.string(), fc.jsonValue()),
    (msg, fields) => {
      const line = encoder.line("warn", NOW, msg, scope, fields);
      assert.equal(encoder.record(recordFromText(line.slice(0, -1), 0)), line);
    },
  ));
});

test("any JSON object with a message keeps every key somewhere", () => {
  const names = fc.constantFrom("time", "ts", "level", "logger", "fields", "message", "a", "b");
  fc.assert(fc.property(fc.dictionary(names, fc.jsonValue()), (rest) => {
    const record = recordFromText(JSON.stringify({ ...rest, msg: "m" }), NOW);
    const kept = JSON.stringify(record);
    for (const key of Object.keys(rest)) {
      if (["fields", "time", "ts", "level"].includes(key)) continue;
      assert.ok(kept.includes(JSON.stringify(key)), `${key} in ${kept}`);
    }
    assert.equal(record.msg, "m");
  }));
});
