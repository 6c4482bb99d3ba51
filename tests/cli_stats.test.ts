/** `logflume stats`: the figures of a running pipeline and of a folder, for people and as JSON. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Hono } from "hono";
import { openPipeline, type Pipeline, RejectedError } from "../mod.ts";
import { type MetricsRouteOptions, metricsRoutes } from "../src/metrics/routes.ts";
import { type RunningServer, serve } from "../src/platform/serve.ts";
import { fileStore } from "../src/storage/file.ts";
import { parseStatsOptions } from "../src/cli/stats_options.ts";
import { folderText, statsText } from "../src/cli/stats_text.ts";
import { UsageError } from "../src/cli/usage_error.ts";
import { type CommandEnding, startCommand } from "./support/cli.ts";
import { runCommand } from "./support/commands.ts";
import { inFolder } from "./support/spawn.ts";

const PLAIN = { heading: (text: string) => text, wrong: (text: string) => `! ${text}` };
const run = (...args: readonly string[]): Promise<CommandEnding> => runCommand("stats", ...args);

interface Site {
  readonly pipeline: Pipeline;
  readonly server: RunningServer;
  readonly url: string;
}

async function withSite(
  options: MetricsRouteOptions,
  body: (site: Site) => Promise<void>,
): Promise<void> {
  const pipeline = await openPipeline({ sinks: { well: () => {} } });
  const app = new Hono().route("/", metricsRoutes(pipeline, options));
  const server = await serve({ hostname: "127.0.0.1", port: 0, build: () => app });
  try {
    await body({ pipeline, server, url: `http://127.0.0.1:${server.port}` });
  } finally {
    await server.close();
    await pipeline.close();
  }
}

test("stats URL shows a table, and with --json what the server tells", () =>
  withSite({}, async ({ pipeline, url }) => {
    for (let i = 0; i < 1_234; i++) pipeline.write(`line ${i}`);
    await pipeline.drain();
    const text = await startCommand(["stats", url.replace("http://", "")]).ended;
    assert.deepEqual([text.code, text.stderr], [0, ""]);
    assert.match(text.stdout, /^http:\/\/127\.0\.0\.1:\d+: memory, running, ready\n/);
    assert.match(text.stdout, /^Records +1,234 accepted, 0 refused, 0 filtered$/m);
    assert.match(text.stdout, /^well +idle +0 +0\.0 s +1,234 +0 +0 +0 +\w+$/m);
    const json = await run(`${url}/`, "--json");
    assert.deepEqual([json.code, json.stderr], [0, ""]);
    assert.deepEqual(JSON.parse(json.stdout), JSON.parse(JSON.stringify(pipeline.stats())));
  }));

test("stats --watch shows figures again and again, with rates, until it is told to stop", () =>
  withSite({}, async ({ pipeline, url }) => {
    pipeline.write("one");
    await pipeline.drain();
    const { child, ended, said } = startCommand(["stats", url, "--watch"]);
    await said("stdout", "PER S");
    process.kill(child.pid!, "SIGINT");
    const { code, stdout, stderr } = await ended;
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^Records +1 accepted, 0 per second, /m);
  }));

test("stats says in one sentence why a server tells nothing", () =>
  withSite({ auth: "a-token-of-some-length" }, async ({ url, server }) => {
    const refused = await run(url);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /^logflume: http:\S+ asks for a token: send --header [^\n]+\n$/);
    const header = "authorization: Bearer a-token-of-some-length";
    const taken = await run(url, "--header", header, "--json");
    assert.equal(taken.code, 0);
    const lost = await run(`${url}/elsewhere`, "--header", header);
    assert.deepEqual([lost.code, lost.stdout], [2, ""]);
    assert.match(lost.stderr, /^logflume: There are no figures at \S+\/elsewhere: [^\n]+\n$/);
    await server.close();
    const gone = await run(url);
    assert.deepEqual([gone.code, gone.stdout], [1, ""]);
    assert.match(gone.stderr, /^logflume: Cannot reach http:\/\/127\.0\.0\.1:\d+: [^\n]+\n$/);
  }));

test("stats takes no figures from a server that is no live view", async () => {
  const app = new Hono().get("/stats", (c) => c.json({ lanes: {} }));
  const server = await serve({ hostname: "127.0.0.1", port: 0, build: () => app });
  const { code, stderr } = await run(`http://127.0.0.1:${server.port}`);
  await server.close();
  assert.equal(code, 2);
  assert.match(stderr, /tells no figures of a pipeline: name a live view/);
});

test("stats DIR shows what a folder holds, also while a pipeline writes to it", () =>
  inFolder("stats", async (folder) => {
    const data = join(folder, "data");
    const pipeline = await openPipeline({
      wal: { store: fileStore(data) },
      sinks: {
        well: () => {},
        picky: () => {
          throw new RejectedError("never");
        },
      },
      onEvent: () => {},
    });
    for (let i = 0; i < 12; i++) pipeline.write(`line ${i}`);
    await pipeline.drain();
    assert.equal((await run(data)).code, 0, "the lock is not asked for");
    await pipeline.close();
    const text = await run(data);
    assert.deepEqual([text.code, text.stderr], [0, ""]);
    assert.match(text.stdout, /^Log +[\d.]+ KiB in 1 segment, records 1 to 12$/m);
    assert.match(text.stdout, /^Dead letters +12 held$/m);
    assert.match(text.stdout, /^picky +0 +0 +12 +0 +12$/m);
    const json = JSON.parse((await run(data, "--json")).stdout);
    assert.equal(json.lanes.well.delivered, 12);
    assert.deepEqual(json.deadLetters, { held: 12, lanes: { picky: 12 } });
    const none = await run(join(folder, "none"));
    assert.deepEqual([none.code, none.stdout], [2, ""]);
    assert.match(none.stderr, /^logflume: There is no folder ".*none": [^\n]+\n$/);
  }));

test("names and errors cannot command the terminal, and reasons stand above the figures", async () => {
  const name = 'bad\x1b[2J\n"lane"\u202e';
  const pipeline = await openPipeline({ sinks: { [name]: () => {} } });
  await pipeline.stop();
  const stats = pipeline.stats();
  const lane = { ...stats.lanes[name]!, state: "parked" as const, lastError: "\x1b]0;x\x07" };
  const text = statsText(
    "http://x",
    { atMs: 0, stats: { ...stats, lanes: { [name]: lane } } },
    undefined,
    PLAIN,
  );
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f\u202e]/);
  const lines = text.split("\n");
  assert.match(lines[0]!, /^http:\/\/x: memory, stopped, not ready$/);
  assert.match(lines[2]!, /^! The pipeline is stopped/);
  assert.match(
    lines[3]!,
    /^! Sink "bad\?\[2J\?"lane"\?" is parked, its records are kept: \?\]0;x\?$/,
  );
  await pipeline.close();
});

test("rates are counted over the time between two looks", async () => {
  const pipeline = await openPipeline({ sinks: { well: () => {} } });
  const before = { atMs: 1_000, stats: pipeline.stats() };
  for (let i = 0; i < 300; i++) pipeline.write("x");
  await pipeline.drain();
  const text = statsText("x", { atMs: 3_000, stats: pipeline.stats() }, before, PLAIN);
  assert.match(text, /300 accepted, 150 per second/);
  assert.match(text, /^SINK .* PER S$/m);
  assert.match(text, /^well .* 150$/m);
  // A server of an older version lacks what came later.
  const { workers: _, ...older } = pipeline.stats();
  const lanes = { well: { ...older.lanes.well!, lagMs: undefined, retries: undefined } };
  const stats = { ...older, lanes } as unknown as ReturnType<Pipeline["stats"]>;
  assert.match(statsText("x", { atMs: 0, stats }, undefined, PLAIN), /\? of \? busy/);
  await pipeline.close();
});

test("a folder's damage and a sink that is gone are told", () => {
  const lane = {
    lane: "gone",
    since: 1,
    nextSeq: 5,
    delivered: 4,
    deadLettered: 0,
    dropped: { wal_limit: 2 },
    filtered: 0,
    redelivered: 0,
    orphanedAt: Date.UTC(2026, 0, 31, 12),
    pending: 3,
  };
  const text = folderText({
    label: "x",
    sequence: { first: 1, next: 8, durable: 8 },
    log: { bytes: 100, segments: 2, entries: 7 },
    damage: ["Bytes 10 to 20 are damaged"],
    lanes: { gone: lane },
    deadLetters: { held: 0, lanes: {} },
  }, PLAIN);
  assert.match(text, /^! Bytes 10 to 20 are damaged$/m);
  assert.match(text, /^gone +3 +4 +0 +2 +0 +no such sink since 2026-01-31T12:00:00Z$/m);
});

test("stats is told in one sentence how it is used", () => {
  const wrong: readonly [args: readonly string[], message: RegExp][] = [
    [[], /^Nothing is named: use for example logflume stats http/],
    [["a", "b"], /^Unexpected argument "b": name one live view or one folder$/],
    [["a", "--often"], /^Unknown option "--often": use --watch, --json, --header, --help$/],
    [["a", "--header"], /^Option "--header" needs a value/],
    [["ftp://x"], /is no address of a log/],
  ];
  for (const [args, message] of wrong) {
    assert.throws(() => parseStatsOptions(args), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      return true;
    });
  }
  const { url, headers } = parseStatsOptions(["localhost:8484"], "the-token");
  assert.equal(url?.href, "http://localhost:8484/");
  assert.deepEqual(headers, [["authorization", "Bearer the-token"]]);
});
