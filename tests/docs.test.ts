/** The documents: what they show is run, read and parsed as their readers would. */
import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import { parse as parseYaml } from "yaml";
import { parseBenchOptions } from "../src/cli/bench_options.ts";
import { parseDlqOptions } from "../src/cli/dlq_options.ts";
import { parseRunOptions } from "../src/cli/options.ts";
import { parseStatsOptions } from "../src/cli/stats_options.ts";
import { parseTailOptions } from "../src/cli/tail_options.ts";
import { parseCatOptions, parseLookOptions } from "../src/cli/wal_options.ts";
import { parseConfig } from "../src/config/config.ts";
import {
  blocksIn,
  documents,
  documentText,
  exists,
  logflumeCalls,
  runBlock,
} from "./support/docs.ts";
import { inFolder } from "./support/spawn.ts";

const BLOCKS = documents().flatMap((name) => blocksIn(name, documentText(name)));
const NOW_MS = 1_700_000_000_000;
/** A link within the project: the path, which may be empty, and the heading. */
const LINK = /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g;
const DLQ_COMMANDS = ["ls", "show", "replay", "rm", "export", "import"] as const;

for (const { place, info, code } of BLOCKS) {
  if (info === "ts") {
    test(`${place} runs`, { timeout: 60_000 }, () =>
      inFolder("docs", async (folder) => {
        const run = await runBlock(code, folder);
        assert.deepEqual(
          { code: run.code, signal: run.signal },
          { code: 0, signal: null },
          run.stderr,
        );
      }));
    test(`${place} listens on no fixed port`, () => assert.deepEqual(fixedPorts(code), []));
  }
  if (info === "yaml") {
    test(`${place} is a configuration`, () => void parseConfig(parseYaml(code), { env: {} }));
  }
  if (info === "sh" || info === "console") {
    const calls = logflumeCalls(code);
    if (calls.length > 0) test(`${place} calls logflume as it is`, () => calls.forEach(assertCall));
  }
}

test("every block says what it is", () => {
  const known = ["ts", "ts ignore", "yaml", "sh", "console", "text", "json", ""];
  assert.deepEqual(BLOCKS.filter(({ info }) => !known.includes(info)), []);
});

test("the guides lead to what is there", () => {
  for (const name of documents()) {
    for (const [, target, anchor] of documentText(name).matchAll(LINK)) {
      const path = target === "" ? name : posix.join(posix.dirname(name), target!);
      assert.ok(exists(path), `${name} links to ${target}, which is not there`);
      if (anchor === undefined) continue;
      assert.ok(
        anchorsIn(documentText(path)).includes(anchor),
        `${path} has no heading #${anchor}`,
      );
    }
  }
});

test("calls are found behind prompts, tasks and pipes, without comments and redirections", () => {
  const code = "$ logflume wal cat 'a b' | jq .msg # logflume x\n" +
    "npx -y deno task logflume run \\\n  -o out.ndjson\nlogflume dlq export d > logflume\nls logflume";
  assert.deepEqual(logflumeCalls(code), [
    ["wal", "cat", "a b"],
    ["run", "-o", "out.ndjson"],
    ["dlq", "export", "d"],
  ]);
});

test("a wrong flag, a fixed port and a block without an end are found", () => {
  assert.throws(() => assertCall(["run", "--inputs", "app.log"]), /Unknown option/);
  assert.throws(() => assertCall(["walk"]), /no command/);
  assert.deepEqual(fixedPorts("Deno.serve({ port: 8484 }, app.fetch)"), ["port: 8484"]);
  assert.deepEqual(fixedPorts("Deno.serve({ port: 0 }, app.fetch)"), []);
  assert.throws(() => blocksIn("a.md", "```ts\n1"), /does not end/);
});

test("a program that throws, claims what is false or imports what is not there is found", {
  timeout: 60_000,
}, () =>
  inFolder("docs", async (folder) => {
    const failing = ['throw new Error("boom");', "console.assert(1 > 2);", 'import "./no.ts";'];
    for (const code of failing) assert.equal((await runBlock(code, folder)).code, 1, code);
    await assert.rejects(runBlock('import "@logflume/logflume/no";', folder), /is not exported/);
  }));

/** Checks the words behind `logflume` by the very functions that the command line reads them with. */
function assertCall([command, ...args]: readonly string[]): void {
  const [sub, ...rest] = args;
  if (command === "run") parseRunOptions(args);
  else if (command === "tail") parseTailOptions(args, NOW_MS);
  else if (command === "stats") parseStatsOptions(args);
  else if (command === "bench") parseBenchOptions(args);
  else if (command === "wal" && sub === "cat") parseCatOptions(rest, NOW_MS);
  else if (command === "wal" && (sub === "ls" || sub === "verify")) parseLookOptions(rest);
  else if (command === "dlq" && DLQ_COMMANDS.some((name) => name === sub)) {
    parseDlqOptions(sub as (typeof DLQ_COMMANDS)[number], rest, NOW_MS);
  } else if (command !== "check" && command !== "init" && command !== "schema") {
    throw new Error(`There is no command "${[command, sub].join(" ")}"`);
  }
}

/** The names under which headings can be linked to. */
function anchorsIn(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
}

function fixedPorts(code: string): readonly string[] {
  return [...code.matchAll(/\bport:\s*[1-9]\d*|\.listen\(\s*[1-9]\d*/g)].map(([found]) => found);
}
