/** `logflume dlq replay --to`: letters of a folder, sent to a real server by a process of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  type DeadLetter,
  type FileStore,
  type LogProvider,
  openPipeline,
  type PipelineOptions,
} from "../mod.ts";
import { readLetters } from "../src/cli/dlq_folder.ts";
import { parseDlqOptions } from "../src/cli/dlq_options.ts";
import { withEnvironment } from "../src/cli/env_text.ts";
import { UsageError } from "../src/cli/usage_error.ts";
import { parseSequence } from "../src/sink/http.ts";
import { fileStore } from "../src/storage/file.ts";
import { sqliteStore } from "../src/storage/sqlite.ts";
import { type Command, type CommandEnding, startCommand } from "./support/cli.ts";
import { listen } from "./support/http_server.ts";
import { inFolder } from "./support/spawn.ts";

const replay = (
  data: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandEnding> => startCommand(["dlq", "replay", data, ...args], env).ended;

/** Makes a letter of the lane `http` of each message. */
async function fill(store: FileStore | LogProvider, given: readonly string[]): Promise<void> {
  const sinks: NonNullable<PipelineOptions["sinks"]> = {
    http: ({ count }) => ({
      reject: Array.from({ length: count }, (_, index) => ({ index, reason: "400" })),
    }),
  };
  const pipeline = await openPipeline({ wal: { store }, sinks, onEvent: () => {} });
  for (const msg of given) await pipeline.append(msg);
  await pipeline.drain();
  await pipeline.close();
}

async function withLetters(
  given: readonly string[],
  use: (data: string) => Promise<void>,
): Promise<void> {
  await inFolder("send", async (folder) => {
    const data = join(folder, "data");
    await fill(fileStore(data), given);
    await use(data);
  });
}

const messageOf = ({ record }: DeadLetter): string => JSON.parse(record).msg;
const heldIn = async (data: string): Promise<string[]> => (await readLetters(data)).map(messageOf);

test("dlq replay --to sends each letter by its name, with a header from the environment, and removes it", () =>
  withLetters(["a", "b"], async (data) => {
    await using server = await listen((_, response) => response.end());
    const { code, stdout, stderr } = await replay(data, [
      ...["--to", `${server.url}?key=@env:TEST_KEY`, "--format", "json", "--gzip"],
      ...["--header", "authorization: Bearer @env:TEST_TOKEN", "--header", "x-team: a"],
    ], { TEST_TOKEN: "s3cr3t-token", TEST_KEY: "s3cr3t-key" });
    assert.deepEqual([code, stdout, stderr], [0, "2 dead letters replayed\n", ""]);
    assert.deepEqual(server.requests.map(({ text }) => JSON.parse(text)[0].msg), ["a", "b"]);
    const [{ path, headers }] = server.requests as [typeof server.requests[0]];
    assert.equal(path, "/ingest?key=s3cr3t-key");
    assert.deepEqual(
      [headers.authorization, headers["x-team"], headers["content-encoding"]],
      ["Bearer s3cr3t-token", "a", "gzip"],
    );
    const { source, count, run, runFirstSeq } = parseSequence(headers["logflume-sequence"])!;
    assert.match(source, /^[0-9a-f]{16}\/http$/);
    assert.deepEqual([count, run, runFirstSeq], [1, 1, 1]);
    assert.deepEqual(server.requests.map(({ seqs }) => seqs), [[1], [2]]);
    assert.deepEqual(await heldIn(data), []);
  }));

test("dlq replay --to stops at a 401 with one sentence, and leaves the letters as they are", () =>
  withLetters(["a", "b", "c"], async (data) => {
    const before = await readLetters(data);
    await using server = await listen(({ headers }, response) => {
      response.writeHead(401).end(`not with ${headers.authorization}`);
    });
    const secret = { TEST_TOKEN: "Bearer s3cr3t-token" };
    const { code, stdout, stderr } = await replay(
      data,
      ["--to", server.url, "--header", "authorization: @env:TEST_TOKEN"],
      secret,
    );
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^logflume: http:.* answered 401: not with \*\*\*; nothing is delivered until .*\n$/,
    );
    assert.equal(
      stdout,
      "no dead letters replayed, stopped before the end with 3 dead letters left\n",
    );
    assert.equal(server.requests.length, 1);
    assert.deepEqual(await readLetters(data), before);
  }));

test("dlq replay --to keeps what the server refuses, and goes on", () =>
  withLetters(["a", "poison", "c"], async (data) => {
    await using server = await listen(({ text }, response) => {
      const isPoison = text.includes("poison");
      response.writeHead(isPoison ? 422 : 200).end(isPoison ? "no \u001b[31mfield" : "");
    });
    const { code, stdout } = await replay(data, ["--to", server.url]);
    assert.deepEqual([code, stdout], [1, "2 dead letters replayed, 1 failed again and kept\n"]);
    const [letter, ...others] = await readLetters(data);
    assert.deepEqual(others, []);
    const { replays, attempts, reason, error: { status } } = letter!;
    assert.deepEqual({ replays, attempts, reason, status }, {
      replays: 1,
      attempts: 2,
      reason: "non_retryable",
      status: 422,
    });
  }));

test("dlq replay --to tries again what may pass, and stops where nobody answers", () =>
  withLetters(["a", "b", "c"], async (data) => {
    const server = await listen((_, response, nth) => {
      if (nth > 3) response.socket!.destroy();
      else response.writeHead(nth === 3 ? 200 : 503).end();
    });
    const { code, stdout, stderr } = await replay(data, ["--to", server.url, "--json"]);
    await server[Symbol.asyncDispose]();
    const { replayed, failed, aborted, left } = JSON.parse(stdout);
    assert.deepEqual([code, replayed, failed, aborted, left], [1, 1, 0, true, 2]);
    assert.match(stderr, /logflume: Cannot reach http:\/\/127.*: .*\n$/);
    const held = await readLetters(data);
    assert.deepEqual(held.map((letter) => [messageOf(letter), letter.replays]), [["b", 0], [
      "c",
      0,
    ]]);
  }));

test("Ctrl-C ends dlq replay --to and leaves the rest", () =>
  withLetters(["a", "b", "c"], async (data) => {
    await using server = await listen((_, response, nth) => {
      // child.kill() makes Deno say that the signal ended it, whatever did.
      if (nth === 1) response.end();
      else process.kill(command.child.pid!, "SIGINT");
    });
    const command: Command = startCommand(["dlq", "replay", data, "--to", server.url]);
    const { code, stdout, stderr } = await command.ended;
    assert.deepEqual([code, stderr], [1, ""]);
    assert.equal(
      stdout,
      "1 dead letter replayed, stopped before the end with 2 dead letters left\n",
    );
    assert.deepEqual(await heldIn(data), ["b", "c"]);
  }));

test("dlq replay --to --dry-run sends nothing", () =>
  withLetters(["a", "b"], async (data) => {
    await using server = await listen((_, response) => response.end());
    const { code, stdout } = await replay(data, ["--to", server.url, "--dry-run", "--limit", "1"]);
    assert.deepEqual([code, stdout], [0, "1 dead letter would be replayed\n"]);
    assert.deepEqual([server.requests.length, (await heldIn(data)).length], [0, 2]);
  }));

test("dlq replay --to names the run of the log that it sends from, in a file as well", () =>
  inFolder("send", async (folder) => {
    const path = join(folder, "logs.db");
    await fill(sqliteStore(path), ["a"]);
    await using server = await listen((_, response) => response.end());
    assert.equal((await replay(path, ["--to", server.url])).code, 0);
    const { run, runFirstSeq } = parseSequence(server.requests[0]!.headers["logflume-sequence"])!;
    assert.deepEqual([run, runFirstSeq], [2, 2]);

    const data = join(folder, "data");
    await fill(fileStore(data), ["a"]);
    await fill(fileStore(data), ["b"]);
    assert.equal((await replay(data, ["--to", server.url])).code, 0);
    const told = server.requests.slice(1).map(({ headers }) =>
      parseSequence(headers["logflume-sequence"])!
    );
    assert.deepEqual(told.map(({ run, runs }) => [run, runs[0]!.firstSeq]), [[2, 1], [2, 2]]);
    for (const { runFirstSeq } of told) assert.ok(runFirstSeq <= 2);
  }));

test("wrong ways to call dlq replay --to are told in one sentence, without what may be secret", () => {
  const url = "https://user:s3cr3t@logs.example";
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--to", "ftp://s3cr3t"], /"--to" needs the address of a server: use for example --to https/],
    [["--to", url, "--output", "f"], /use either --to URL or --output FILE/],
    [["--header", "a: s3cr3t"], /"--header" is for a replay to a server: add --to/],
    [["--gzip"], /"--gzip" is for a replay to a server/],
    [["--to", url, "--format", "xml"], /"--format xml" is no format: use ndjson or json/],
    [["--to", url, "--header", "s3cr3t"], /"--header" needs a name, a colon and a value/],
    [["--to", url, "--header", "a: @env:LOGFLUME_TEST_NONE"], /variable LOGFLUME_TEST_NONE, which/],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseDlqOptions("replay", ["data", ...args], 0), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("s3cr3t"), error.message);
      return true;
    });
  }
  process.env.LOGFLUME_TEST_NAME = "it's $& fine";
  assert.equal(
    withEnvironment("--to", "<@env:LOGFLUME_TEST_NAME> a@env.example"),
    "<it's $& fine> a@env.example",
  );
  delete process.env.LOGFLUME_TEST_NAME;
});
