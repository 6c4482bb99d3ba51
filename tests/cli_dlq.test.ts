import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type FileStore,
  type LogProvider,
  openDeadLetters,
  openPipeline,
  openWal,
  type Pipeline,
  RejectedError,
} from "../mod.ts";
import { readLetters } from "../src/cli/dlq_folder.ts";
import { parseDlqOptions } from "../src/cli/dlq_options.ts";
import { UsageError } from "../src/cli/usage_error.ts";
import { fileSink } from "../src/sink/file.ts";
import { fileStore } from "../src/storage/file.ts";
import { sqliteStore } from "../src/storage/sqlite.ts";
import { type CommandEnding, startCommand } from "./support/cli.ts";
import { runCommand } from "./support/commands.ts";
import { failureOf } from "./support/letter_logs.ts";
import { inFolder } from "./support/spawn.ts";

function runWith(input: string, ...args: readonly string[]): Promise<CommandEnding> {
  const { child, ended } = startCommand(["dlq", ...args]);
  child.stdin!.on("error", () => {});
  child.stdin!.end(input);
  return ended;
}

const run = (...args: readonly string[]): Promise<CommandEnding> => runCommand("dlq", ...args);

/** A pipeline that made dead letters of these messages: two of a lane `http`, the third of `other`. */
async function fill(store: FileStore | LogProvider, file: string): Promise<Pipeline> {
  const pipeline = await openPipeline({
    wal: { store },
    sinks: {
      http: (batch) => ({
        reject: batch.records().flatMap(({ msg }, index) =>
          msg.startsWith("bad") ? [{ index, reason: `400 for ${msg}` }] : []
        ),
      }),
      other: (batch) => {
        if (batch.records().some(({ msg }) => msg === "bad 2")) throw new RejectedError("too big");
      },
      file: fileSink({ path: file }),
    },
    onEvent: () => {},
  });
  for (const msg of ["good", "bad 1", "bad 2"]) {
    await pipeline.append(msg);
    await pipeline.drain();
  }
  return pipeline;
}

async function withDeadLetters(
  use: (data: string, folder: string) => Promise<void>,
): Promise<void> {
  await inFolder("dlq", async (folder) => {
    const data = join(folder, "data");
    await (await fill(fileStore(data), join(folder, "out.ndjson"))).close();
    await use(data, folder);
  });
}

test("dlq ls and show tell of every letter, and change nothing", () =>
  withDeadLetters(async (data) => {
    const text = await runWith("", "ls", data);
    assert.deepEqual([text.code, text.stderr], [0, ""]);
    const [title, empty, heading, ...rows] = text.stdout.trimEnd().split("\n");
    assert.match(title!, /^".*": 3 dead letters, \d.* KiB$/);
    assert.equal(empty, "");
    assert.match(heading!, /^ID +FIRST FAILED +REASON +ATTEMPTS +REPLAYS +ERROR$/);
    assert.match(rows[0]!, /^[0-9a-f]{16}\/http\/2 +20.*Z +non_retryable +1 +0 +400 for bad 1$/);
    assert.equal(rows.length, 3);
    assert.ok(!text.stdout.includes("\x1b"));

    const json = await run("ls", data, "--lane", "other", "--json");
    const { held, letters } = JSON.parse(json.stdout);
    assert.deepEqual([held, letters[0].error.message], [1, "too big"]);

    const { id } = letters[0];
    const show = await runWith("", "show", data, id, "unknown");
    assert.equal(show.code, 1);
    assert.match(show.stdout, new RegExp(`^${id}\n  lane +other\n  sequence +3\n`));
    assert.match(show.stdout, /\n {2}record +\{"time":".*"msg":"bad 2".*\}\n$/);
    assert.match(show.stderr, /There is no dead letter "unknown" in/);
    assert.ok(!fs.existsSync(join(data, "LOCK")));
  }));

test("what a message holds is shown without what a terminal would obey, and what caused it", () =>
  inFolder("dlq", async (folder) => {
    const data = join(folder, "data");
    const error = new RejectedError("field \u001b[31mred\u001b[0m\n\u202eturned", {
      status: 422,
      cause: new Error("schema\u2028seven"),
    });
    const pipeline = await openPipeline({
      wal: { store: fileStore(data) },
      sinks: { "a b": () => Promise.reject(error) },
      onEvent: () => {},
    });
    await pipeline.append("bad");
    await pipeline.drain();
    await pipeline.close();
    const { stdout: list } = await run("ls", data);
    assert.match(list, /\/a b\/1 .* 422 field \?\[31mred\?\[0m\?\?turned: schema\?seven\n$/);
    const { id } = (await readLetters(data))[0]!;
    const { stdout: all } = await run("show", data, id);
    assert.match(all, /\n {2}error +RejectedError: field \?\[31mred\?\[0m\n +\?turned\n/);
    assert.match(all, /\n {2}caused by +Error: schema\?seven\n/);
    assert.match(all, /\n {2}stack +.*cli_dlq\.test/);
    for (const text of [list, all]) {
      for (const char of ["\u001b", "\u202e", "\u2028"]) assert.ok(!text.includes(char));
    }
    assert.match(
      (await run("ls", data, "--lane", "none")).stdout,
      /^".*": none of 1 dead letter\n$/,
    );
    const gone = await run("rm", data, "a/b/1", id);
    assert.deepEqual([gone.code, gone.stdout], [1, "1 dead letter removed\n"]);
    assert.match(gone.stderr, /^logflume: There is no dead letter "a\/b\/1" in ".*"\n$/);
  }));

test("damaged letters are told, and the others shown", () =>
  withDeadLetters(async (data) => {
    const inner = join(data, "dead-letters");
    const path = join(inner, fs.readdirSync(inner).find((name) => name.endsWith(".ndjson"))!);
    const text = fs.readFileSync(path, "latin1");
    fs.writeFileSync(path, text.replace("400 for bad 1", "400 for bad X"), "latin1");
    const { code, stdout, stderr } = await run("ls", data);
    assert.deepEqual([code, stdout.includes("bad 1")], [0, false]);
    assert.match(stdout, /too big/);
    assert.match(
      stderr,
      /^logflume: Some dead letters in ".*" are damaged: see logflume wal verify/,
    );
  }));

test("dlq replay appends the records to a file and removes them", () =>
  withDeadLetters(async (data, folder) => {
    const output = join(folder, "missed.ndjson");
    fs.writeFileSync(output, "half a line");
    const dry = await run("replay", data, "--dry-run", "--lane", "http");
    assert.deepEqual([dry.code, dry.stdout], [0, "2 dead letters would be replayed\n"]);
    const one = await runWith("", "replay", data, "--output", output, "--limit", "1");
    assert.deepEqual([one.code, one.stdout, one.stderr], [0, "1 dead letter replayed\n", ""]);
    const rest = await run("replay", data, "-o", output, "--json");
    assert.equal(JSON.parse(rest.stdout).replayed, 2);
    const lines = fs.readFileSync(output, "utf8").trimEnd().split("\n");
    assert.equal(lines[0], "half a line");
    assert.deepEqual(lines.slice(1).map((line) => JSON.parse(line).msg), [
      "bad 1",
      "bad 2",
      "bad 2",
    ]);
    assert.match((await run("ls", data)).stdout, /: no dead letters\n$/);
    const again = await openPipeline({
      wal: { store: fileStore(data) },
      sinks: {},
      onEvent: () => {},
    });
    assert.equal(again.deadLetters.size, 0);
    await again.close();
  }));

test("dlq replay refuses the file of a sink, and to have no file", () =>
  withDeadLetters(async (data, folder) => {
    const own = await run("replay", data, "--output", join(folder, "out.ndjson"));
    assert.equal(own.code, 2);
    assert.match(own.stderr, /^logflume: A sink of the pipeline writes ".*" and would cut/);
    const none = await run("replay", data);
    assert.equal(none.code, 2);
    assert.match(
      none.stderr,
      /use --output FILE or --to URL, or call pipeline\.deadLetters\.replay\(\)/,
    );
  }));

test("dlq export, rm and import move letters", () =>
  withDeadLetters(async (data) => {
    const { stdout: lines } = await runWith("", "export", data);
    assert.equal(lines.trimEnd().split("\n").length, 3);
    const [first] = lines.split("\n").map((line) => line === "" ? {} : JSON.parse(line));
    const dry = await run("rm", data, first.id, "--dry-run");
    assert.equal(dry.stdout, "1 dead letter would be removed\n");
    assert.equal((await runWith("", "rm", data, first.id)).stdout, "1 dead letter removed\n");
    assert.equal((await run("rm", data, "--grep", "too big")).stdout, "1 dead letter removed\n");
    assert.equal(
      (await run("rm", data, "--all", "--json")).stdout,
      '{"removed":1,"dryRun":false}\n',
    );
    const back = await runWith(lines, "import", data);
    assert.deepEqual([back.code, back.stdout], [0, "3 dead letters imported, 0 updated\n"]);
    assert.equal((await run("export", data)).stdout, lines);
    const wrong = await runWith("no json\n", "import", data, "-");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^logflume: Line 1 is no dead letter: /);
  }));

test("a running pipeline is read beside, and nothing is changed under it", () =>
  inFolder("dlq", async (folder) => {
    const data = join(folder, "data");
    const pipeline = await fill(fileStore(data), join(folder, "out.ndjson"));
    assert.match((await run("ls", data)).stdout, /: 3 dead letters, /);
    for (const args of [["rm", data, "--all"], ["replay", data, "-o", join(folder, "x")]]) {
      const { code, stderr } = await run(...args);
      assert.equal(code, 2);
      assert.match(stderr, /^logflume: A running pipeline holds ".*": stop it first, or let it/);
      assert.equal(stderr.trimEnd().split("\n").length, 1);
    }
    assert.equal(pipeline.deadLetters.size, 3);
    await pipeline.close();
  }));

test("an old letter is seen at every moment, while others come and go beside it", () =>
  inFolder("dlq", async (folder) => {
    const store = fileStore(folder);
    const records = await openWal(store);
    const settings = { retain: 0, segmentBytes: 256 * 1024 };
    const letters = await openDeadLetters(await openWal(store.inner("dead-letters"), settings));
    await letters.add([failureOf(1)]);
    let isDone = false;
    const looks = (async () => {
      let count = 0;
      for (; !isDone; count++) {
        const seqs = (await readLetters(folder)).map(({ seq }) => seq);
        assert.equal(seqs[0], 1, `look ${count} found ${seqs}`);
      }
      return count;
    })();
    const record = `"${"x".repeat(100_000)}"`;
    for (let seq = 2; seq <= 120; seq++) {
      await letters.add([failureOf(seq, { record })]);
      if (seq > 4) await letters.remove([failureOf(seq - 2).id]);
    }
    isDone = true;
    assert.ok(await looks > 0);
    await letters.close();
    await records.close();
  }));

test("dlq reads and changes the letters in an SQLite file", () =>
  inFolder("dlq", async (folder) => {
    const path = join(folder, "logs.db");
    await (await fill(sqliteStore(path), join(folder, "out.ndjson"))).close();
    assert.equal((await run("rm", path, "--lane", "other")).stdout, "1 dead letter removed\n");
    assert.match((await run("ls", path)).stdout, /: 2 dead letters, /);
  }));

test("what is called wrongly is told in one sentence", async () => {
  await inFolder("dlq", async (folder) => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["burn"], /Unknown command "dlq burn": use ls, show/],
      [["ls", join(folder, "none")], /There is no folder/],
      [["ls", folder], /holds no log/],
      [["rm", folder], /Nothing says which dead letters to remove/],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1);
    }
  });
  const parse = (...args: string[]) => parseDlqOptions("replay", args, 0);
  for (
    const [args, message] of [
      [[], /No folder is named/],
      [["d", "--reason", "bored"], /"--reason bored" is no reason: use one of max_attempts/],
      [["d", "--since", "soon"], /"--since soon" is no time/],
      [["d", "--limit", "-1"], /limit/],
      [["d", "--rate", "0"], /"--rate 0" is no number/],
      [["d", "--all"], /Unknown option "--all"/],
      [["d", "e"], /Unexpected argument "e"/],
    ] as const
  ) {
    assert.throws(
      () => parse(...args),
      (error: Error) => error instanceof UsageError && message.test(error.message),
    );
  }
  const { filter, limit, ratePerSecond } = parse(
    "d",
    "--since",
    "1h",
    "--rate",
    "0.5",
    "--grep",
    "x",
  );
  assert.deepEqual({ filter, limit, ratePerSecond }, {
    filter: { sinceMs: -3_600_000, text: "x" },
    limit: Infinity,
    ratePerSecond: 0.5,
  });
});

test("every dlq command has help with an example", async () => {
  const main = await run("--help");
  assert.equal(main.code, 0);
  for (const command of ["ls", "show", "replay", "rm", "export", "import"]) {
    assert.match(main.stdout, new RegExp(`^  ${command} `, "m"));
  }
  const { code, stdout } = await run("replay", "--help");
  assert.equal(code, 0);
  assert.match(stdout, /Examples:\n {2}logflume dlq replay /);
});
