import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseAnsi } from "../src/tail/page/app/worker/ansi.ts";
import { detailsOf } from "../src/tail/page/app/worker/details.ts";
import { lineOf, plainText, readLine, searchText } from "../src/tail/page/app/worker/log_line.ts";
import { markOf, piecesOf } from "../src/tail/page/app/worker/pieces.ts";
import { unicodeText } from "./support/unicode_text.ts";

const ANSI: readonly [name: string, input: string, text: string, classes: readonly string[]][] = [
  ["plain text has no style", "plain", "plain", []],
  ["a colour ends at its reset", "\u001b[31mred\u001b[0m plain", "red plain", ["fg1", ""]],
  ["an empty code resets", "\u001b[1;92mon\u001b[moff", "onoff", ["bold fg10", ""]],
  ["several attributes stand together", "\u001b[1;3;4;41mx", "x", ["bold italic under bg1"]],
  ["attributes are switched off one by one", "\u001b[1;3ma\u001b[22mb", "ab", [
    "bold italic",
    "italic",
  ]],
  ["256 colours become one of sixteen", "\u001b[38;5;196mx", "x", ["fg9"]],
  ["true colours become one of sixteen", "\u001b[48;2;0;0;255mx", "x", ["bg12"]],
  ["another sequence stays in the text", "a\u001b[2Jb", "a\u001b[2Jb", [""]],
  ["a sequence cut short stays in the text", "a\u001b[31", "a\u001b[31", [""]],
];

for (const [name, input, text, classes] of ANSI) {
  test(`parseAnsi(): ${name}`, () => {
    const styled = parseAnsi(input);
    assert.equal(styled.text, text);
    assert.deepEqual(styled.styles.map((style) => style.classes), classes);
  });
}

test("piecesOf() keeps every character, odd ones by number", () => {
  const text = unicodeText({ maxLength: 30 });
  fc.assert(fc.property(text, fc.string({ minLength: 1, maxLength: 3 }), (input, term) => {
    const shown = piecesOf(input, [markOf(term, "mark")]).map(([piece]) => piece).join("");
    const plain = parseAnsi(input).text;
    const back = shown.replace(
      /U\+([0-9A-F]{4,6})/g,
      (_, hex) => String.fromCodePoint(parseInt(hex, 16)),
    );
    if (!plain.includes("U+")) assert.equal(back, plain);
    assert.doesNotMatch(shown, /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }));
});

test("piecesOf() marks each term, ignoring case unless it has capitals", () => {
  const marks = [markOf("err", "one"), markOf("Time", "two")];
  assert.deepEqual(piecesOf("ERR timeout Time err", marks), [
    ["ERR", "one"],
    [" timeout ", ""],
    ["Time", "two"],
    [" ", ""],
    ["err", "one"],
  ]);
});

test("piecesOf() marks a term that a colour runs through", () => {
  const pieces = piecesOf("time\u001b[31mout\u001b[0m", [markOf("timeout", "mark")]);
  assert.deepEqual(pieces, [["time", "mark"], ["out", "fg1 mark"]]);
});

test("lineOf() keeps a record as it is, and cuts one that is longer than 64 KiB", () => {
  const record = { time: "2026-01-01T00:00:00.000Z", level: "error", msg: "x" };
  assert.equal(lineOf(record), JSON.stringify(record));
  assert.equal(lineOf("any text"), "any text");
  const cut = readLine(lineOf({ ...record, msg: "y".repeat(200_000) }));
  assert.equal(cut.msg.length, 32 * 1024);
  assert.equal(cut.wholeBytes, JSON.stringify({ ...record, msg: "y".repeat(200_000) }).length);
});

test("lineOf() keeps the size that the server said when it cut", () => {
  const record = { msg: "z".repeat(100_000), truncated: 19_000_000 };
  assert.equal(readLine(lineOf(record)).wholeBytes, 19_000_000);
});

test("readLine() takes what is no record as the message", () => {
  for (const line of ["plain", "{broken", "{}", "[1]", '{"a":1}', ""]) {
    assert.equal(readLine(line).msg, line);
  }
});

test("plainText() and searchText() say what the row shows", () => {
  const line = JSON.stringify({
    time: "2026-01-01T00:00:00.000Z",
    level: "warn",
    msg: "Slow query",
    logger: "shop.db",
    fields: { ms: 812.5, sql: "SELECT 1", user: { id: 42 } },
  });
  const fields = 'ms=812.5 sql="SELECT 1" user={"id":42}';
  assert.equal(searchText(readLine(line)), `shop.db Slow query ${fields}`);
  assert.equal(
    plainText(line, "warn"),
    `2026-01-01T00:00:00.000Z WARN  shop.db Slow query ${fields}`,
  );
});

test("detailsOf() unfolds nested values, one a line, under the path a filter knows", () => {
  const line = JSON.stringify({
    msg: "x",
    traceId: "t1",
    fields: { user: { id: 42, tags: ["a", "b"] }, empty: {}, none: null, ok: true },
  });
  const { lines } = detailsOf(7, line, []);
  assert.deepEqual(lines.map(({ depth, path, value, kind }) => [depth, path, value, kind]), [
    [0, "traceId", "t1", "string"],
    [0, "user", undefined, "group"],
    [1, "user.id", "42", "number"],
    [1, "user.tags", undefined, "group"],
    [2, "user.tags.0", "a", "string"],
    [2, "user.tags.1", "b", "string"],
    [0, "empty", "{}", "group"],
    [0, "none", "null", "null"],
    [0, "ok", "true", "boolean"],
  ]);
});

test("detailsOf() bounds what it shows and counts the rest", () => {
  const fields = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, i]));
  const { lines, omitted } = detailsOf(1, JSON.stringify({ msg: "x", fields }), []);
  assert.equal(lines.length + omitted, 1_000);
  assert.equal(lines.length, 400);
});
