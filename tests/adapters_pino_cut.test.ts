import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pino } from "pino";
import type { LogRecord, RecordInput } from "../mod.ts";
import { createPinoCutter } from "../src/adapters/pino_cut.ts";
import { PINO_DEFAULTS, recordFromPino } from "../src/adapters/pino_record.ts";
import { Lines } from "../src/pipeline/lines.ts";
import { EncodedRecord } from "../src/record/encoded_record.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { unicodeText } from "./support/unicode_text.ts";

const cut = createPinoCutter("msg");

/** The line that a pipeline makes of a record. */
function encode(
  record: RecordInput,
  transform?: (record: LogRecord) => LogRecord,
  maxRecordBytes?: number,
): string {
  const host = { clock: fakeClock(), threshold: () => 0, transformFailed() {} };
  return new Lines(transform, maxRecordBytes, host).ofInput(record)!;
}

/** Fails unless a line that is cut gives what it gives when it is parsed. */
function assertSame(line: string): boolean {
  const parts = cut(line);
  if (parts === undefined) return false;
  const made = encode(parts);
  const parsed = encode(recordFromPino(line, PINO_DEFAULTS));
  assert.equal(made.indexOf("\n"), made.length - 1);
  assert.deepEqual(JSON.parse(made), JSON.parse(parsed), line);
  assert.deepEqual(encode(parts, (record) => record), parsed, line);
  return true;
}

const KEYS = fc.oneof(
  fc.constantFrom("order", "total", "name", "msg", "level", "time", "traceId", "fields", "a", "b"),
  fc.string({ maxLength: 6, unit: "grapheme" }),
);
const VALUES = fc.oneof(
  fc.string({ unit: "grapheme" }),
  unicodeText(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.object({ maxDepth: 1 }),
);
const FIELDS = fc.dictionary(KEYS, VALUES, { maxKeys: 6, noNullPrototype: true });

test("a line of pino's that is cut gives the record that parsing it gives", () => {
  let cuts = 0;
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  fc.assert(
    fc.property(FIELDS, FIELDS, fc.string({ unit: "grapheme-ascii" }), (bound, fields, msg) => {
      lines.length = 0;
      const log = pino({ base: { pid: 1, hostname: "vm" } }, stream);
      log.info(fields, msg);
      log.info({ order: 1, total: 99.5, text: msg }, "placed");
      log.child({ request: "r1", order: 2 }).warn({ order: 1 }, msg);
      log.child(bound).error(fields, msg);
      for (const line of lines) if (assertSame(line)) cuts++;
    }),
    { numRuns: 300 },
  );
  assert.ok(cuts > 300, `only ${cuts} lines were cut`);
});

const PIECES = fc.constantFrom(
  ...['{"level":', "30", "35", ',"time":', "1531171074631", "1531171074", ',"a":', "1", "01", "-0"],
  ...["-", "1.50", "1.5", "1e9", "true", "nul", '"', "\\", '"x"', '"\\n"', ',"msg":', "{", "}"],
  ...["}\n", "\n", ",", ":", "[", "]", "null", ',"name":', "\u2028", "\ud800", " ", ',"a":1'],
);

test("of text that is almost a line of pino's, nothing is cut that parsing would not take", () => {
  const whole = '{"level":30,"time":1531171074631,"a":1,"b":"x","msg":"m"}\n';
  assert.ok(assertSame(whole));
  const edited = fc.tuple(fc.nat(whole.length), fc.nat(6), fc.array(PIECES, { maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(edited, { maxLength: 3 }), (edits) => {
      let line = whole;
      for (const [at, gone, pieces] of edits) {
        line = line.slice(0, at) + pieces.join("") + line.slice(at + gone);
      }
      if (assertSame(line)) assert.doesNotThrow(() => JSON.parse(line));
    }),
    { numRuns: 5000 },
  );
  fc.assert(fc.property(fc.array(PIECES), (pieces) => void assertSame(pieces.join(""))), {
    numRuns: 2000,
  });
});

const HEAD = '{"level":30,"time":1531171074631';
const PARSED: readonly [why: string, line: string][] = [
  ["a nested value", `${HEAD},"a":{"b":1},"msg":"m"}\n`],
  ["a list", `${HEAD},"a":[1],"msg":"m"}\n`],
  ["an escape", `${HEAD},"msg":"a\\nb"}\n`],
  ["a pair of surrogates", `${HEAD},"msg":"\u{1f600}"}\n`],
  ["a key twice", `${HEAD},"a":1,"b":2,"a":3,"msg":"m"}\n`],
  ["a level twice", `${HEAD},"level":40,"msg":"m"}\n`],
  ["a level of one's own", '{"level":35,"time":1531171074631,"msg":"m"}\n'],
  ["a level by name", '{"level":"info","time":1531171074631,"msg":"m"}\n'],
  ["a time in seconds", '{"level":30,"time":1531171074,"msg":"m"}\n'],
  ["a time as text", '{"level":30,"time":"2018-07-09T21:17:54.631Z","msg":"m"}\n'],
  ["the id of a trace", `${HEAD},"trace_id":"0af7651916cd43dd8448eb211c80319c","msg":"m"}\n`],
  ["an exponent", `${HEAD},"a":1e21,"msg":"m"}\n`],
  ["a field behind the message", `${HEAD},"msg":"m","a":1}\n`],
  ["a line end in its midst", `${HEAD},"msg":"m"}\n{}\n`],
  ["no line end", `${HEAD},"msg":"m"}`],
  ["33 keys", `${HEAD}${Array.from({ length: 33 }, (_, i) => `,"k${i}":1`).join("")}}\n`],
  ["17,000 characters", `${HEAD},"msg":"${"x".repeat(17_000)}"}\n`],
];
for (const [why, line] of PARSED) {
  test(`a line with ${why} is parsed`, () => assert.equal(cut(line), undefined));
}

const CUT: readonly [line: string, expected: RecordInput][] = [
  [`${HEAD},"msg":"m"}\n`, { msg: "m" }],
  [`${HEAD}}\n`, { msg: "" }],
  [`${HEAD},"pid":1,"name":"shop","a":-1.5,"msg":""}\n`, {
    msg: "",
    logger: "shop",
    fields: { pid: 1, a: -1.5 },
  }],
  [`${HEAD},"a":0,"b":0.001,"c":true,"d":null,"e":"é"}\n`, {
    msg: "",
    fields: { a: 0, b: 0.001, c: true, d: null, e: "é" },
  }],
];
for (const [line, expected] of CUT) {
  test(`${line.trimEnd().slice(HEAD.length - 1)} is cut`, () => {
    assert.deepEqual(cut(line)?.plain(), { level: "info", time: 1531171074631, ...expected });
    assert.ok(assertSame(line));
  });
}

test("a message key of one's own is cut, unless it has another meaning", () => {
  const line = `${HEAD},"msg":"field","text":"m"}\n`;
  assert.deepEqual(createPinoCutter("text")(line)?.plain().fields, { msg: "field" });
  for (const key of ["a.b", "name", "level", ""]) {
    assert.equal(createPinoCutter(key)(`${HEAD},"${key}":"m"}\n`), undefined);
  }
});

test("a record of text is used as any other, and cut when it is too long", () => {
  const line = `${HEAD},"name":"shop","a":1,"msg":"${"x".repeat(4000)}"}\n`;
  const record = cut(line)!;
  assert.ok(record instanceof EncodedRecord);
  const { msg, level, time, fields } = record;
  assert.deepEqual([msg.length, level, time, fields], [4000, "info", 1531171074631, { a: 1 }]);
  const made = encode(record, undefined, 1024);
  assert.equal(made, encode(recordFromPino(line, PINO_DEFAULTS), undefined, 1024));
  assert.ok(made.length <= 1024);
});
