import assert from "node:assert/strict";
import { test } from "node:test";
import { configure, dispose, getLogger } from "@logtape/logtape";
import { openPipeline, type Pipeline } from "../mod.ts";
import { logtapeSink, type LogtapeTarget } from "../src/adapters/logtape.ts";
import { recordingSink } from "../src/testing/recording_sink.ts";

type Kept = ReturnType<typeof recordingSink>;

/** Runs `log` with LogTape in front of a pipeline, and gives what the pipeline's sink got. */
async function logged(log: () => void): Promise<Kept["records"]> {
  const sink = recordingSink();
  await using pipeline = await openPipeline({ sinks: { kept: sink } });
  await configure({
    reset: true,
    sinks: { logflume: logtapeSink(pipeline) },
    loggers: [{ category: "shop", lowestLevel: "trace", sinks: ["logflume"] }, quietMeta([])],
  });
  log();
  await dispose();
  await configure({ reset: true, sinks: {}, loggers: [quietMeta([])] });
  return sink.records;
}

function quietMeta<S extends string>(sinks: S[]) {
  return { category: ["logtape", "meta"], lowestLevel: "warning" as const, sinks };
}

test("every level of LogTape has one of ours, and dispose() waits for delivery", async () => {
  const records = await logged(() => {
    const log = getLogger(["shop", "cart"]);
    for (const level of ["trace", "debug", "info", "warning", "error", "fatal"] as const) {
      log[level](`a ${level}`);
    }
  });
  assert.deepEqual(records.map(({ level, msg, logger }) => [level, msg, logger]), [
    ["trace", "a trace", "shop.cart"],
    ["debug", "a debug", "shop.cart"],
    ["info", "a info", "shop.cart"],
    ["warn", "a warning", "shop.cart"],
    ["error", "a error", "shop.cart"],
    ["fatal", "a fatal", "shop.cart"],
  ]);
});

test("a template is rendered, and its properties are the fields", async () => {
  const records = await logged(() => {
    const log = getLogger("shop");
    log.info("{who} ordered {items} for {total}", {
      who: "ann",
      items: ["a"],
      total: 9.5,
      more: 1,
    });
    log.info`tagged ${"text"} and ${{ id: 7 }} and ${new TypeError("no")}`;
    log.warn("plain {", {});
    log.info({ only: "fields" });
  });
  assert.deepEqual(records.map(({ msg, fields }) => [msg, fields]), [
    ['ann ordered ["a"] for 9.5', { who: "ann", items: ["a"], total: 9.5, more: 1 }],
    ['tagged text and {"id":7} and TypeError: no', undefined],
    ["plain {", undefined],
    ['{"only":"fields"}', { only: "fields" }],
  ]);
});

test("an Error goes with its stack, and the ids of a trace to their places", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const [record, other] = await logged(() => {
    const log = getLogger("shop").with({ traceId, spanId: "b7ad6b7169203331" });
    log.error("failed: {error}", { error: new Error("disk full") });
    getLogger("shop").info("m", { traceId: "mine" });
  });
  assert.equal(record!.msg, "failed: Error: disk full");
  assert.equal(record!.traceId, traceId);
  assert.equal(record!.spanId, "b7ad6b7169203331");
  const { error, ...rest } = record!.fields as { error: { message: string; stack: string } };
  assert.equal(error.message, "disk full");
  assert.match(error.stack, /adapters_logtape/);
  assert.deepEqual(rest, {});
  assert.deepEqual([other!.traceId, other!.fields], [undefined, { traceId: "mine" }]);
});

test("the time of the record is kept", async () => {
  const sink = recordingSink();
  await using pipeline = await openPipeline({ sinks: { kept: sink } });
  logtapeSink(pipeline)({
    category: [],
    level: "odd",
    message: ["m"],
    timestamp: Date.UTC(2024, 1, 3, 4, 5, 6, 789),
    properties: {},
  });
  await pipeline.drain();
  assert.deepEqual(sink.records, [{ time: "2024-02-03T04:05:06.789Z", level: "info", msg: "m" }]);
});

test("a pipeline that throws or refuses never makes LogTape tell its meta logger", async () => {
  const metas: string[] = [];
  let calls = 0;
  const throwing: LogtapeTarget = {
    write() {
      if (++calls > 1) return false;
      throw new Error("broken");
    },
    drain: () => Promise.resolve(),
  };
  const said: unknown[] = [];
  const { error } = console;
  console.error = (...args: unknown[]) => void said.push(args.join(" "));
  try {
    await configure({
      reset: true,
      sinks: {
        logflume: logtapeSink(throwing),
        meta: (record) => void metas.push(String(record.message[0])),
      },
      loggers: [
        { category: "shop", sinks: ["logflume"] },
        { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["meta", "logflume"] },
      ],
    });
    getLogger("shop").info("one");
    getLogger("shop").info("two");
  } finally {
    console.error = error;
    await configure({ reset: true, sinks: {}, loggers: [quietMeta([])] });
  }
  assert.equal(calls, 2);
  assert.deepEqual(metas, []);
  assert.deepEqual(said, ["logflume: the LogTape sink threw broken at: one"]);
});

test("what LogTape says of itself is taken, and a sink of its own that fails makes no loop", async () => {
  const sink = recordingSink();
  await using pipeline = await openPipeline({ sinks: { kept: sink } });
  await configure({
    reset: true,
    sinks: {
      logflume: logtapeSink(pipeline),
      bad: () => {
        throw new Error("bad sink");
      },
    },
    loggers: [
      { category: "shop", sinks: ["bad", "logflume"] },
      quietMeta<"logflume" | "bad">(["bad", "logflume"]),
    ],
  });
  getLogger("shop").info("one");
  await dispose();
  await configure({ reset: true, sinks: {}, loggers: [quietMeta([])] });
  assert.deepEqual(sink.records.map(({ logger }) => logger), ["logtape.meta", "shop"]);
});

test("dispose() waits no longer than it may", async () => {
  const waited: unknown[] = [];
  const target = {
    write: () => true,
    drain: (options: unknown) => Promise.resolve(void waited.push(options)),
  };
  await logtapeSink(target)[Symbol.asyncDispose]();
  await logtapeSink(target, { timeoutMs: 5 })[Symbol.asyncDispose]();
  assert.deepEqual(waited, [{ timeoutMs: 10_000 }, { timeoutMs: 5 }]);
});

test("misuse is one sentence", () => {
  assert.throws(() => logtapeSink({} as Pipeline), {
    name: "TypeError",
    message:
      "Cannot write to this pipeline, it has no write() and drain(): pass what openPipeline() gave",
  });
  assert.throws(() => logtapeSink(undefined as unknown as Pipeline), TypeError);
  const target = { write: () => true, drain: () => Promise.resolve() };
  assert.throws(() => logtapeSink(target, { timeoutMs: -1 }), {
    name: "RangeError",
    message: "Invalid timeoutMs -1: use a number of at least 0",
  });
});
