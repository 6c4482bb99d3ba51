import { test } from "node:test";
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { VERSION } from "../src/cli/help.ts";
import { COMMAND_LINE } from "./support/runtime_args.ts";

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
  /** Resolves once standard output and standard error together hold the text. */
  shows(text: string): Promise<void>;
  /** What it said so far. */
  text(): string;
}

/** Starts the command line in a folder; its standard output is read unless `isRead` is false. */
function start(cwd: string, args: string[], isRead = true): Running {
  const child = spawn(process.execPath, [...COMMAND_LINE, ...args], { cwd });
  const said = { stdout: "", stderr: "" };
  const looks = new Set<() => void>();
  const take = (name: "stdout" | "stderr") => {
    const decoder = new TextDecoder();
    child[name].on("data", (chunk: Uint8Array) => {
      said[name] += decoder.decode(chunk, { stream: true });
      for (const look of looks) look();
    });
  };
  take("stderr");
  if (isRead) take("stdout");
  const ended = new Promise<Outcome>((resolve) => {
    child.on("close", (code) => resolve({ code, ...said }));
  });
  const shows = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if ((said.stdout + said.stderr).includes(text)) resolve();
      };
      looks.add(look);
      look();
      ended.then(() => reject(new Error(`It ended without "${text}": ${said.stderr}`)));
    });
  return { child, ended, shows, text: () => said.stdout + said.stderr };
}

/** Runs the command line to its end, with nothing on standard input. */
function run(cwd: string, ...args: string[]): Promise<Outcome> {
  const { child, ended } = start(cwd, args);
  child.stdin?.end();
  return ended;
}

/** Not `child.kill`: after it, Deno's `close` tells the signal even when the process ended by itself. */
function signal(child: ChildProcess, name: "SIGINT" | "SIGTERM"): void {
  process.kill(child.pid as number, name);
}

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = fs.mkdtempSync(join(tmpdir(), "logflume-cli-"));
  try {
    await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

interface Row {
  readonly msg: string;
  readonly level: string;
  readonly time: string;
  readonly fields?: Record<string, unknown>;
}

function rowsOf(ndjson: string): Row[] {
  return ndjson.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Row);
}

const rowsIn = (path: string): Row[] => rowsOf(fs.readFileSync(path, "utf8"));
const messages = (rows: Row[]): string[] => rows.map((row) => row.msg);
const lastLine = (text: string): unknown => JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
const allDelivered = (count: number) => ({
  accepted: count,
  delivered: count,
  deadLettered: 0,
  dropped: 0,
  pending: 0,
});

const FILE_RUN = ["run", "--input", "in.log", "--output", "out.ndjson", "--listen", "off"];

test("run delivers every odd line as it is, once, and goes on where it ended", () =>
  inFolder(async (folder) => {
    const path = join(folder, "in.log");
    const out = join(folder, "out.ndjson");
    const big = "x".repeat(2 * 1024 * 1024);
    const escapes = "\x01".repeat(1024 * 1024);
    fs.writeFileSync(path, "\uFEFFfirst\r\na\rb\r\r\n\n\r\nnul\0 ümläut 😀\u2028\n");
    fs.appendFileSync(path, Uint8Array.of(0xff, 0x41, 0xe2, 0x82, 10));
    fs.appendFileSync(path, '{"message":"json","level":"warn","time":0,"n":1}\n');
    fs.appendFileSync(path, '{"level":50,"time":1700000000000,"msg":"pino"}\n{"no":"msg"}\n[1]\n');
    fs.appendFileSync(path, `${big}\n${escapes}\nlast`);
    const expected = ["first", "a\rb\r", "nul\0 ümläut 😀\u2028", "\uFFFDA\uFFFD", "json", "pino"];
    expected.push('{"no":"msg"}', "[1]", big.slice(0, 1024 * 1024), escapes, "last");

    const { code, stdout } = await run(folder, ...FILE_RUN, "--summary");
    assert.equal(code, 0);
    assert.deepEqual(lastLine(stdout), allDelivered(expected.length));
    const rows = rowsIn(out);
    assert.deepEqual(messages(rows), expected);
    assert.deepEqual([rows[4]?.level, rows[4]?.fields], ["warn", { n: 1 }]);
    assert.deepEqual([rows[5]?.level, rows[5]?.time], ["error", "2023-11-14T22:13:20.000Z"]);
    assert.deepEqual(rows[8]?.fields, { truncated: { originalBytes: big.length } });
    assert.equal(rows[9]?.fields, undefined);

    fs.appendFileSync(path, "\nadded\n");
    const again = await run(folder, ...FILE_RUN, "--summary");
    assert.deepEqual(lastLine(again.stdout), allDelivered(1));
    assert.match(again.stderr, /^logflume: Going on with "in.log" at byte \d+/);
    assert.deepEqual(messages(rowsIn(out)), [...expected, "added"]);
  }));

test("a killed run started again neither loses nor doubles a line", () =>
  inFolder(async (folder) => {
    const out = join(folder, "out.ndjson");
    const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index} ${"x".repeat(40)}`);
    fs.writeFileSync(join(folder, "in.log"), lines.map((line) => `${line}\n`).join(""));
    const sizeOf = () => fs.statSync(out, { throwIfNoEntry: false })?.size ?? 0;
    let killsInTheMiddle = 0;
    for (const minBytes of [1, 2_000_000]) {
      const { child, ended } = start(folder, FILE_RUN);
      const timer = setInterval(() => sizeOf() >= minBytes && child.kill("SIGKILL"), 1);
      await ended;
      clearInterval(timer);
      const count = fs.readFileSync(out, "utf8").split("\n").length - 1;
      if (count > 0 && count < lines.length) killsInTheMiddle += 1;
    }
    assert.ok(killsInTheMiddle > 0, "a kill landed while lines were delivered");
    assert.equal((await run(folder, ...FILE_RUN)).code, 0);
    // Not deepEqual: the difference of so many lines takes minutes to print.
    const got = messages(rowsIn(out));
    assert.equal(lines.findIndex((line, index) => got[index] !== line), -1);
    assert.equal(got.length, lines.length);
  }));

test("a pipe is shown as JSON, and SIGTERM ends it with everything delivered", () =>
  inFolder(async (folder) => {
    const { child, ended, shows } = start(folder, ["run", "--listen", "off", "--summary"]);
    child.stdin?.write("one\ntwo\nhalf");
    await shows('"two"');
    signal(child, "SIGTERM");
    const { code, stdout, stderr } = await ended;
    assert.equal(code, 0);
    assert.match(stderr, /^logflume: Stopping: delivering what is pending, for 10 s at most/);
    assert.deepEqual(lastLine(stdout), allDelivered(3));
    assert.deepEqual(messages(rowsOf(stdout)).slice(0, 3), ["one", "two", "half"]);
  }));

test("a reader that goes away ends the run quietly, with exit code 1 for what is pending", () =>
  inFolder(async (folder) => {
    fs.writeFileSync(join(folder, "in.log"), `${"x".repeat(99)}\n`.repeat(60_000));
    const { child, ended } = start(folder, ["run", "-i", "in.log", "--listen", "off"]);
    child.stdout?.once("data", () => child.stdout?.destroy());
    const { code, stderr } = await ended;
    assert.deepEqual([code, stderr], [1, ""]);
  }));

test("records left after the drain timeout are told, kept, and delivered by the next run", () =>
  inFolder(async (folder) => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index} ${"x".repeat(99)}`);
    fs.writeFileSync(join(folder, "in.log"), lines.map((line) => `${line}\n`).join(""));
    const args = ["run", "-i", "in.log", "--listen", "off", "--summary"];
    const { child, ended, shows } = start(folder, [...args, "--drain-timeout", "50ms"], false);
    await shows("records are not delivered yet");
    let first = "";
    child.stdout?.on("data", (chunk: Uint8Array) => first += new TextDecoder().decode(chunk));
    assert.equal((await ended).code, 1);
    const { accepted, pending } = lastLine(first) as { accepted: number; pending: number };
    assert.ok(accepted === lines.length && pending > 0);

    const second = await run(folder, ...args);
    assert.equal(second.code, 0);
    const seen = new Set([...messages(rowsOf(first)), ...messages(rowsOf(second.stdout))]);
    assert.deepEqual(lines.filter((line) => !seen.has(line)), []);
  }));

const mistakes: [string, string[], RegExp][] = [
  ["an unknown option", ["run", "--nope"], /^logflume: Unknown option "--nope": use --input/],
  ["an unknown command", ["walk"], /^logflume: Unknown command "walk": see logflume --help/],
  [
    "a missing input",
    ["run", "-i", "none"],
    /^logflume: Cannot read input "none": there is no such/,
  ],
  ["a folder as input", ["run", "-i", "."], /^logflume: Cannot read input ".": it is a folder/],
  ["an input twice", ["run", "-i", "x", "-i", "./x"], /^logflume: Input ".\/x" is named twice/],
  [
    "an input that is the output",
    ["run", "-i", "x", "-o", "./x"],
    /^logflume: Input "x" is the output too: send the records to another file/,
  ],
  ["a folder as output", ["run", "-o", "."], /^logflume: Cannot open output ".": it is a folder/],
  [
    "an output below a file",
    ["run", "-o", "x/out"],
    /^logflume: Cannot open output "x\/out": a part of the path is a file/,
  ],
  [
    "a data folder below a file",
    ["run", "--data", "x/data", "--listen", "off"],
    /^logflume: Cannot .*"x\/data"/,
  ],
];

for (const [name, args, message] of mistakes) {
  test(`a mistake ends with one sentence and exit code 2: ${name}`, () =>
    inFolder(async (folder) => {
      fs.writeFileSync(join(folder, "x"), "");
      const { code, stdout, stderr } = await run(folder, ...args);
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
      assert.deepEqual([code, stdout], [2, ""]);
    }));
}

test("a data folder in use and a port in use end with one sentence and exit code 2", () =>
  inFolder(async (folder) => {
    fs.writeFileSync(join(folder, "in.log"), "a\n");
    const first = start(folder, ["run", "--listen", "off"]);
    first.child.stdin?.write("one\n");
    await first.shows('"one"');
    const locked = await run(folder, ...FILE_RUN);
    assert.deepEqual([locked.code, locked.stdout], [2, ""]);
    assert.match(locked.stderr, /^logflume: .*".logflume" is in use by process \d+.*\n$/);

    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const listen = ["--listen", `127.0.0.1:${port}`, "--data", "other"];
    const taken = await run(folder, ...FILE_RUN.slice(0, -2), ...listen);
    server.close();
    first.child.stdin?.end();
    assert.deepEqual([taken.code, taken.stdout], [2, ""]);
    assert.match(
      taken.stderr,
      /^logflume: Cannot listen on 127.0.0.1 port \d+: it is in use; .*\n$/,
    );
    assert.equal(fs.readFileSync(join(folder, "out.ndjson"), "utf8"), "", "nothing was read");
    assert.equal((await first.ended).code, 0);
  }));

test("the demo shows its shop at the address it names, and ends with Ctrl-C", () =>
  inFolder(async (folder) => {
    const { child, ended, shows, text } = start(folder, [
      "run",
      "--demo",
      "--listen",
      "127.0.0.1:0",
    ]);
    await shows('"shop.http"');
    const url = /Open (http:\/\/127\.0\.0\.1:\d+\/) and watch/.exec(text())?.[1] ?? "";
    for (const path of ["", "logs"]) {
      const response = await fetch(`${url}${path}?follow=0&from=-1000`);
      assert.match(await response.text(), /"logger":"shop\.http"/);
    }
    signal(child, "SIGINT");
    assert.equal((await ended).code, 0);
  }));

test("--help and --version answer on standard output", () =>
  inFolder(async (folder) => {
    const manifest = JSON.parse(
      fs.readFileSync(new URL("../deno.json", import.meta.url), "utf8"),
    ) as { version: string };
    assert.equal(manifest.version, VERSION);
    assert.equal((await run(folder, "--version")).stdout, `${VERSION}\n`);
    assert.match((await run(folder, "--help")).stdout, /^logflume .*Usage: logflume <command>/s);
    const { code, stdout } = await run(folder, "run", "--help");
    assert.deepEqual([code, stdout.startsWith("Usage: logflume run [CONFIG] [options]")], [
      0,
      true,
    ]);
  }));
