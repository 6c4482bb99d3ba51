import { test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { StandardOutput } from "../src/platform/stdio.ts";
import type { LogRecord } from "../src/record/record.ts";
import { consoleSink, outputSink } from "../src/sink/console.ts";
import { prettyRecord } from "../src/sink/pretty.ts";
import type { Batch, SinkContext } from "../src/sink/sink.ts";
import { runtimeArgs } from "./support/runtime_args.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };
const time = "2026-11-21T05:23:23.123Z";
const decoder = new TextDecoder();

function batchOf(firstSeq: number, ...records: LogRecord[]): Batch {
  const lines = records.map((record) => JSON.stringify(record));
  return {
    runs: [{ firstSeq, count: records.length }],
    count: records.length,
    bytes: new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")),
    seqAt: (index) => firstSeq + index,
    lines: () => lines,
    records: () => records,
  };
}

/** An output that remembers; in the background it writes when `release` is called. */
function fakeOutput(inBackground = false) {
  const writes: string[] = [];
  let left: Uint8Array | undefined;
  let done = () => {};
  const output: StandardOutput = {
    isTerminal: false,
    noColor: false,
    write(bytes) {
      if (!inBackground) return void writes.push(decoder.decode(bytes));
      left = bytes;
      return new Promise((resolve) => done = resolve);
    },
    idle: () => Promise.resolve(),
    writeSync(bytes) {
      if (left !== undefined) writes.push(decoder.decode(left));
      left = undefined;
      if (bytes.length > 0) writes.push(decoder.decode(bytes));
    },
  };
  return { output, writes, release: () => done() };
}

test("prettyRecord() shows time, level, logger, message and fields", () => {
  const record: LogRecord = {
    time,
    level: "warn",
    logger: "shop.db",
    msg: "Slow query",
    fields: { ms: 12.5, sql: "SELECT 1", ok: true, user: "ann", list: [1], none: null, empty: "" },
  };
  assert.equal(
    prettyRecord(record, { color: false }),
    '05:23:23.123 WARN  shop.db Slow query ms=12.5 sql="SELECT 1" ok=true user=ann list=[1] none=null empty=""\n',
  );
  assert.equal(
    prettyRecord({ time, level: "info", msg: "hi" }, { color: true }),
    "\x1b[2m05:23:23.123\x1b[0m \x1b[32mINFO \x1b[0m hi\n",
  );
});

test("prettyRecord() shows stacks and causes on indented lines", () => {
  const cause = { name: "Error", message: "down", stack: "Error: down\n    at c (d.ts:3)" };
  const error = {
    name: "TypeError",
    message: "no",
    stack: "TypeError: no\n    at a (b.ts:1)",
    cause,
  };
  assert.equal(
    prettyRecord({ time, level: "error", msg: "failed", fields: { error, n: 1 } }, {
      color: false,
    }),
    '05:23:23.123 ERROR failed error="TypeError: no" n=1\n' +
      "    TypeError: no\n      at a (b.ts:1)\n    caused by Error: down\n      at c (d.ts:3)\n",
  );
});

test("prettyRecord() lets no record command the terminal", () => {
  const evil = "\x1b[2J\u009b1m\r\n\t\x07\x7f\u202e\u2028\0";
  const shown = prettyRecord({
    time,
    level: "info",
    logger: evil,
    msg: evil,
    fields: { [evil]: evil, nested: { evil }, error: { message: evil, stack: `${evil}\n${evil}` } },
  }, { color: false });
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(shown.replaceAll("\n", ""), /[\0-\x1f\x7f-\x9f\u2028\u202e]/);
  assert.match(shown, / \\x1b\[2J\\x9b1m\\r\\n\\t\\x07\\x7f\\u202e\\u2028\\x00 /);
});

test("outputSink() passes JSON lines on untouched", async () => {
  const { output, writes } = fakeOutput();
  const sink = outputSink(output, { pretty: false, color: false });
  const batch = batchOf(1, { time, level: "info", msg: "a\x1b" }, {
    time,
    level: "info",
    msg: "b",
  });
  await sink.write(batch, context);
  assert.deepEqual(writes, [decoder.decode(batch.bytes)]);
});

test("writeSync() does not write a batch again that is on its way", async () => {
  const { output, writes, release } = fakeOutput(true);
  const sink = outputSink(output, { pretty: true, color: false });
  const first = batchOf(1, { time, level: "info", msg: "a" }, { time, level: "info", msg: "b" });
  const second = batchOf(3, { time, level: "info", msg: "c" });
  const written = sink.write(first, context);
  sink.writeSync?.(first);
  sink.writeSync?.(second);
  release();
  await written;
  sink.writeSync?.(second);
  const shown = ["a", "b", "c", "c"].map((msg) => `05:23:23.123 INFO  ${msg}\n`);
  assert.equal(writes.join(""), shown.join(""));
});

test("consoleSink() tells what it does not know", () => {
  // @ts-expect-error: what a JavaScript caller may pass
  assert.throws(() => consoleSink({ format: "xml" }), {
    name: "RangeError",
    message: 'Unknown format "xml" of a console sink: use pretty, json, auto',
  });
});

/** A program that writes 8 MiB through a console sink, says when its timers run, and what failed. */
const PROGRAM = `
import { consoleSink } from ${JSON.stringify(import.meta.resolve("../src/sink/console.ts"))};
const bytes = new Uint8Array(1024 * 1024).fill(97);
bytes[bytes.length - 1] = 10;
const batch = { runs: [{ firstSeq: 1, count: 1 }], count: 1, bytes, seqAt: () => 1 };
const sink = consoleSink();
let ticks = 0;
const timer = setInterval(() => {
  ticks += 1;
  if (ticks === 20) console.error("alive");
}, 1);
try {
  for (let turn = 0; turn < 8; turn++) {
    bytes.fill(97 + turn, 0, bytes.length - 1);
    await sink.write(batch, {});
  }
} catch (error) {
  console.error(error.name);
}
clearInterval(timer);
`;

interface Outcome {
  readonly bytes: Uint8Array;
  readonly errors: string;
}

/** Runs the program and reads `maxBytes` of its output, on wish only once its timers were seen to run. */
async function runProgram(maxBytes: number, waitForTimers: boolean): Promise<Outcome> {
  const folder = fs.mkdtempSync(join(tmpdir(), "logflume-console-"));
  const file = join(folder, "program.mjs");
  fs.writeFileSync(file, PROGRAM);
  try {
    const args = [...runtimeArgs(), pathToFileURL(file).pathname];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let errors = "";
    const alive = new Promise<void>((resolve, reject) => {
      setTimeout(() => reject(new Error("The timers of the program do not run")), 10_000).unref();
      child.stderr.on("data", (chunk: Uint8Array) => {
        errors += decoder.decode(chunk);
        if (errors.includes("alive")) resolve();
      });
    });
    alive.catch(() => child.kill("SIGKILL"));
    const ended = new Promise((resolve) => child.on("close", resolve));
    if (waitForTimers) await alive;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxBytes) break;
    }
    child.stdout.destroy();
    await ended;
    return { bytes: Buffer.concat(chunks), errors };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

test("a slow reader of a pipe gets every byte and never blocks the program", async () => {
  const { bytes } = await runProgram(Infinity, true);
  assert.equal(bytes.length, 8 * 1024 * 1024);
  for (let turn = 0; turn < 8; turn++) {
    const part = bytes.subarray(turn * 1024 * 1024, (turn + 1) * 1024 * 1024 - 1);
    assert.ok(part.every((byte) => byte === 97 + turn), `part ${turn}`);
  }
});

test("a reader that goes away ends the lane with SinkClosedError", async () => {
  const { errors } = await runProgram(1, false);
  assert.match(errors, /^SinkClosedError$/m);
});
