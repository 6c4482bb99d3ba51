/** The logger with its own file, and the variables of the environment that stand in for its options. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { init, type InitOptions } from "../src/sink/file.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { runtimeArgs } from "./support/runtime_args.ts";
import { inFolder, RUNTIME } from "./support/spawn.ts";

const read = (path: string): string => fs.readFileSync(path, "utf8");

test("init() is all it takes: lines of JSON in a file", () =>
  inFolder("init", async (folder) => {
    const path = join(folder, "logs", "app.log");
    const clock = fakeClock(Date.UTC(2026, 0, 1));
    const log = init(path, { clock, name: "shop", fields: { region: "eu" } });
    assert.ok(log.info("hi", { a: 1 }));
    assert.ok(log.child("db").with({ b: 2 }).error(new Error("boom"), { c: "é" }));
    assert.equal(log.path, path);
    await log.close();
    const [first, second] = read(path).trimEnd().split("\n");
    assert.equal(
      first,
      '{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"hi","logger":"shop",' +
        '"fields":{"region":"eu","a":1}}',
    );
    const { msg, logger, fields } = JSON.parse(second!);
    assert.deepEqual([msg, logger, fields.b, fields.c], ["boom", "shop.db", 2, "é"]);
    assert.equal(log.stats().written, 2);
    assert.equal(log.info("too late"), false);
  }));

test("setLevel() holds for the logger and those made from it", () =>
  inFolder("init", async (folder) => {
    const path = join(folder, "app.log");
    const log = init(path, { level: "warn" });
    const child = log.child("db");
    assert.ok(child.info("left out"));
    assert.equal(log.level, "warn");
    log.setLevel("debug");
    assert.equal(child.level, "debug");
    child.info("there");
    assert.throws(() => log.setLevel("loud" as "info"), RangeError);
    await log[Symbol.asyncDispose]();
    assert.deepEqual(read(path).match(/"msg":"[^"]*"/g), ['"msg":"there"']);
  }));

test("a logger in mode manual writes when it is triggered, and sync() makes it durable", () =>
  inFolder("init", async (folder) => {
    const path = join(folder, "app.log");
    const log = init(path, { mode: "manual" });
    log.info("one");
    assert.equal(read(path), "");
    assert.ok(log.trigger());
    assert.equal(log.stats().written, 1);
    fs.renameSync(path, `${path}.1`);
    log.reopen();
    log.info("two");
    await log.sync();
    assert.match(read(path), /^{"time":"[^"]+","level":"info","msg":"two"}\n$/);
    await log.close();
  }));

test("a record that is too long is cut, and stays one line", () =>
  inFolder("init", async (folder) => {
    const path = join(folder, "app.log");
    const log = init(path, { maxRecordBytes: 2_000 });
    log.info("x".repeat(100_000));
    log.info("\n");
    await log.close();
    const lines = read(path).trimEnd().split("\n");
    assert.equal(lines.length, 2);
    assert.ok(lines[0]!.length < 2_000);
    for (const line of lines) JSON.parse(line);
  }));

/** What a process of its own says that has these variables. */
function inChild(
  path: string,
  env: Readonly<Record<string, string>>,
  options: InitOptions = {},
  permissions: readonly string[] = ["-A"],
): string {
  const script = fileURLToPath(new URL("support/init_child.ts", import.meta.url));
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...runtimeArgs("--no-prompt", ...permissions), script, path, JSON.stringify(options)],
    { env: { ...process.env, ...env }, encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

const said = (level: string, written: number, writes: number, waiting: number): string =>
  JSON.stringify({ level, written, writes, waiting });

/** What the variables and options come to. */
const CASES: readonly [name: string, env: Record<string, string>, InitOptions, outcome: string][] =
  [
    ["nothing is set", {}, {}, said("trace", 0, 0, 2)],
    [
      "empty variables",
      { LOGFLUME_LEVEL: "", LOGFLUME_WRITER_TYPE: "" },
      {},
      said("trace", 0, 0, 2),
    ],
    ["LOGFLUME_LEVEL", { LOGFLUME_LEVEL: "warn" }, {}, said("warn", 0, 0, 1)],
    ["LOGFLUME_WRITER_TYPE", { LOGFLUME_WRITER_TYPE: "line" }, {}, said("trace", 2, 2, 0)],
    [
      "LOGFLUME_WRITER_MODE",
      { LOGFLUME_WRITER_TYPE: "line", LOGFLUME_WRITER_MODE: "manual" },
      {},
      said("trace", 0, 0, 2),
    ],
    [
      "options over variables",
      { LOGFLUME_LEVEL: "fatal", LOGFLUME_WRITER_TYPE: "line", LOGFLUME_WRITER_MODE: "wrong" },
      { level: "warn", strategy: "block", mode: "loop" },
      said("warn", 0, 0, 1),
    ],
    [
      "a wrong level",
      { LOGFLUME_LEVEL: "loud" },
      {},
      'RangeError: The environment variable LOGFLUME_LEVEL is "loud": allowed are trace, debug, ' +
      "info, warn, error, fatal",
    ],
    [
      "a wrong type",
      { LOGFLUME_WRITER_TYPE: "blok" },
      {},
      'RangeError: The environment variable LOGFLUME_WRITER_TYPE is "blok": allowed are line, ' +
      "block, mapped",
    ],
    [
      "a wrong mode",
      { LOGFLUME_WRITER_MODE: "push" },
      {},
      'RangeError: The environment variable LOGFLUME_WRITER_MODE is "push": allowed are trigger, ' +
      "loop, manual",
    ],
  ];

for (const [name, env, options, outcome] of CASES) {
  test(`init() in a process with ${name}`, { timeout: 60_000 }, () =>
    inFolder("init", (folder) => {
      assert.equal(inChild(join(folder, "app.log"), env, options), outcome);
      return Promise.resolve();
    }));
}

if (RUNTIME === "deno") {
  const files = ["--allow-read", "--allow-write"];
  test(
    "init() on Deno without --allow-env: as if no variable were set",
    { timeout: 60_000 },
    () =>
      inFolder("init", (folder) => {
        const path = join(folder, "app.log");
        const env = { LOGFLUME_LEVEL: "warn" };
        assert.equal(inChild(path, env, {}, files), said("trace", 0, 0, 2));
        const one = [...files, "--allow-env=LOGFLUME_LEVEL"];
        assert.equal(inChild(path, env, {}, one), said("warn", 0, 0, 1));
        assert.equal(read(path).split("\n").length, 4, "all was written at the end");
        return Promise.resolve();
      }),
  );
  test("init() on Deno needs no more than its file in a folder that is there", {
    timeout: 60_000,
  }, () =>
    inFolder("init", (folder) => {
      const path = join(folder, "app.log");
      const permissions = [`--allow-read=${path}`, `--allow-write=${path}`];
      assert.equal(inChild(path, {}, {}, permissions), said("trace", 0, 0, 2));
      assert.equal(read(path).split("\n").length, 3);
      return Promise.resolve();
    }));
}
