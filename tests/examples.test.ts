/** Each example does what it says, as a process of its own on the runtime of the test. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { EXAMPLES, runExample, withServer } from "./support/examples.ts";
import { RUNTIME } from "./support/spawn.ts";

const MAX_LINES = 40;
/** Whole pieces to take as they are, with tests of their own. */
const LONGER = ["mirror_store.ts", "receiver.ts"];

const root = fs.mkdtempSync(join(tmpdir(), "logflume-examples-"));
after(() => fs.rmSync(root, { recursive: true, force: true }));

interface Line {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly logger?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** The records of an NDJSON file, without the marks of a log. */
function recordsIn(...path: string[]): Line[] {
  const lines = fs.readFileSync(join(...path), "utf8").split("\n");
  return lines.filter((line) => line.startsWith('{"time":')).map((line) => JSON.parse(line));
}

/** The records of all segments of the log in a folder. */
function recordsOfLog(...path: string[]): Line[] {
  const folder = join(...path);
  const segments = fs.readdirSync(folder).filter((name) => /^wal-.*\.ndjson$/.test(name)).sort();
  return segments.flatMap((name) => recordsIn(folder, name));
}

const messages = (records: readonly Line[]): string[] => records.map(({ msg }) => msg);

/** Runs an example that must end well, and gives what it printed. */
async function printed(folder: string, name: string, ...args: string[]): Promise<string> {
  const { stdout, stderr, end } = await runExample(folder, name, ...args);
  assert.equal(end, 0, stderr);
  return stdout;
}

/** By file: runs it in an empty folder and looks at what it prints and leaves. */
const CHECKS: Record<string, (folder: string) => Promise<void>> = {
  async "durable_file.ts"(folder) {
    const stdout = await printed(folder, "durable_file.ts");
    assert.equal(stdout, "2 records are durable in example-logs\n");
    const expected = ["order placed", "payment refused"];
    assert.deepEqual(messages(recordsIn(folder, "example-logs/app.ndjson")), expected);
    assert.deepEqual(messages(recordsOfLog(folder, "example-logs/wal")), expected);
  },

  async "mirror_store.ts"(folder) {
    const stdout = await printed(folder, "mirror_store.ts", "a", "b");
    // The console sink prints the record before or after it.
    assert.match(stdout, /^The record is durable in a and in b$/m);
    assert.match(stdout, /"msg":"order placed"/);
    assert.deepEqual(messages(recordsOfLog(folder, "a")), ["order placed"]);
    assert.deepEqual(recordsOfLog(folder, "a"), recordsOfLog(folder, "b"));
  },

  async "custom_store.ts"(folder) {
    const stdout = await printed(folder, "custom_store.ts", "fast", "safe");
    assert.equal(stdout, "The record is in fast, the dead letter in safe\n");
    assert.deepEqual(fs.readdirSync(join(folder, "fast")), ["records"]);
    assert.deepEqual(messages(recordsOfLog(folder, "fast/records")), ["order placed"]);
    const letters = join(folder, "safe", fs.readdirSync(join(folder, "safe"))[0]!);
    const texts = fs.readdirSync(letters).map((name) =>
      fs.readFileSync(join(letters, name), "utf8")
    );
    assert.match(texts.join(""), /This sink takes nothing/);
  },

  async "custom_sink.ts"(folder) {
    const stdout = await printed(folder, "custom_sink.ts");
    assert.equal(stdout, "Order 42: order shipped\nKept: shop opened (It has no order number)\n");
    assert.deepEqual(fs.readdirSync(folder), []);
  },

  async "writer_modes.ts"(folder) {
    const stdout = await printed(folder, "writer_modes.ts", "modes");
    const expected = [
      "line trigger: after send yes, after a turn yes, after trigger yes",
      "line loop: after send no, after a turn no, after trigger yes",
      "line manual: after send no, after a turn no, after trigger yes",
      "block trigger: after send no, after a turn yes, after trigger yes",
      "block loop: after send no, after a turn no, after trigger yes",
      "block manual: after send no, after a turn no, after trigger yes",
    ];
    assert.deepEqual(stdout.trimEnd().split("\n"), expected);
    const files = fs.readdirSync(join(folder, "modes"));
    assert.equal(files.length, expected.length);
    for (const file of files) {
      assert.equal(fs.readFileSync(join(folder, "modes", file), "utf8"), "order placed\n", file);
    }
  },

  async "worker.ts"(folder) {
    const stdout = await printed(folder, "worker.ts");
    const records = recordsOfLog(folder, "example-logs/worker");
    assert.deepEqual(records.map(({ logger, msg, fields }) => ({ logger, msg, fields })), [
      { logger: "worker", msg: "sum computed", fields: { sum: 5050 } },
    ]);
    assert.deepEqual(JSON.parse(stdout), records[0]);
  },

  async "logtape.ts"(folder) {
    const stdout = await printed(folder, "logtape.ts", "logs");
    assert.equal(stdout, "2 records of LogTape's are in logs\n");
    const [placed, low, ...more] = recordsIn(folder, "logs/app.ndjson");
    assert.equal(placed?.logger, "shop.orders");
    assert.equal(placed?.msg, "order 42 placed");
    assert.deepEqual(placed?.fields, { order: 42, total: 99.5 });
    assert.deepEqual([low?.level, low?.msg], ["warn", "stock of 7 is low"]);
    assert.deepEqual(more, []);
  },

  async "pino.ts"(folder) {
    const stdout = await printed(folder, "pino.ts", "logs");
    assert.equal(stdout, "2 records of pino's are durable in logs\n");
    const [placed, refused, ...more] = recordsIn(folder, "logs/app.ndjson");
    assert.equal(placed?.logger, "shop");
    assert.equal(placed?.fields?.card, "[Redacted]");
    assert.deepEqual([refused?.level, refused?.msg], ["error", "payment refused"]);
    assert.equal(refused?.fields?.order, 42);
    assert.deepEqual(more, []);
  },

  async "http_sink.ts"(folder) {
    await withAnswers(503, async (url) => {
      const stdout = await printed(folder, "http_sink.ts", url);
      assert.match(
        stdout,
        /^0 replayed, 0 delivered, 2 kept\n(Kept after 3 attempts: .*503.*\n){2}$/,
      );
    });
    await withAnswers(204, async (url) => {
      const stdout = await printed(folder, "http_sink.ts", url);
      assert.equal(stdout, "2 replayed, 2 delivered, 0 kept\n");
    });
  },

  async "receiver.ts"(folder) {
    await withServer(folder, "receiver.ts", ["received.ndjson", "0"], async (url) => {
      const stdout = await printed(folder, "http_sink.ts", url.href);
      assert.equal(stdout, "0 replayed, 2 delivered, 0 kept\n");
    });
    const lines = fs.readFileSync(join(folder, "received.ndjson"), "utf8").trimEnd().split("\n");
    const records = lines.map((line) => JSON.parse(line).record as Line);
    assert.deepEqual(messages(records).sort(), ["order placed", "stock is low"]);
  },

  async "profiles.ts"(folder) {
    fs.writeFileSync(join(folder, "wrong.yaml"), "bufer:\n  size: 10\n");
    const { stdout, stderr, end } = await runExample(folder, "profiles.ts", "wrong.yaml");
    assert.match(stderr, /^wrong\.yaml:1:1 .*did you mean "?buffer/m);
    assert.deepEqual([stdout, end], ["", 2]);
  },

  "development.yaml": (folder) =>
    runProfile(folder, "development.yaml", "memory, room for 100 records"),
  "high_throughput.yaml": (folder) =>
    runProfile(folder, "high_throughput.yaml", "durable, room for 100000 records"),
  "high_reliability.yaml": (folder) =>
    runProfile(folder, "high_reliability.yaml", "durable, room for 10000 records"),
  "logflume.yaml": (folder) =>
    runProfile(folder, "logflume.yaml", "durable, room for 10000 records"),

  async [`web_${RUNTIME}.ts`](folder) {
    const end = await withServer(folder, `web_${RUNTIME}.ts`, ["0"], async (url) => {
      const headers = { "x-request-id": "request-of-the-test" };
      const answer = await fetch(url, { headers });
      assert.equal(await answer.text(), "Order 42\n");
      const seen = await firstLines(new URL("/logs?from=0", url), 2);
      const [shown, request] = seen.map((line) => JSON.parse(line) as Line);
      assert.deepEqual([shown?.msg, shown?.fields?.order], ["order shown", "42"]);
      assert.deepEqual([request?.msg, request?.fields?.status], ["GET /orders/42 200", 200]);
      for (const line of [shown, request]) {
        assert.equal(line?.fields?.requestId, "request-of-the-test");
      }
      assert.deepEqual(JSON.parse(await firstMessage(new URL("/logs?from=0", url))), shown);
    });
    assert.equal(end, "SIGTERM");
    const logged = messages(recordsOfLog(folder, "example-logs/web"));
    // Nothing of those who looked at the log.
    assert.deepEqual(logged, ["order shown", "GET /orders/42 200"]);
  },
};

/** Opens a configuration by profiles.ts, and compares what that says of it. */
async function runProfile(folder: string, profile: string, expected: string): Promise<void> {
  const yaml = fs.readFileSync(join(EXAMPLES, profile), "utf8");
  // Nothing outside the folder.
  fs.writeFileSync(join(folder, profile), yaml.replaceAll("/tmp/dlq", "dlq"));
  const { stdout, stderr, end } = await runExample(folder, "profiles.ts", profile);
  assert.equal(stderr, `${profile}: ${expected}\n`);
  assert.deepEqual([end, JSON.parse(stdout).msg], [0, "order placed"]);
}

/** Gives `use` the address of a server that gives this answer to everything. */
async function withAnswers(status: number, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/ingest`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** The first lines of a stream that goes on. */
async function firstLines(url: URL, count: number): Promise<string[]> {
  const { body } = await fetch(url);
  let text = "";
  const decoder = new TextDecoder();
  // Leaving the loop ends the request.
  for await (const part of body!) {
    text += decoder.decode(part, { stream: true });
    const lines = text.split("\n").slice(0, -1);
    if (lines.length >= count) return lines.slice(0, count);
  }
  throw new Error(`The stream ended with ${JSON.stringify(text)}`);
}

function firstMessage(url: URL): Promise<string> {
  const socket = new WebSocket(url.href.replace(/^http/, "ws"));
  return new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => {
      resolve(String(data));
      socket.close();
    };
    socket.onerror = () => reject(new Error(`No WebSocket at ${url}`));
  });
}

for (const [name, check] of Object.entries(CHECKS)) {
  test(`examples/${name} does what it says`, async () => {
    const folder = join(root, name);
    fs.mkdirSync(folder);
    await check(folder);
  });
}

const files = fs.readdirSync(EXAMPLES).sort();
const programs = files.filter((name) => name.endsWith(".ts"));

test("every program and every configuration is run", () => {
  const servers = ["web_app.ts", "web_bun.ts", "web_deno.ts", "web_node.ts"];
  const expected = files.filter((name) => /\.(ts|yaml)$/.test(name));
  assert.deepEqual([...new Set([...Object.keys(CHECKS), ...servers])].sort(), expected);
});

test("examples are short, say how to run them, and import what a user of the package can", () => {
  for (const name of programs) {
    const text = fs.readFileSync(join(EXAMPLES, name), "utf8");
    const lines = text.trimEnd().split("\n").length;
    if (!LONGER.includes(name)) assert.ok(lines <= MAX_LINES, `${name} has ${lines} lines`);
    assert.doesNotMatch(text, /from "\.\.\//, name);
    assert.match(text, /^\/\*\*\n \* /, `${name} begins with what it shows`);
    const command = new RegExp(`^ \\*     (deno run -A|bun|node) examples/${name}`, "m");
    if (name !== "web_app.ts") assert.match(text, command);
  }
});

test("examples/README.md lists every example, and nothing else", () => {
  const text = fs.readFileSync(join(EXAMPLES, "README.md"), "utf8");
  const rows = [...text.matchAll(/^\| \[([^\]]+)\]\(([^)]+)\)/gm)];
  for (const [, name, target] of rows) assert.equal(name, target);
  assert.deepEqual(
    rows.map(([, name]) => name).sort(),
    files.filter((name) => name !== "README.md"),
  );
});

test("Node and Bun find the entries that Deno finds", () => {
  const read = (name: string) => JSON.parse(fs.readFileSync(join(EXAMPLES, "..", name), "utf8"));
  const [{ name, exports }, forNode] = [read("deno.json"), read("package.json")];
  assert.deepEqual({ name: forNode.name, exports: forNode.exports }, { name, exports });
});
