/** A pipeline from each example really runs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openPipeline, RejectedError } from "../mod.ts";
import { parseConfig } from "../src/config/config.ts";
import { runtimeArgs } from "./support/runtime_args.ts";

const CHILD = fileURLToPath(new URL("support/config_child.ts", import.meta.url));

interface Ran {
  readonly folder: string;
  /** What it said of itself at the end. */
  readonly said: Readonly<Record<string, unknown>>;
  /** The numbers of the records on standard output. */
  readonly printed: readonly number[];
}

/** Runs an example in a folder of its own, with 50 records. */
function run(example: string, check: (ran: Ran) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "logflume-config-"));
  try {
    const text = readFileSync(new URL(`../examples/${example}`, import.meta.url), "utf8");
    const file = join(folder, example);
    writeFileSync(file, text.replaceAll("/tmp/dlq", join(folder, "dlq")));
    const args = [...runtimeArgs(), CHILD, file, "50"];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, {
      cwd: folder,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    const said = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
    const lines = stdout.split("\n").filter((line) => line !== "");
    check({ folder, said, printed: lines.map((line) => JSON.parse(line).fields.i) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ALL = Array.from({ length: 50 }, (_, i) => i);

for (
  const [example, mode, capacity] of [
    ["high_throughput.yaml", "durable", 100_000],
    ["high_reliability.yaml", "durable", 10_000],
    ["development.yaml", "memory", 100],
  ] as const
) {
  test(`examples/${example} makes a pipeline that runs`, () => {
    run(example, ({ folder, said, printed }) => {
      assert.deepEqual(said, { drained: true, mode, accepted: 50, capacity, lanes: ["console"] });
      assert.deepEqual(printed, ALL);
      assert.equal(existsSync(join(folder, ".logflume")), mode === "durable");
      assert.equal(existsSync(join(folder, "dlq")), mode === "memory");
    });
  });
}

test("examples/logflume.yaml makes a pipeline that runs", () => {
  run("logflume.yaml", ({ folder, said, printed }) => {
    const lanes = ["console", "file"];
    assert.deepEqual(said, {
      drained: true,
      mode: "durable",
      accepted: 50,
      capacity: 10_000,
      lanes,
    });
    assert.deepEqual(printed, ALL);
    const lines = readFileSync(join(folder, "logs/app.ndjson"), "utf8").trimEnd().split("\n");
    assert.deepEqual(lines.map((line) => JSON.parse(line).fields.i), ALL);
  });
});

const REFUSING = {
  refusing: {
    create: () => () => {
      throw new RejectedError("never");
    },
  },
};

for (const isDurable of [false, true]) {
  const where = isDurable ? "on disk" : "in memory";
  test(`dead letters of a pipeline ${where} outlive it in a folder of their own`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "logflume-config-"));
    try {
      const open = () =>
        openPipeline(parseConfig({
          mode: isDurable ? "sync" : "async",
          wal: { enabled: isDurable, dir: join(folder, "log"), segment_size: "1MiB" },
          dead_letter: { dir: join(folder, "dlq"), max_size: 3 },
          sinks: { a: { type: "refusing" } },
        }, { sinkTypes: REFUSING }));
      const first = await open();
      for (let i = 0; i < 5; i++) first.write(`line ${i}`);
      await first.drain();
      assert.equal(first.stats().mode, isDurable ? "durable" : "memory");
      await first.close();
      const second = await open();
      assert.equal(second.deadLetters.size, 3);
      await second.close();
      assert.equal(existsSync(join(folder, "log", "dead-letters")), false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test("a store of type sqlite holds the log, and a sink of that type the records", async () => {
  const folder = mkdtempSync(join(tmpdir(), "logflume-config-"));
  try {
    const config = parseConfig({
      store: { type: "sqlite", path: join(folder, "log.db") },
      sinks: { search: { type: "sqlite", path: join(folder, "search.db"), max_rows: 10 } },
    });
    const pipeline = await openPipeline(config);
    pipeline.write("line");
    assert.equal((await pipeline.drain()).drained, true);
    assert.equal(pipeline.stats().mode, "durable");
    await pipeline.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an HTTP sink sends the headers and the token that its settings say", async () => {
  const seen: Record<string, string | undefined> = {};
  const server = createServer((request, response) => {
    seen.authorization = request.headers.authorization;
    seen.source = String(request.headers["x-source"]);
    request.resume().on("end", () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as { readonly port: number };
  const api = {
    type: "http",
    url: `http://127.0.0.1:${port}/in`,
    token: "${TOKEN}",
    headers: { "x-source": "shop" },
  };
  const pipeline = await openPipeline(parseConfig({ sinks: { api } }, { env: { TOKEN: "abc" } }));
  pipeline.write("line");
  assert.equal((await pipeline.drain()).drained, true);
  await pipeline.close();
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  assert.deepEqual(seen, { authorization: "Bearer abc", source: "shop" });
});
