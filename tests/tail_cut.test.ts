/** Records that are cut: by the encoder, by the ring, on the wire, or by all of them in turn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createEncoder } from "../src/record/encode.ts";
import { levelOfLine } from "../src/record/line_level.ts";
import { cutRecord } from "../src/tail/cut_record.ts";
import { cutLine } from "../src/tail/face_cut.ts";
import { createTail } from "../src/tail/hub.ts";
import { textOf, withSite } from "./support/tail_site.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const time = "2026-11-21T10:00:00.000Z";

function cut(line: string, limit: number): string {
  return decoder.decode(cutRecord(encoder.encode(line + "\n"), limit)).slice(0, -1);
}

test("a record that is cut twice tells the size that it had at first", () => {
  const line = JSON.stringify({ time, level: "warn", msg: "é".repeat(50_000), logger: "db" });
  const size = encoder.encode(line).length;
  const twice = JSON.parse(cutLine(cut(line, 20_000), 1_000));
  assert.equal(twice.truncated, size);
  assert.deepEqual([twice.level, twice.logger], ["warn", "db"]);
  const text = "plain ".repeat(5_000);
  assert.match(cut(cut(cut(text, 9_000), 4_000), 500), /… cut, 30000 bytes$/);
});

test("a record that the encoder has cut tells the size of its parts when it is cut again", () => {
  const fields = { blob: "b".repeat(9_000) };
  const line = createEncoder({ maxRecordBytes: 4096 })
    .record({ time, level: "info", msg: "m".repeat(10_000), fields });
  const { truncated } = JSON.parse(cut(line.trimEnd(), 1_000));
  assert.ok(truncated > 19_000 && truncated < 19_100, String(truncated));
});

test("a size that is none is not taken over", () => {
  for (const truncated of ["9e9", -1, 1.5, null, { a: 1 }, 3]) {
    const line = JSON.stringify({ msg: "x".repeat(500), truncated, fields: { truncated: "mine" } });
    assert.equal(JSON.parse(cut(line, 200)).truncated, line.length);
  }
});

test("in the smallest ring a record stays JSON, whatever it is called", () =>
  withSite({ tail: createTail({ maxBytes: 256, keepBytes: 128 }) }, async ({ tail, url }) => {
    for (const logger of ["n".repeat(128), "\u0001".repeat(128), "…".repeat(128)]) {
      tail.write({ time, level: "error", logger, msg: "m".repeat(1_000) });
      const [line = ""] = await textOf(`http://${url}?follow=0&from=-1`);
      const record = JSON.parse(line);
      assert.deepEqual([record.level, record.time], ["error", time]);
      assert.ok(record.truncated > 1_000);
    }
  }));

test("levelOfLine() takes text without a level for info", () => {
  const line = createEncoder().record({ time, level: "error", msg: '","level":"debug"' });
  assert.equal(levelOfLine(line), "error");
  for (const text of ["", "e", "0123456789warn", "0123456789fatal", "0123456789trace", "{}"]) {
    assert.equal(levelOfLine(text), "info", text);
  }
});
