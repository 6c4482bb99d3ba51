import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { join } from "node:path";
import { configSchema } from "../src/config/config.ts";
import { CONFIG_STARTER } from "../src/cli/config_starter.ts";
import { inFolder } from "./support/spawn.ts";
import { startCommand } from "./support/cli.ts";

function logflume(...args: string[]) {
  return startCommand(args).ended;
}

test("init writes a file that check finds right, and replaces none unless it is told to", () =>
  inFolder("cli-config", async (folder) => {
    const file = join(folder, "logflume.yaml");
    const first = await logflume("init", file);
    assert.deepEqual([first.code, first.stderr], [0, ""]);
    assert.equal(readFileSync(file, "utf8"), CONFIG_STARTER);
    const checked = await logflume("check", file);
    assert.deepEqual([checked.code, checked.stderr], [0, ""]);
    assert.ok(checked.stdout.startsWith(`${file} is right. It would run:\n`), checked.stdout);
    assert.match(checked.stdout, /logs\/app\.ndjson/);
    const again = await logflume("init", file);
    assert.equal(again.code, 2);
    assert.equal(
      again.stderr,
      `logflume: "${file}" is there already: name another file, or replace it with --force\n`,
    );
    writeFileSync(file, "changed");
    assert.equal((await logflume("init", file, "--force")).code, 0);
    assert.equal(readFileSync(file, "utf8"), CONFIG_STARTER);
  }));

test("check tells every mistake at once with its place, opens nothing and ends with 2", () =>
  inFolder("cli-config", async (folder) => {
    const file = join(folder, "wrong.yaml");
    writeFileSync(file, `wal:\n  dir: ${join(folder, "data")}\nbufer: {}\nbuffer:\n  size: lots\n`);
    const { code, stdout, stderr } = await logflume("check", file);
    assert.deepEqual([code, stdout], [2, ""]);
    const lines = stderr.trimEnd().split("\n");
    assert.ok(
      lines.some((line) => line.startsWith(`${file}:3:1 bufer: `) && line.includes('"buffer"')),
      stderr,
    );
    assert.ok(lines.some((line) => line.startsWith(`${file}:5:9 buffer.size: `)), stderr);
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.equal(existsSync(join(folder, "data")), false);
    const json = await logflume("check", file, "--json");
    assert.equal(json.code, 2);
    assert.equal(JSON.parse(json.stdout).problems.length, 2);
    const missing = await logflume("check", join(folder, "none.yaml"));
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /none\.yaml/);
  }));

test("check prints no secret", () =>
  inFolder("cli-config", async (folder) => {
    const file = join(folder, "secret.yaml");
    const url = "https://user:pass-word@logs.example/in?key=query-secret";
    writeFileSync(
      file,
      `http:\n  token: a-very-secret-token\nsinks:\n  api:\n    type: http\n    url: ${url}\n    token: t0ken-secret\n`,
    );
    for (const args of [[], ["--json"]]) {
      const { stdout, stderr } = await logflume("check", file, ...args);
      assert.doesNotMatch(stdout + stderr, /very-secret|pass-word|query-secret|t0ken/);
    }
  }));

test("schema prints the schema of the configuration, and every command has help", async () => {
  const { code, stdout } = await logflume("schema");
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(configSchema)));
  for (const command of ["check", "init", "schema"]) {
    const help = await logflume(command, "--help");
    assert.deepEqual([help.code, help.stderr], [0, ""]);
    assert.ok(help.stdout.startsWith(`Usage: logflume ${command}`));
    assert.match(help.stdout, /Exit codes: /);
    const wrong = await logflume(command, "--nonsense");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^logflume: Unknown option "--nonsense": use --/);
  }
});
