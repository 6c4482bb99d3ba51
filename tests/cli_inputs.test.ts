import { test } from "node:test";
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { startCommand } from "./support/cli.ts";
import { inFolder } from "./support/follow_folder.ts";

function messagesIn(path: string): string[] {
  const rows = fs.readFileSync(path, "utf8").split("\n").filter((row) => row !== "");
  return rows.map((row) => (JSON.parse(row) as { msg: string }).msg);
}

const runArgs = (folder: string, ...args: string[]) => [
  "run",
  "--output",
  join(folder, "out.ndjson"),
  "--data",
  join(folder, "data"),
  ...args,
];

test("run reads all files that fit a pattern once, the rotated ones first", () =>
  inFolder(async (folder) => {
    const pattern = join(folder, "logs", "**", "*.log*");
    fs.mkdirSync(join(folder, "logs", "b"), { recursive: true });
    const files = {
      "a.log.2": "1\n",
      "a.log.1": "2\n",
      "a.log": "3\n",
      "b/b.log": "4",
      "a.txt": "x",
    };
    for (const [name, text] of Object.entries(files)) {
      fs.writeFileSync(join(folder, "logs", name), text);
    }
    fs.writeFileSync(join(folder, "logs", "a.log.3.gz"), "\x1f\x8b");
    const args = runArgs(folder, "--listen", "off", "-i", pattern);
    const { code, stderr } = await startCommand(args).ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^logflume: Compressed files are not read: 1 of ".*" were left out\n$/);
    assert.deepEqual(messagesIn(join(folder, "out.ndjson")), ["1", "2", "3", "4"]);

    fs.renameSync(join(folder, "logs", "a.log"), join(folder, "logs", "a.log.0"));
    fs.writeFileSync(join(folder, "logs", "a.log"), "5\n");
    assert.equal((await startCommand(args).ended).code, 0);
    assert.deepEqual(messagesIn(join(folder, "out.ndjson")), ["1", "2", "3", "4", "5"]);
  }));

test("run leaves its own log out of a pattern that reaches it", () =>
  inFolder(async (folder) => {
    fs.mkdirSync(join(folder, "data"));
    fs.writeFileSync(join(folder, "a.log"), "a\n");
    const args = [
      "run",
      "--data",
      join(folder, "data"),
      "-i",
      join(folder, "**"),
      "--listen",
      "off",
    ];
    const first = await startCommand([...args, "--summary"]).ended;
    const again = await startCommand([...args, "--summary"]).ended;
    assert.match(first.stdout, /"accepted":1,/);
    assert.match(again.stdout, /"accepted":0,/);
  }));

const mistakes: [name: string, args: string[], message: RegExp][] = [
  [
    "a pattern that no file fits",
    ["-i", "x*.log"],
    /^logflume: No file fits the input ".*x\*\.log"/,
  ],
  [
    "a folder",
    ["-i", "."],
    /it is a folder; name a file in it, or a pattern such as '.*\/\*\.log'\n$/,
  ],
  [
    "an output that fits",
    ["-i", "out*"],
    /^logflume: The output ".*" fits the input ".*out\*": send/,
  ],
];

for (const [name, [flag = "", input = ""], message] of mistakes) {
  test(`a mistake of inputs ends with one sentence and exit code 2: ${name}`, () =>
    inFolder(async (folder) => {
      const { code, stderr } = await startCommand(runArgs(folder, flag, join(folder, input))).ended;
      assert.match(stderr, message);
      assert.deepEqual([code, stderr.split("\n").length], [2, 2]);
    }));
}

test("run --ingest takes posted lines until it is stopped, beside files", () =>
  inFolder(async (folder) => {
    fs.writeFileSync(join(folder, "a.log"), "from a file\n");
    const listen = ["--listen", "127.0.0.1:0", "--ingest"];
    const { child, ended, said } = startCommand(
      runArgs(folder, ...listen, "-i", join(folder, "a.log")),
    );
    let text = "";
    child.stderr?.on("data", (part: string) => text += part);
    await said("stderr", "/ingest are taken until this is stopped");
    const url = /Lines posted to (http:\/\/\S+)/.exec(text)?.[1] ?? "";
    const body = 'plain\n{"msg":"json","level":"warn"}\n';
    const response = await fetch(url, { method: "POST", body });
    assert.deepEqual([response.status, await response.json()], [200, { accepted: 2 }]);
    const foreign = await fetch(url, { method: "POST", body, headers: { origin: "https://x.y" } });
    assert.equal(foreign.status, 403);
    await foreign.text();
    process.kill(child.pid as number, "SIGTERM");
    assert.equal((await ended).code, 0);
    const messages = messagesIn(join(folder, "out.ndjson"));
    assert.deepEqual(messages.toSorted(), ["from a file", "json", "plain"]);
  }));
