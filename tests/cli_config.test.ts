import assert from "node:assert/strict";
import process from "node:process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { join } from "node:path";
import { configSchema } from "../src/config/config.ts";
import { CONFIG_STARTER } from "../src/cli/config_starter.ts";
import { inFolder } from "./support/spawn.ts";
import { startCommand } from "./support/cli.ts";
import { runCommand } from "./support/commands.ts";

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
    const { code, stdout, stderr } = await runCommand("check", file);
    assert.deepEqual([code, stdout], [2, ""]);
    const lines = stderr.trimEnd().split("\n");
    assert.ok(
      lines.some((line) => line.startsWith(`${file}:3:1 bufer: `) && line.includes('"buffer"')),
      stderr,
    );
    assert.ok(lines.some((line) => line.startsWith(`${file}:5:9 buffer.size: `)), stderr);
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.equal(existsSync(join(folder, "data")), false);
    const json = await runCommand("check", file, "--json");
    assert.equal(json.code, 2);
    assert.equal(JSON.parse(json.stdout).problems.length, 2);
    const missing = await runCommand("check", join(folder, "none.yaml"));
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
      const { stdout, stderr } = await runCommand("check", file, ...args);
      assert.doesNotMatch(stdout + stderr, /very-secret|pass-word|query-secret|t0ken/);
    }
  }));

test("schema prints the schema of the configuration, and every command has help", async () => {
  const { code, stdout } = await logflume("schema");
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(configSchema)));
  for (const command of ["check", "init", "schema"]) {
    const help = await runCommand(command, "--help");
    assert.deepEqual([help.code, help.stderr], [0, ""]);
    assert.ok(help.stdout.startsWith(`Usage: logflume ${command}`));
    assert.match(help.stdout, /Exit codes: /);
    const wrong = await runCommand(command, "--nonsense");
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^logflume: Unknown option "--nonsense": use --/);
  }
});

test("run CONFIG reads, delivers and serves as the file says", () =>
  inFolder("cli-config", async (folder) => {
    const [input, output, file] = ["in.log", "out.ndjson", "run.yaml"].map((name) =>
      join(folder, name)
    ) as [string, string, string];
    writeFileSync(input, "one\ntwo\nthree\n");
    writeFileSync(
      file,
      `
inputs:
  files:
    - paths: ["${folder}/*.log"]
      follow: false
wal:
  dir: ${folder}/data
sinks:
  file:
    type: file
    path: ${output}
http:
  listen: off
`,
    );
    const { code, stderr, stdout } = await logflume("run", file, "--summary");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(JSON.parse(stdout).delivered, 3);
    const lines = readFileSync(output, "utf8").trimEnd().split("\n");
    assert.deepEqual(lines.map((line) => JSON.parse(line).msg), ["one", "two", "three"]);
    const again = await logflume("run", file, "--summary");
    assert.equal(JSON.parse(again.stdout).delivered, 0);
  }));

test("run CONFIG with http takes posts behind its token, and shows figures", () =>
  inFolder("cli-config", async (folder) => {
    const token = "a-token-of-some-length";
    const file = join(folder, "run.yaml");
    writeFileSync(
      file,
      `
wal:
  dir: ${folder}/data
sinks:
  file:
    type: file
    path: ${folder}/out.ndjson
http:
  listen: 127.0.0.1:0
  path: /tail
  token: ${token}
  ingest: {}
metrics:
  path: /internal/figures
`,
    );
    const command = startCommand(["run", file, "--drain-timeout", "5s"]);
    await command.said("stderr", "Lines posted to ");
    const url = /posted to (\S+)ingest/.exec(command.soFar("stderr"))?.[1] ??
      assert.fail("no address");
    const headers = { authorization: `Bearer ${token}` };
    assert.equal((await fetch(`${url}ingest`, { method: "POST", body: "x\n" })).status, 401);
    const posted = await fetch(`${url}ingest`, { method: "POST", body: "posted\n", headers });
    assert.deepEqual([posted.status, await posted.json()], [200, { accepted: 1 }]);
    const tail = await (await fetch(`${url}tail?follow=0`, { headers })).text();
    assert.match(tail, /"msg":"posted"/);
    for (const path of ["metrics", "internal/figures"]) {
      const figures = await (await fetch(`${url}${path}`, { headers })).text();
      assert.match(figures, /^# HELP logflume_/m, path);
    }
    process.kill(command.child.pid!, "SIGTERM");
    const { code } = await command.ended;
    assert.ok(code === 0 || code === null || code === 143, `${code}`);
    assert.match(readFileSync(join(folder, "out.ndjson"), "utf8"), /"msg":"posted"/);
  }));

test("run with a wrong configuration, or with more than it, opens nothing and says why", () =>
  inFolder("cli-config", async (folder) => {
    const file = join(folder, "wrong.yaml");
    writeFileSync(file, `wal:\n  dir: ${folder}/data\n  sync: sometimes\n`);
    const wrong = await logflume("run", file);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /wrong\.yaml:3:9 wal\.sync: /);
    const both = await logflume("run", file, "--input", "x.log");
    assert.deepEqual(
      [both.code, both.stderr],
      [2, "logflume: The configuration says that: leave out --input, or the configuration\n"],
    );
    assert.equal(existsSync(join(folder, "data")), false);
  }));
