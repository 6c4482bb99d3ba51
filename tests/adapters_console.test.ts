import assert from "node:assert/strict";
import { test } from "node:test";
import { format } from "node:util";
import {
  consoleSink,
  contextSink,
  createWriter,
  type Logger,
  type LogRecord,
  openPipeline,
  RejectedError,
} from "../mod.ts";
import {
  captureConsole,
  type CaptureOptions,
  type ConsoleMethod,
} from "../src/adapters/console.ts";
import { recordingSink } from "../src/testing/recording_sink.ts";

const METHODS = ["debug", "log", "info", "warn", "error", "trace"] as const;

/** A console that keeps what it prints. */
function keeping() {
  const printed: unknown[][] = [];
  const method = (name: string) => (...args: unknown[]) => void printed.push([name, ...args]);
  const console = Object.fromEntries(METHODS.map((name) => [name, method(name)])) as Record<
    ConsoleMethod,
    (...args: unknown[]) => void
  >;
  return { console, printed };
}

/** A logger of ours that keeps its records. */
function logging(): { logger: Logger; records: LogRecord[] } {
  const records: LogRecord[] = [];
  const writer = createWriter({ mode: "sync", process: (one) => void records.push(one) });
  return { logger: writer.logger("console"), records };
}

/** Captures the real console for a while, and gives what was logged. */
function captured(use: () => void, options: CaptureOptions = {}): LogRecord[] {
  const { logger, records } = logging();
  {
    using _captured = captureConsole(logger, options);
    use();
  }
  return records;
}

test("every method of the console has its level", () => {
  const records = captured(() => {
    for (const method of METHODS) console[method](`a ${method}`);
  });
  assert.deepEqual(records.map(({ level, msg, logger }) => [level, msg, logger]), [
    ["debug", "a debug", "console"],
    ["info", "a log", "console"],
    ["info", "a info", "console"],
    ["warn", "a warn", "console"],
    ["error", "a error", "console"],
    ["trace", "a trace", "console"],
  ]);
});

const CALLS: readonly unknown[][] = [
  [],
  ["plain"],
  ["%s ordered %d for %f", "ann", 42, 9.5, "extra"],
  ["%i%% of %j", 12.7, { a: [1] }],
  ["%o and %O", { a: 1 }, { b: { c: {} } }],
  ["styled %cred", "color: red"],
  ["%x %", 1],
  [1, true, null, undefined, 10n, Symbol("s")],
  [{ a: 1, b: [1, 2] }, [1, "two"], new Map([["k", 1]])],
  ["two\nlines", "\u001b[31m"],
];
for (const [index, args] of CALLS.entries()) {
  test(`the message is what node:util makes of the arguments, case ${index}`, () => {
    const [record] = captured(() => console.log(...args));
    assert.equal(record!.msg, format(...args));
    assert.equal(record!.fields, undefined);
  });
}

test("an Error stands in the message by one line, and its stack in a field", () => {
  const [one, two] = captured(() => {
    console.error("failed:", new TypeError("disk full"), { id: 7 });
    console.error(new Error("a"), new Error("b"));
  });
  assert.equal(one!.msg, "failed: TypeError: disk full { id: 7 }");
  const { error, ...rest } = one!.fields as { error: { message: string; stack: string } };
  assert.equal(error.message, "disk full");
  assert.match(error.stack, /adapters_console/);
  assert.deepEqual(rest, {});
  assert.equal(two!.msg, "Error: a Error: b");
  const { errors } = two!.fields as { errors: { message: string }[] };
  assert.deepEqual(errors.map(({ message }) => message), ["b"]);
});

test("trace carries the stack, from the place in the program on", () => {
  const [record] = captured(function placeOfTheCall() {
    console.trace("here");
  });
  const stack = (record!.fields as { stack: string }).stack.split("\n");
  assert.match(stack[0]!, /placeOfTheCall|adapters_console\.test/);
  assert.ok(stack.every((line) => !line.includes("src/adapters")), stack.join("\n"));
});

test("arguments that cannot be printed make no call of the console throw", () => {
  const records = captured(() => {
    console.log("%s", {
      get [Symbol.toStringTag]() {
        throw new Error("getter");
      },
      toString() {
        throw new Error("text");
      },
    });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    console.log(proxy);
    const error = new Error("e");
    Object.defineProperty(error, "message", {
      get() {
        throw new Error("message");
      },
    });
    console.error(error);
  });
  assert.equal(records.length, 3);
});

test("nothing is printed, unless it is to pass through", () => {
  const { console, printed } = keeping();
  assert.equal(captured(() => console.log("a %d", 1), { console }).length, 1);
  assert.deepEqual(printed, []);
  assert.equal(captured(() => console.log("a %d", 1), { console, passThrough: true }).length, 1);
  assert.deepEqual(printed, [["log", "a %d", 1]]);
});

test("only the methods that are asked for are captured", () => {
  const { console, printed } = keeping();
  const records = captured(() => {
    console.log("a");
    console.error("b");
  }, { console, methods: ["error", "error"] });
  assert.deepEqual(records.map(({ msg }) => msg), ["b"]);
  assert.deepEqual(printed, [["log", "a"]]);
});

test("the console is exactly what it was when the capture ends", () => {
  const before = METHODS.map((name) => Object.getOwnPropertyDescriptor(console, name));
  captured(() => {
    assert.notDeepEqual(
      METHODS.map((name) => Object.getOwnPropertyDescriptor(console, name)),
      before,
    );
  });
  assert.deepEqual(METHODS.map((name) => Object.getOwnPropertyDescriptor(console, name)), before);
  class Inherited {
    log(): void {}
  }
  const inherited = new Inherited();
  captured(() => assert.ok(Object.hasOwn(inherited, "log")), {
    console: inherited,
    methods: ["log"],
  });
  assert.deepEqual(Object.keys(inherited), []);
  const hidden = Object.defineProperty({}, "log", { value: () => {}, configurable: true });
  captured(() => {}, { console: hidden as Inherited, methods: ["log"] });
  assert.deepEqual(Object.getOwnPropertyDescriptor(hidden, "log")?.writable, false);
});

const ORDERS: readonly (readonly [ends: string, heard: string])[] = [
  ["", "c"],
  ["c", "b"],
  ["b", "c"],
  ["a", "c"],
  ["cb", "a"],
  ["ab", "c"],
  ["ca", "b"],
];
for (const [ends, heard] of ORDERS) {
  test(`of captures a, b and c, when "${ends}" have ended, ${heard} gets what is said`, () => {
    const { console, printed } = keeping();
    const { log } = console;
    const heardBy: string[] = [];
    const capture = (name: string) => {
      const info = (): void => void heardBy.push(name);
      const logger = { debug: info, info, warn: info, error: info, trace: info };
      return [name, captureConsole(logger, { console, methods: ["log"] })] as const;
    };
    const captures = new Map(["a", "b", "c"].map(capture));
    for (const name of ends) {
      captures.get(name)![Symbol.dispose]();
      captures.get(name)![Symbol.dispose]();
    }
    console.log("m");
    assert.deepEqual([heardBy, printed], [[heard], []]);
    for (const one of captures.values()) one[Symbol.dispose]();
    assert.equal(console.log, log);
  });
}

test("a capture that lets pass hands on to the one below it", () => {
  const { console, printed } = keeping();
  const below = logging();
  const above = logging();
  using _below = captureConsole(below.logger, { console, passThrough: true });
  using _above = captureConsole(above.logger, { console, passThrough: true });
  console.log("m");
  assert.deepEqual([below.records.length, above.records.length, printed.length], [1, 1, 1]);
});

test("a method that somebody else replaced meanwhile is left to them", () => {
  const { console, printed } = keeping();
  const { logger, records } = logging();
  const capture = captureConsole(logger, { console, methods: ["log"] });
  const ours = console.log;
  const theirs = (...args: unknown[]): void => ours("theirs", ...args);
  console.log = theirs;
  console.log("a");
  capture[Symbol.dispose]();
  console.log("b");
  assert.equal(console.log, theirs);
  assert.deepEqual([records.map(({ msg }) => msg), printed], [["theirs a"], [[
    "log",
    "theirs",
    "b",
  ]]]);
});

test("what a logger says by the console while it logs is printed, once", () => {
  const { console, printed } = keeping();
  const heard: string[] = [];
  const info = (msg: string): void => {
    heard.push(msg);
    console.log(`logged ${msg}`);
    if (msg === "b") throw new Error("a logger that throws");
  };
  using _captured = captureConsole({ debug: info, info, warn: info, error: info, trace: info }, {
    console,
  });
  console.log("a");
  console.log("b");
  assert.deepEqual(heard, ["a", "b"]);
  assert.deepEqual(printed, [["log", "logged a"], ["log", "logged b"], ["log", "b"]]);
});

test("a pipeline whose sink is the console makes no loop, and neither does its own voice", async () => {
  const { console: kept, printed } = keeping();
  const sink = recordingSink();
  const before = globalThis.console;
  globalThis.console = { ...before, ...kept } as Console;
  try {
    await using pipeline = await openPipeline({
      sinks: {
        console: consoleSink({ stream: "stderr", format: "json" }),
        context: contextSink(globalThis.console),
        kept: sink,
        bad: () => {
          throw new RejectedError("broken");
        },
      },
    });
    using _captured = captureConsole(pipeline.logger("console"));
    console.log("the only one");
    await pipeline.drain();
    assert.deepEqual(sink.records.map(({ msg }) => msg), ["the only one"]);
    assert.deepEqual(pipeline.stats().accepted, 1);
  } finally {
    globalThis.console = before;
  }
  assert.deepEqual(printed.map(([name, msg]) => [name, msg]), [
    ["info", "the only one"],
    ["error", 'logflume: Sink "bad" gave up 1 record, kept in the dead letters: broken'],
  ]);
});

test("misuse is one sentence", () => {
  const { logger } = logging();
  const misuses: [() => unknown, string][] = [
    [
      () => captureConsole({} as Logger),
      'Cannot capture console.debug, the logger has no debug(): pass pipeline.logger("console")',
    ],
    [
      () => captureConsole(logger, { methods: ["table" as "log"] }),
      "Cannot capture console.table: use some of debug, log, info, warn, error, trace",
    ],
    [
      () => captureConsole(logger, { console: {} }),
      "Cannot capture console.debug: this console has no such method",
    ],
  ];
  const { log } = console;
  for (const [misuse, message] of misuses) assert.throws(misuse, { message });
  assert.equal(console.log, log);
});
