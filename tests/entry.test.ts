import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as entry from "../mod.ts";
import { runtimeArgs } from "./support/runtime_args.ts";

test("the main entry runs in memory where there is no file system and no process", () => {
  const child = fileURLToPath(new URL("support/bare_child.ts", import.meta.url));
  const args = [...runtimeArgs("--no-prompt"), child];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(
    stdout,
    '{"msg":"no disk needed","logger":"bare","fields":{"answer":42},"count":1}\n',
    stderr,
  );
});

test("the manifest names an existing file for every entry, and one version everywhere", () => {
  const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
  const manifest = JSON.parse(read("deno.json")) as {
    version: string;
    exports: Record<string, string>;
  };
  for (const path of Object.values(manifest.exports)) assert.match(read(path), /@module/, path);
  assert.match(
    read("CHANGELOG.md"),
    new RegExp(`^## ${manifest.version.replaceAll(".", "\\.")}`, "m"),
  );
});

test("the main entry exports the names of the design", () => {
  const names = [
    "openPipeline",
    "openWal",
    "openDeadLetters",
    "memoryStore",
    "createBuffer",
    "createRing",
    "createTail",
    "consoleSink",
    "contextSink",
    "createWriter",
    "backoff",
    "retry",
    "createCircuitBreaker",
    "createBreakerRegistry",
  ];
  assert.deepEqual(names.filter((name) => !(name in entry)), []);
});
