import assert from "node:assert/strict";
import { test } from "node:test";
import {
  contextSink,
  type ContextSinkOptions,
  type ContextTarget,
  createWriter,
  type Level,
  LEVELS,
  type LogRecord,
  openPipeline,
  type RecordInput,
} from "../mod.ts";
import { LineBatch } from "../src/delivery/batch.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";

/** Sends records through a sink, and gives what a sink answers. */
async function send(
  target: ContextTarget,
  records: readonly RecordInput[],
  options: ContextSinkOptions = {},
): Promise<void> {
  const pipeline = await openPipeline({
    sinks: { context: contextSink(target, options) },
    clock: fakeClock(),
    onEvent() {},
  });
  for (const record of records) pipeline.write(record);
  await pipeline.close();
}

/** A target that keeps its calls. */
function keeping(names: readonly string[]): { target: ContextTarget; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const method = (name: string) => [name, (...args: unknown[]) => void calls.push([name, ...args])];
  return { target: Object.fromEntries(names.map(method)) as ContextTarget, calls };
}

test("contextSink() logs each record again at its level, in order", async () => {
  const { target, calls } = keeping(LEVELS);
  await send(target, LEVELS.map((level) => ({ level, msg: `a ${level} message` })));
  assert.deepEqual(calls, LEVELS.map((level) => [level, `a ${level} message`]));
});

test("the fields come with the message, and so do the origin and, if asked for, the time", async () => {
  const { target, calls } = keeping(["info"]);
  const traceId = "0123456789abcdef0123456789abcdef";
  const records = [
    { msg: "a", logger: "shop", traceId, fields: { order: 42 } },
    { msg: "b", logger: "shop", fields: { logger: "mine", at: "mine" } },
    { msg: "c" },
  ];
  await send(target, records);
  assert.deepEqual(calls, [
    ["info", "a", { logger: "shop", traceId, order: 42 }],
    ["info", "b", { logger: "mine", at: "mine" }],
    ["info", "c"],
  ]);
  calls.length = 0;
  await send(target, records.slice(1), { timeKey: "at" });
  assert.deepEqual(calls, [
    ["info", "b", { logger: "mine", at: "mine" }],
    ["info", "c", { at: "2026-01-01T00:00:00.000Z" }],
  ]);
});

const FALLBACKS: readonly [has: readonly string[], uses: string][] = [
  [["debug", "info", "error"], "debug debug info info error error"],
  [["info"], "info info info info info info"],
  [["trace", "warn"], "trace trace trace warn warn warn"],
  [["fatal"], "fatal fatal fatal fatal fatal fatal"],
  [["debug", "info", "warn", "error", "trace", "dir"], "debug debug info warn error error"],
];
for (const [has, uses] of FALLBACKS) {
  test(`a target with ${has} gets the levels as ${uses}`, async () => {
    const { target, calls } = keeping(has);
    await send(target, LEVELS.map((level) => ({ level, msg: "m" })));
    assert.deepEqual(calls.map(([name]) => name).join(" "), uses);
  });
}

test("a target like a pino gets the fields first", async () => {
  const { target, calls } = keeping(["info", "bindings"]);
  const records = [{ msg: "a", fields: { x: 1 } }, { msg: "b" }];
  await send(target, records);
  assert.deepEqual(calls, [["info", { x: 1 }, "a"], ["info", "b"]]);
  calls.length = 0;
  await send(target, records, { style: "logger" });
  assert.deepEqual(calls, [["info", "a", { x: 1 }], ["info", "b"]]);
});

test("a console replaces no placeholder of a message with the fields", async () => {
  const { target, calls } = keeping(["info", "dir"]);
  await send(target, [{ msg: "100%d", fields: { x: 1 } }, { msg: "%o" }, {
    msg: "a",
    fields: { x: 1 },
  }]);
  assert.deepEqual(calls, [["info", "%s", "100%d", { x: 1 }], ["info", "%o"], ["info", "a", {
    x: 1,
  }]]);
  contextSink(console);
});

test("the methods keep their this, and one that is replaced later is used", async () => {
  const calls: string[] = [];
  class Mine {
    name = "mine";
    info(msg: string): void {
      calls.push(`${this.name} ${msg}`);
      this.info = (msg) => void calls.push(`replaced ${msg}`);
    }
  }
  await send(new Mine(), [{ msg: "a" }, { msg: "b" }]);
  assert.deepEqual(calls, ["mine a", "replaced b"]);
});

test("a logger of ours is a target, and what it refuses is sent again", async () => {
  const seen: LogRecord[] = [];
  const writer = createWriter({
    mode: "sync",
    start: false,
    process: (one) => void seen.push(one),
  });
  const sink = contextSink(writer.logger("copy"));
  const batch = batchOf(["info", "error"]);
  await assert.rejects(async () => await sink.write(batch, context()), /refused a record/);
  assert.throws(() => sink.writeSync!(batch), /refused a record/);
  writer.start();
  await sink.write(batch, context());
  assert.deepEqual(seen.map(({ level, msg, logger }) => [level, msg, logger]), [
    ["info", "m0", "copy"],
    ["error", "m1", "copy"],
  ]);
});

test("after a failure in the midst of a batch, only what is behind it is sent again", async () => {
  const said: string[] = [];
  let failures = 1;
  const target = {
    info: (msg: string) => {
      if (msg === "m1" && failures-- > 0) throw new Error("once");
      said.push(msg);
    },
  };
  const sink = contextSink(target);
  assert.deepEqual(await sink.write(batchOf(["info", "info", "info"]), context()), { retry: [1] });
  assert.deepEqual(said, ["m0"]);
});

test("a promise of the target is waited for, and its failure is one of the sink", async () => {
  const said: string[] = [];
  const target = {
    info: async (msg: string) => {
      await Promise.resolve();
      if (msg === "m2") throw new Error("rejected");
      said.push(msg);
    },
  };
  const answer = await contextSink(target).write(batchOf(["info", "info", "info"]), context());
  assert.deepEqual(answer, { retry: [2] });
  assert.deepEqual(said, ["m0", "m1"]);
});

test("writeSync() logs a batch at once, for the moment the process ends", () => {
  const { target, calls } = keeping(["warn"]);
  contextSink(target).writeSync!(batchOf(["info", "warn"]));
  assert.deepEqual(calls, [["warn", "m0"], ["warn", "m1"]]);
});

test("contextSink() refuses a target without a method of a level, and an unknown style", () => {
  for (const target of [{}, { log() {} }, null, "console", { info: 1 }]) {
    assert.throws(() => contextSink(target as ContextTarget), {
      name: "TypeError",
      message: /no method of a level/,
    });
  }
  assert.throws(() => contextSink(console, { style: "winston" as "pino" }), {
    name: "RangeError",
    message: /Unknown style "winston".*logger, console, pino/,
  });
});

function batchOf(levels: readonly Level[]): LineBatch {
  const lines = levels.map((level, i) =>
    `{"time":"2026-01-01T00:00:00.000Z","level":"${level}","msg":"m${i}"}\n`
  );
  const bytes = new TextEncoder().encode(lines.join(""));
  return new LineBatch([{ firstSeq: 0, count: levels.length }], bytes);
}

function context(): { signal: AbortSignal; attempt: number } {
  return { signal: new AbortController().signal, attempt: 1 };
}
