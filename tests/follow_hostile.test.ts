import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { startCommand } from "./support/cli.ts";
import { followSteps, inFolder, nothing } from "./support/follow_folder.ts";

/** Makes what `node:fs` has no call for; false where there is no shell or the disk takes no such name. */
function shell(folder: string, script: string): boolean {
  return spawnSync("sh", ["-c", script], { cwd: folder }).status === 0;
}

test("a followed file that becomes a folder or a pipe is waited for", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.log");
    fs.writeFileSync(path, "a\n");
    const seen = nothing();
    const pattern = join(folder, "*.log");
    for (const input of [path, pattern]) {
      fs.rmSync(path, { recursive: true, force: true });
      fs.writeFileSync(path, "a\n");
      seen.lines.length = 0;
      seen.marks.clear();
      const end = await followSteps([input], [
        () => fs.rmSync(path),
        () => fs.mkdirSync(path),
        () => fs.rmSync(path, { recursive: true }),
        () => shell(folder, "mkfifo a.log"),
        () => fs.rmSync(path, { force: true }),
        () => fs.writeFileSync(path, "b\n"),
      ], seen);
      assert.deepEqual([seen.lines, end], [["a", "b"], "end"], input);
    }
  }));

test("symbolic links that lead in circles are told in a sentence or passed by", () =>
  inFolder(async (folder) => {
    fs.mkdirSync(join(folder, "down"));
    fs.symlinkSync("../down", join(folder, "down", "again"));
    fs.symlinkSync("self.log", join(folder, "self.log"));
    fs.writeFileSync(join(folder, "down", "a.log"), "a\n");
    const seen = nothing();
    await followSteps([join(folder, "**/*.log"), join(folder, "*/*/*/*.log")], [() => {}], seen);
    const said = seen.said.map((text) => text.replaceAll(folder, ""));
    assert.deepEqual(seen.lines, ["a"]);
    assert.deepEqual(said.filter((text) => text.includes("self")), [
      'Cannot read "/self.log" now and will try again: its symbolic links lead in a circle; correct them',
    ]);
  }));

const takesAnyName = process.platform === "linux";

test(
  "a file with a name that is not UTF-8 is told of",
  { skip: !takesAnyName },
  () =>
    inFolder(async (folder) => {
      assert.ok(shell(folder, `echo a > "$(printf 'a\\377.log')"`));
      fs.writeFileSync(join(folder, "b.log"), "b\n");
      const seen = nothing();
      const end = await followSteps([join(folder, "*.log")], [() => {}, () => {}], seen);
      assert.deepEqual([seen.lines, end, seen.said.length], [["b"], "refused", 1]);
      assert.match(seen.said[0] ?? "", /its name is not valid UTF-8; rename it$/);
    }),
);

test(
  "control characters in a file's name do not reach the terminal",
  { skip: !takesAnyName },
  () =>
    inFolder(async (folder) => {
      const name = "a\x1b[31m\x9b\x7f\n.log";
      fs.symlinkSync(name, join(folder, name));
      const args = ["run", "-i", join(folder, "*.log"), "--listen", "off", "--data"];
      fs.writeFileSync(join(folder, "b.log"), "");
      const { stderr, code } = await startCommand([...args, join(folder, "data")]).ended;
      const [first = "", ...others] = stderr.split("\n");
      assert.ok(
        first.includes(String.raw`/a\u001b[31m\u009b\u007f\n.log": its symbolic links`),
        first,
      );
      assert.doesNotMatch(stderr.replaceAll("\n", ""), /\p{Cc}/u);
      assert.deepEqual([others.length <= 2, code], [true, 1], stderr);
    }),
);

test("a compressed file that is named is refused with the way to read it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a.log.gz");
    const args = ["run", "-i", path, "--listen", "off", "--data", join(folder, "data")];
    fs.writeFileSync(path, gzipSync("a\n"));
    const { stderr, code } = await startCommand(args).ended;
    assert.match(
      stderr,
      /it is compressed; unpack it first, or pipe it in: gzip -dc .*\| logflume/,
    );
    assert.deepEqual([stderr.split("\n").length, code], [2, 2]);
    fs.writeFileSync(path, "plain, whatever its name says\n");
    assert.equal((await startCommand([...args, "--output", join(folder, "out")]).ended).code, 0);
  }));

const isRoot = process.getuid?.() === 0;

test(
  "a file loses no line while it may not be read",
  { skip: isRoot },
  () =>
    inFolder(async (folder) => {
      const [path, other] = [join(folder, "a.log"), join(folder, "b.log")];
      fs.writeFileSync(path, "a\n");
      fs.writeFileSync(other, "b\n");
      const seen = nothing();
      // One descriptor for two files: each is opened again whenever it is read.
      await followSteps(
        [join(folder, "*.log")],
        [
          () => {
            fs.appendFileSync(path, "a2\n");
            fs.chmodSync(path, 0);
          },
          () => {},
          () => fs.chmodSync(path, 0o600),
        ],
        seen,
        1,
      );
      assert.deepEqual(seen.lines, ["a", "b", "a2"]);
    }),
);
