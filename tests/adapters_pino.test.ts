import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { type LogRecord, openPipeline, openWal, type Pipeline, type RecordInput } from "../mod.ts";
import { pinoDestination, type PinoTarget } from "../src/adapters/pino.ts";
import { fileStore } from "../src/storage/file.ts";
import { recordingSink } from "../src/testing/recording_sink.ts";
import type { PinoTask } from "./support/pino_child.ts";
import { readLog } from "./support/read_log.ts";
import { needs } from "./support/real_needs.ts";
import { inFolder, startScript } from "./support/spawn.ts";

/** Runs `log` with a pino in front of a pipeline, and gives what the pipeline's sink got. */
async function logged(
  options: pino.LoggerOptions,
  log: (logger: pino.Logger) => void,
): Promise<readonly LogRecord[]> {
  const sink = recordingSink();
  await using pipeline = await openPipeline({ sinks: { kept: sink } });
  log(pino({ base: null, level: "trace", ...options }, pinoDestination(pipeline)));
  await pipeline.drain();
  return sink.records;
}

/** A pipeline that takes what it is told to. */
function target(takes: () => boolean = () => true) {
  const records: RecordInput[] = [];
  const room = Promise.withResolvers<void>();
  const durable = Promise.withResolvers<void>();
  const made: PinoTarget = {
    write: (record) => takes() && records.push(record) > 0,
    durable: () => durable.promise,
    ready: room.promise,
  };
  return { target: made, records, room, durable };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("every level of pino has its name, and the time is pino's", async () => {
  const records = await logged({ timestamp: () => ',"time":1531171074631' }, (log) => {
    for (const level of ["trace", "debug", "info", "warn", "error", "fatal"] as const) {
      log[level](`a ${level}`);
    }
  });
  assert.deepEqual(
    records,
    ["trace", "debug", "info", "warn", "error", "fatal"].map((level) => ({
      time: "2018-07-09T21:17:54.631Z",
      level,
      msg: `a ${level}`,
    })),
  );
});

test("keys of the line become fields, with what child, serializers and redact made of them", async () => {
  const records = await logged(
    { name: "shop", base: { pid: 1 }, redact: ["password"], serializers: { user: () => "ann" } },
    (log) => {
      const child = log.child({ request: "r1" });
      child.info(
        { user: { secret: 1 }, password: "p", fields: { a: 1 }, logger: "mine" },
        "m %d",
        5,
      );
      log.info({ only: "fields" });
      log.info("");
    },
  );
  assert.deepEqual(records.map(({ msg, logger, fields }) => [msg, logger, fields]), [
    ["m 5", "shop", {
      pid: 1,
      request: "r1",
      user: "ann",
      password: "[Redacted]",
      fields: { a: 1 },
      logger: "mine",
    }],
    ["", "shop", { pid: 1, only: "fields" }],
    ["", "shop", { pid: 1 }],
  ]);
});

test("an Error gives its message and, as pino has it, err with its stack", async () => {
  const [record] = await logged({}, (log) => log.error(new TypeError("disk full")));
  assert.deepEqual([record!.level, record!.msg], ["error", "disk full"]);
  const { err } = record!.fields as { err: { type: string; stack: string } };
  assert.equal(err.type, "TypeError");
  assert.match(err.stack, /adapters_pino/);
});

test("the ids of a trace have their places", async () => {
  const trace_id = "0af7651916cd43dd8448eb211c80319c";
  const [record, other] = await logged({}, (log) => {
    log.info({ trace_id, span_id: "b7ad6b7169203331", trace_flags: "01" }, "m");
    log.info({ traceId: "mine" }, "m");
  });
  assert.deepEqual([record!.traceId, record!.spanId], [trace_id, "b7ad6b7169203331"]);
  assert.deepEqual(record!.fields, { trace_flags: "01" });
  assert.deepEqual([other!.traceId, other!.fields], [undefined, { traceId: "mine" }]);
});

test("a message key, times and levels of one's own are understood", async () => {
  const records = await logged({
    messageKey: "text",
    customLevels: { audit: 35, deep: 5, loud: 70 },
    level: "deep",
    timestamp: pino.stdTimeFunctions.isoTime,
  }, (log) => {
    const own = log as unknown as pino.Logger<"audit" | "deep" | "loud">;
    own.audit({ msg: "a field" }, "m");
    own.deep("m");
    own.loud("m");
  });
  assert.deepEqual(records.map(({ level, msg, fields }) => [level, msg, fields]), [
    ["info", "m", { level: 35, msg: "a field" }],
    ["trace", "m", { level: 5 }],
    ["fatal", "m", { level: 70 }],
  ]);
  const names = await logged(
    {
      formatters: { level: (level) => ({ level }) },
      customLevels: { audit: 35 },
      timestamp: false,
    },
    (log) => {
      log.warn("m");
      (log as unknown as pino.Logger<"audit">).audit("m");
    },
  );
  assert.deepEqual(names.map(({ level, fields }) => [level, fields]), [
    ["warn", undefined],
    ["info", { level: "audit" }],
  ]);
  const [seconds] = await logged({ timestamp: () => ',"time":1531171074' }, (log) => log.info("m"));
  assert.equal(seconds!.time, "2018-07-09T21:17:54.000Z");
});

test("one of pino's streams among others is a destination too", async () => {
  const sink = recordingSink();
  await using pipeline = await openPipeline({ sinks: { kept: sink } });
  const lines: string[] = [];
  const streams = pino.multistream([
    { stream: pinoDestination(pipeline), level: "warn" },
    { stream: { write: (line: string) => void lines.push(line) } },
  ]);
  const log = pino({ base: null }, streams);
  log.info("a");
  log.warn("b");
  log.flush();
  streams.flushSync();
  await pipeline.drain();
  assert.deepEqual([lines.length, sink.records.map(({ msg }) => msg)], [2, ["b"]]);
});

test("what is no line of pino's is a message as it is", async () => {
  const sink = recordingSink();
  await using pipeline = await openPipeline({ sinks: { kept: sink } });
  const destination = pinoDestination(pipeline);
  for (
    const line of ["plain\n", "[1]\n", '{"level":30,', "null\n", '{"level":"odd","time":"?"}\n']
  ) {
    assert.equal(destination.write(line), true);
  }
  await pipeline.drain();
  assert.deepEqual(sink.records.map(({ msg, level, fields }) => [msg, level, fields]), [
    ["plain", "info", undefined],
    ["[1]", "info", undefined],
    ['{"level":30,', "info", undefined],
    ["null", "info", undefined],
    ["", "info", { level: "odd", time: "?" }],
  ]);
});

test("a line that is refused is told as drop, and room as drain, once", async () => {
  let takes = false;
  const { target: pipeline, records, room } = target(() => takes);
  const destination = pinoDestination(pipeline);
  const told: unknown[] = [];
  destination.on("drop", (line: string) => void told.push(line));
  destination.on("drain", () => void told.push("drain"));
  assert.equal(destination.write('{"msg":"a"}\n'), false);
  assert.equal(destination.write('{"msg":"b"}\n'), false);
  takes = true;
  room.resolve();
  await turn();
  assert.equal(destination.write('{"msg":"c"}\n'), true);
  assert.deepEqual(told, ['{"msg":"a"}\n', '{"msg":"b"}\n', "drain"]);
  assert.deepEqual(records, [{ msg: "c" }]);
});

test("flush() calls back when all is durable, or with what keeps it from that", async () => {
  const { target: pipeline, durable } = target();
  const destination = pinoDestination(pipeline);
  const calls: (string | undefined)[] = [];
  const log = pino(destination);
  log.flush((error) => void calls.push(error?.message));
  destination.flush(null);
  destination.flush();
  await turn();
  assert.equal(calls.length, 0);
  durable.resolve();
  await turn();
  assert.deepEqual([...calls], [undefined]);
  const failing = pinoDestination({ ...pipeline, durable: () => Promise.reject("no disk") });
  failing.flush((error) => void calls.push(error?.message));
  failing.flush();
  await turn();
  failing.on("error", (error: Error) => void calls.push(`told ${error.message}`));
  failing.flush();
  await turn();
  assert.deepEqual([...calls], [undefined, "no disk", "told no disk"]);
});

test("the events come in their order, end() takes no more lines, and nothing throws after it", async () => {
  const { target: pipeline, records, durable } = target();
  const destination = pinoDestination(pipeline);
  const told: string[] = [];
  for (const event of ["ready", "finish", "close", "drop", "error", "drain"]) {
    destination.on(event, () => void told.push(event));
  }
  await turn();
  destination.reopen();
  assert.equal(destination.writable, true);
  destination.end();
  destination.end();
  const log = pino({ base: null }, destination);
  log.info("too late");
  log.fatal("too late");
  assert.deepEqual([destination.writable, destination.destroyed, records], [false, false, []]);
  durable.resolve();
  await turn();
  destination.flushSync();
  destination.destroy();
  assert.equal(destination.destroyed, true);
  assert.deepEqual(told, ["ready", "drop", "drop", "finish", "close"]);
  const failing = pinoDestination({ ...pipeline, durable: () => Promise.reject(new Error("x")) });
  for (const event of ["error", "finish", "close"]) failing.on(event, () => void told.push(event));
  failing.end();
  await turn();
  assert.deepEqual(told.slice(5), ["error", "close"]);
});

test("listeners come and go as those of an EventEmitter do", () => {
  const destination = pinoDestination(target().target);
  const calls: string[] = [];
  const first = (): void => {
    calls.push("first");
    destination.off("x", second);
  };
  const second = (): void => void calls.push("second");
  destination.on("x", first).addListener("x", second).once("x", () => void calls.push("once"));
  assert.equal(destination.listenerCount("x"), 3);
  assert.equal(destination.emit("x"), true);
  assert.equal(destination.emit("x"), true);
  destination.removeListener("x", first).removeListener("x", first);
  assert.equal(destination.emit("x"), false);
  assert.deepEqual(calls, ["first", "second", "once", "first"]);
  assert.throws(() => destination.on("x", undefined as never), {
    name: "TypeError",
    message: 'Cannot listen to "x": pass a function',
  });
});

const ENDS: readonly [PinoTask["last"], string][] = [
  ["flushSync", "is killed right after flushSync()"],
  ["fatal", "is killed right after log.fatal()"],
  ["exit", "calls process.exit()"],
];
for (const [last, how] of ENDS) {
  test(`no line is lost when the process ${how}`, { ...needs("a kill", "signals") }, async () => {
    await inFolder("pino", async (folder) => {
      const task: PinoTask = { folder, count: 500, last };
      const { stderr } = await startScript("pino_child.ts", task).ended;
      assert.equal(stderr, "");
      const msgs = await messagesIn(folder);
      assert.deepEqual(msgs.slice(0, 500), Array(500).fill("order placed"));
      assert.deepEqual(msgs.slice(500), last === "fatal" ? ["the end"] : []);
    });
  });
}

async function messagesIn(folder: string): Promise<unknown[]> {
  const wal = await openWal(fileStore(folder), {});
  try {
    const { lines } = await readLog(wal);
    return [...lines.values()].map((line) => (JSON.parse(line) as LogRecord).msg);
  } finally {
    await wal.close();
  }
}

test("misuse is one sentence", () => {
  assert.throws(() => pinoDestination({} as Pipeline), {
    name: "TypeError",
    message:
      "Cannot write to this pipeline, it has no write() and durable(): pass what openPipeline() gave",
  });
});
