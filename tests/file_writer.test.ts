/** A file writer: strategies, modes, counts, callbacks, overflow. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Overflow } from "../mod.ts";
import {
  type FileWriter,
  type FileWriterOptions,
  openFileWriter,
  type WriterMode,
  type WriterStrategy,
} from "../src/sink/file.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { assertNumbered, numbered } from "./support/numbered.ts";
import { inFolder, RUNTIME } from "./support/spawn.ts";

const STRATEGIES: readonly WriterStrategy[] = RUNTIME === "node"
  ? ["line", "block"]
  : ["line", "block", "mapped"];
const MODES: readonly WriterMode[] = ["trigger", "loop", "manual"];

const read = (path: string): string => fs.readFileSync(path, "utf8");

/** Promise: nothing that was sent is in no state. */
function assertAccounted(writer: FileWriter): void {
  const { sent, refused, evicted, written, waiting, lost } = writer.stats();
  assert.equal(sent, refused + evicted + written + waiting + lost);
  for (const count of Object.values(writer.stats())) assert.ok(count >= 0);
}

/** Gives `use` a writer in a folder of its own, and closes it. */
async function withWriter(
  options: FileWriterOptions,
  use: (writer: FileWriter, path: string) => void | Promise<void>,
): Promise<void> {
  await inFolder("writer", async (folder) => {
    const path = join(folder, "logs", "app.log");
    const writer = openFileWriter(path, options);
    try {
      await use(writer, path);
    } finally {
      await writer.close();
    }
  });
}

for (const strategy of STRATEGIES) {
  for (const mode of MODES) {
    test(`${strategy} writer in mode ${mode} writes 100,000 lines in order`, () =>
      withWriter({ strategy, mode, clock: fakeClock(), tickMs: 10 }, async (writer, path) => {
        const count = 100_000;
        for (let n = 0; n < count;) {
          // Bursts of all sizes, some larger than what may wait.
          for (const end = Math.min(count, n + 1 + n % 15_000); n < end; n++) {
            const line = numbered(n);
            const isSent = n % 7 === 0
              ? writer.send(new TextEncoder().encode(line))
              : writer.send(n % 3 === 0 ? line + "\n" : line);
            if (!isSent) {
              assert.equal(mode, "manual");
              assert.equal(writer.stats().waiting, 10_000);
              assert.ok(writer.trigger());
              assert.ok(writer.send(line));
            }
          }
          assertAccounted(writer);
          if (mode !== "manual") await new Promise((resolve) => setTimeout(resolve, 0));
        }
        await writer.close();
        assertAccounted(writer);
        assert.equal(writer.stats().written, count);
        assert.equal(writer.stats().bytes, fs.statSync(path).size);
        assertNumbered([path], 0, count);
      }));
  }
}

if (RUNTIME === "node") {
  test("a mapped writer says in one sentence that Node has no mappings", () =>
    inFolder("writer", (folder) => {
      const path = join(folder, "app.log");
      assert.throws(() => openFileWriter(path, { strategy: "mapped" }), {
        message: `Cannot open output "${path}" through a memory mapping: this runtime has no ` +
          `memory mappings; use the strategy "block"`,
      });
      return Promise.resolve();
    }));
}

test("100 writers at once lose none of their 1,000 lines", () =>
  inFolder("writers", async (folder) => {
    const pathOf = (at: number): string => join(folder, `${at}.log`);
    const writers = Array.from({ length: 100 }, (_, at) =>
      openFileWriter(pathOf(at), {
        strategy: STRATEGIES[at % 2]!,
        mode: MODES[at % 3]!,
      }));
    for (let n = 0; n < 1000; n++) {
      for (const writer of writers) assert.ok(writer.send(numbered(n)));
      if (n % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await Promise.all(writers.map((writer) => writer.close()));
    for (const at of writers.keys()) assertNumbered([pathOf(at)], 0, 1000);
  }));

test("100 callers of one writer lose none of their 1,000 lines", () =>
  withWriter({}, async (writer, path) => {
    await Promise.all(Array.from({ length: 100 }, async (_, caller) => {
      for (let n = 0; n < 1000; n++) {
        assert.ok(writer.send(`${caller} ${n}`));
        if (n % 50 === caller % 50) await Promise.resolve();
      }
    }));
    await writer.close();
    const nextOf = new Map<string, number>();
    for (const line of read(path).trimEnd().split("\n")) {
      const [caller, n] = line.split(" ");
      assert.equal(Number(n), nextOf.get(caller!) ?? 0);
      nextOf.set(caller!, Number(n) + 1);
    }
    assert.deepEqual([...nextOf.values()], Array(100).fill(1000));
  }));

test("send() adds an LF where it is missing, ignores what is empty, and leaves bytes alone", () =>
  withWriter({ mode: "manual" }, async (writer, path) => {
    const bytes = Uint8Array.of(0x00, 0xff, 0x0d);
    for (const line of ["one", "two\n", "", new Uint8Array(0), bytes, "é"]) {
      assert.ok(writer.send(line));
    }
    // The caller may use its bytes again at once.
    bytes.fill(0x78);
    assert.equal(writer.stats().sent, 4);
    assert.ok(writer.trigger());
    assert.equal(fs.readFileSync(path).toString("hex"), "6f6e650a74776f0a00ff0d0ac3a90a");
    await writer.close();
  }));

for (const strategy of STRATEGIES) {
  test(`${strategy} writer keeps lines whole that are longer than a block`, () =>
    withWriter({ strategy, blockBytes: 1000 }, async (writer, path) => {
      const long = ["é".repeat(700), "x".repeat(300_000), "y".repeat(999), "😀".repeat(5_000)];
      const lines = [...long, ...long.map((line) => new TextEncoder().encode(line)), ...long];
      for (const line of lines) assert.ok(writer.send(line));
      await writer.close();
      assert.equal(read(path), [...long, ...long, ...long, ""].join("\n"));
    }));
}

test("line writer makes one write a line, block writer one a block", () =>
  inFolder("writer", async (folder) => {
    const writesOf = async (options: FileWriterOptions): Promise<number> => {
      const writer = openFileWriter(join(folder, "app.log"), options);
      for (let n = 0; n < 1000; n++) writer.send("x".repeat(99));
      await writer.close();
      return writer.stats().writes;
    };
    for (const mode of MODES) assert.equal(await writesOf({ mode, strategy: "line" }), 1000);
    for (const mode of MODES) assert.equal(await writesOf({ mode, blockBytes: 10_000 }), 10);
  }));

test("trigger mode writes a full block at once and the rest when the event loop turns", () =>
  withWriter({ blockBytes: 100 }, async (writer) => {
    writer.send("x".repeat(60));
    assert.equal(writer.stats().written, 0);
    writer.send("x".repeat(60));
    assert.equal(writer.stats().written, 2);
    writer.send("x");
    assert.equal(writer.stats().waiting, 1);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(writer.stats().written, 3);
  }));

for (const strategy of STRATEGIES) {
  test(`${strategy} writer in mode loop writes full blocks at once and the rest every tick`, async () => {
    const clock = fakeClock();
    await withWriter(
      { strategy, mode: "loop", tickMs: 50, blockBytes: 100, clock },
      async (writer) => {
        writer.send("x");
        await clock.advance(49);
        assert.equal(writer.stats().written, 0);
        await clock.advance(1);
        assert.equal(writer.stats().written, 1);
        for (let n = 0; n < 3; n++) writer.send("x".repeat(40));
        assert.equal(writer.stats().waiting, 0);
        writer.send("x");
        await clock.advance(50);
        assert.equal(writer.stats().written, 5);
      },
    );
  });

  test(`${strategy} writer in mode manual writes when it is triggered, and not before`, async () => {
    const clock = fakeClock();
    await withWriter({ strategy, mode: "manual", blockBytes: 10, clock }, async (writer, path) => {
      for (let n = 0; n < 100; n++) writer.send(numbered(n));
      await clock.advance(60_000);
      assert.equal(read(path), "");
      assert.ok(writer.trigger());
      assert.equal(writer.stats().waiting, 0);
      // A mapped file is longer than what it holds until it is closed.
      await writer.close();
      assertNumbered([path], 0, 100);
    });
  });
}

test("onWrite() tells of lines, onFlush() when nothing waits; both may send", () =>
  inFolder("writer", async (folder) => {
    const told: (number | "flush")[] = [];
    const path = join(folder, "app.log");
    const writer = openFileWriter(path, {
      mode: "manual",
      strategy: "line",
      onWrite(lines) {
        told.push(lines);
        if (told.length === 1) writer.send("from onWrite");
      },
      onFlush() {
        told.push("flush");
        if (told.length === 4) writer.send("from onFlush");
      },
    });
    writer.send("one");
    writer.send("two");
    writer.trigger();
    assert.deepEqual(told, [1, 1, 1, "flush"]);
    assert.equal(writer.stats().waiting, 1);
    writer.trigger();
    assert.deepEqual(told, [1, 1, 1, "flush", 1, "flush"]);
    writer.trigger();
    assert.equal(told.length, 6, "nothing was written");
    await writer.close();
    assert.equal(read(path), "one\ntwo\nfrom onWrite\nfrom onFlush\n");
  }));

test("a callback that throws harms no line", async () => {
  const said: unknown[] = [];
  const before = console.error;
  console.error = (...words: unknown[]) => void said.push(words.join(" "));
  try {
    const fail = () => {
      throw new Error("boom");
    };
    await withWriter({ onWrite: fail, onFlush: fail }, async (writer, path) => {
      for (let n = 0; n < 100; n++) writer.send(numbered(n));
      await writer.close();
      assertNumbered([path], 0, 100);
    });
  } finally {
    console.error = before;
  }
  assert.deepEqual(said, ["logflume: onWrite threw boom", "logflume: onFlush threw boom"]);
});

/** What five lines leave of a queue of three. */
const POLICIES: readonly [Overflow, sent: string, left: string, dropped: string][] = [
  ["block", "11100", "012", ""],
  ["drop-newest", "11100", "012", "34"],
  ["warn", "11100", "012", "34"],
  ["drop-oldest", "11111", "234", "01"],
];

for (const [overflow, sent, left, dropped] of POLICIES) {
  test(`a full queue with overflow ${overflow}: ${dropped.length} of 5 lines are dropped`, async () => {
    const gone: string[] = [];
    const onDrop = (line: string | Uint8Array, policy: Overflow): void => {
      assert.equal(policy, overflow);
      gone.push(String(line).trimEnd());
    };
    const before = console.warn;
    let warnings = 0;
    console.warn = () => void warnings++;
    try {
      await withWriter({ mode: "manual", capacity: 3, overflow, onDrop }, async (writer, path) => {
        const answers = [0, 1, 2, 3, 4].map((n) => writer.send(String(n)));
        assert.equal(answers.map(Number).join(""), sent);
        assertAccounted(writer);
        await writer.close();
        assert.equal(read(path).replaceAll("\n", ""), left);
        assert.equal(gone.join(""), dropped);
        assertAccounted(writer);
      });
    } finally {
      console.warn = before;
    }
    assert.equal(warnings, overflow === "warn" ? 1 : 0);
  });
}

test("a full queue with overflow sample takes one line in ten", () =>
  withWriter({ mode: "manual", capacity: 10, overflow: "sample" }, (writer) => {
    for (let n = 0; n < 110; n++) writer.send(String(n));
    const { refused, evicted, waiting } = writer.stats();
    assert.deepEqual({ refused, evicted, waiting }, { refused: 90, evicted: 10, waiting: 10 });
    assertAccounted(writer);
  }));

test("maxQueueBytes bounds what waits", () =>
  withWriter({ mode: "manual", maxQueueBytes: 10_000 }, (writer) => {
    while (writer.send("x".repeat(499)));
    assert.equal(writer.stats().waiting, Math.ceil(10_000 / (2 * 500 + 64)));
  }));

test("a writer that was closed refuses, and closes again", () =>
  withWriter({}, async (writer, path) => {
    writer.send("one");
    await Promise.all([writer.close(), writer.close()]);
    assert.equal(writer.send("two"), false);
    assert.equal(writer.send(Uint8Array.of(1)), false);
    assert.ok(writer.trigger());
    writer.reopen();
    await writer.sync();
    assert.equal(read(path), "one\n");
    assertAccounted(writer);
    assert.equal(writer.stats().refused, 2);
  }));

test("sync() resolves when all that was sent is in the file", () =>
  withWriter({ mode: "manual", durable: true }, async (writer, path) => {
    writer.send("one");
    await writer.sync();
    assert.equal(read(path), "one\n");
  }));

test("openFileWriter() says in one sentence what is wrong", () =>
  inFolder("writer", (folder) => {
    const path = join(folder, "app.log");
    const open = (options: unknown, to = path) => () =>
      void openFileWriter(to, options as FileWriterOptions);
    assert.throws(open({}, ""), TypeError);
    assert.throws(open({}, folder), {
      message: `Cannot open output "${folder}": it is a folder; give the path of a file`,
    });
    const wrong: [unknown, string][] = [
      [{ strategy: "fast" }, 'Unknown strategy "fast": use one of line, block, mapped'],
      [{ mode: "push" }, 'Unknown mode "push": use one of trigger, loop, manual'],
      [
        { overflow: "wait" },
        'Unknown overflow "wait": use one of block, drop-oldest, ' +
        "drop-newest, sample, warn",
      ],
      [{ tickMs: 0 }, "Cannot use tickMs 0: allowed are whole numbers from 1 to 2147483647"],
      [
        { blockBytes: 1.5 },
        "Cannot use blockBytes 1.5: allowed are whole numbers from 1 to 16777216",
      ],
      [{ maxBytes: 0 }, 'The option "maxBytes" must be a whole number from 1, not 0'],
    ];
    for (const [options, message] of wrong) {
      assert.throws(open(options), { name: "RangeError", message });
    }
    assert.ok(!fs.existsSync(path), "nothing was created");
    return Promise.resolve();
  }));

test("a writer goes on in a file that is there, and ends half a line of another program", () =>
  inFolder("writer", async (folder) => {
    const path = join(folder, "app.log");
    fs.writeFileSync(path, "theirs\nhalf");
    const writer = openFileWriter(path);
    assert.equal(read(path), "theirs\nhalf", "only a write ends it");
    writer.send("ours");
    await writer.close();
    assert.equal(read(path), "theirs\nhalf\nours\n");
  }));
