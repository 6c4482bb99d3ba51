/** Files that cannot be read, and files that are odd and can. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { ConfigError, loadConfig } from "../src/config/config.ts";

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "logflume-config-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function saidOf(file: string | URL): Promise<string> {
  const error = await loadConfig(file, { env: {} }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error === undefined) return "";
  assert.ok(error instanceof ConfigError, String(error));
  return error.message;
}

/** Contents that are taken, and the level that they say. */
const TAKEN: readonly [name: string, content: string | Uint8Array, level: string | undefined][] = [
  ["an empty file", "", undefined],
  ["spaces and a comment", "  \n# nothing\n\n", undefined],
  ["the marks of one document", "---\nlevel: warn\n...\n", "warn"],
  ["a byte order mark", "\ufefflevel: warn\n", "warn"],
  ["CRLF", "level: warn\r\nmode: async\r\n", "warn"],
  ["no line feed at the end", "level: warn", "warn"],
  ["JSON", '{"level": "warn", "sinks": {"a": {"type": "console"}}}', "warn"],
  [
    "anchors and merged keys",
    "sinks:\n  a: &a {type: console}\n  b: {<<: *a, level: warn}\n",
    undefined,
  ],
  ["1 MiB", `level: warn\n${"#".repeat(1024 * 1024 - 13)}\n`, "warn"],
];

for (const [name, content, level] of TAKEN) {
  test(`a file with ${name} is taken`, () =>
    inFolder(async (folder) => {
      const file = join(folder, "logflume.yaml");
      writeFileSync(file, content);
      const config = await loadConfig(file, { env: {} });
      assert.equal(config.level, level);
      assert.equal(config.file, file);
      assert.equal((await loadConfig(pathToFileURL(file))).level, level);
    }));
}

/** Contents that are refused, and what is said behind the file's name. */
const REFUSED: readonly [name: string, content: string | Uint8Array, said: string][] = [
  ["10 MB", "#".repeat(10_000_000), ": this file is too large: allowed are 1048576 bytes (1 MiB)"],
  [
    "one byte too many",
    "#".repeat(1024 * 1024 + 1),
    ": this file is too large: allowed are 1048576 bytes (1 MiB)",
  ],
  [
    "bytes that are no UTF-8",
    new Uint8Array([0x61, 0x3a, 0x20, 0xe9]),
    ": this file is not text: allowed is UTF-8",
  ],
  ["UTF-16", new Uint8Array([0xff, 0xfe, 0x61, 0]), ": this file is not text: allowed is UTF-8"],
  [
    "very many words",
    "- a\n".repeat(20_000),
    ": this file holds too much: allowed are 30000 words and signs",
  ],
  ["a list", "- level: warn\n", ":1:1: cannot be used: allowed is a mapping"],
  ["a text", "level warn\n", ":1:1: cannot be used: allowed is a mapping"],
  [
    "two documents",
    "level: warn\n---\nlevel: info\n",
    ":2:1: there are several documents: allowed is one, without a line of ---",
  ],
  ["a key that is a list", "? [a]\n: b\n", ":1:3: this key is no text: allowed are texts"],
  [
    "a tag",
    "level: !env LEVEL\n",
    ":1:8: cannot read this tag: allowed is YAML without tags of its own",
  ],
  [
    "an alias of nothing",
    "wal: *log\n",
    ":1:6: cannot find what this alias stands for: allowed are names that an & before it gives",
  ],
  ["an alias of itself", "sinks: &a\n  b: *a\n", ":2:6: this alias stands in what it stands for"],
  [
    "a control character",
    'level: "warn\u0000"\n',
    ':1:8 level: "warn\\u0000" cannot be used: allowed are "trace", "debug", "info", "warn", "error", "fatal", did you mean "warn"',
  ],
  [
    "a prototype as key",
    "__proto__: {level: warn}\n",
    ":1:1 __proto__: there is no such setting: allowed are ",
  ],
  [
    "the name of a method as key",
    "constructor: 1\n",
    ":1:1 constructor: there is no such setting: allowed are ",
  ],
];

for (const [name, content, said] of REFUSED) {
  test(`a file with ${name} is refused in words`, () =>
    inFolder(async (folder) => {
      const file = join(folder, "logflume.yaml");
      writeFileSync(file, content);
      const message = await saidOf(file);
      assert.equal(message.slice(file.length, file.length + said.length), said, message);
    }));
}

test("a file that is not there, and a folder, are refused in words", () =>
  inFolder(async (folder) => {
    const missing = join(folder, "missing.yaml");
    assert.equal(
      await saidOf(missing),
      `${missing}: there is no such file: check the name, or create it`,
    );
    assert.equal(await saidOf(folder), `${folder}: this is a folder: name a file in it`);
    const inFile = join(folder, "file", "logflume.yaml");
    writeFileSync(join(folder, "file"), "");
    assert.equal(
      await saidOf(inFile),
      `${inFile}: there is no such file: a part of the path is no folder`,
    );
  }));

test("an address of the net is no file", async () => {
  await assert.rejects(loadConfig(new URL("https://x.example/logflume.yaml")), TypeError);
});

test("texts that would take a parser long are refused in words", () =>
  inFolder(async (folder) => {
    const file = join(folder, "logflume.yaml");
    for (const piece of ["[", "{", "- ", "? ", "a: [", "!!x ", "&a ", "a:\n", "{a: 1},\n"]) {
      for (const times of [1000, 100_000]) {
        writeFileSync(file, piece.repeat(times));
        assert.notEqual(await saidOf(file), "", `${piece} ${times}`);
      }
    }
  }));
