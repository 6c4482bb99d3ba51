import { test } from "node:test";
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { type ReadEnd, readTextFile } from "../src/cli/text_input.ts";
import { contextOf, followSteps, inFolder, nothing, type Seen } from "./support/follow_folder.ts";

/** Follows one file; each step is one look later than the one before. */
async function follow(start: string, steps: ((path: string) => void)[]) {
  return await inFolder(async (folder) => {
    const path = join(folder, "app.log");
    fs.writeFileSync(path, start);
    const seen = nothing();
    const end = await followSteps([path], steps.map((step) => () => step(path)), seen);
    return { ...seen, end, said: seen.said.map((text) => text.replaceAll(path, "F")) };
  });
}

test("followInputs() reads what is added, and half a line once it is whole", async () => {
  const { lines, end } = await follow("a\nhal", [
    (path) => fs.appendFileSync(path, "f\nb\n"),
    () => {},
    (path) => fs.appendFileSync(path, "c\n"),
  ]);
  assert.deepEqual([lines, end], [["a", "half", "b", "c"], "end"]);
});

test("followInputs() hands over the last half line when it is stopped", async () => {
  const { lines } = await follow("a\n", [(path) => fs.appendFileSync(path, "b\npart")]);
  assert.deepEqual(lines, ["a", "b", "part"]);
});

test("followInputs() reads a file that was moved away to its end, then the new one", async () => {
  const { lines, said } = await follow("a\n", [
    (path) => {
      fs.appendFileSync(path, "b\n");
      fs.renameSync(path, `${path}.1`);
      fs.appendFileSync(`${path}.1`, "c\nno end");
      fs.writeFileSync(path, "d\n");
    },
    (path) => fs.appendFileSync(path, "e\n"),
  ]);
  assert.deepEqual(lines, ["a", "b", "c", "d", "e", "no end"]);
  assert.deepEqual(said, ['"F" was replaced: reading it from the beginning']);
});

test("followInputs() waits while there is no file of the name", async () => {
  const { lines } = await follow("a\n", [
    (path) => fs.renameSync(path, `${path}.1`),
    (path) => fs.appendFileSync(`${path}.1`, "b\n"),
    (path) => fs.writeFileSync(path, "c\n"),
    () => {},
  ]);
  assert.deepEqual(lines, ["a", "b", "c"]);
});

test("followInputs() starts over when the file became shorter", async () => {
  const { lines, said } = await follow("first line\nsecond line\n", [
    (path) => fs.writeFileSync(path, "new\n"),
    () => {},
    (path) => fs.appendFileSync(path, "more\n"),
  ]);
  assert.deepEqual(lines, ["first line", "second line", "new", "more"]);
  assert.deepEqual(said, ['"F" was shortened: reading it from the beginning']);
});

test("followInputs() gives the half line of a rotated file five seconds for its rest", async () => {
  const looks = Array.from({ length: 21 }, () => () => {});
  const { lines } = await follow("a\nha", [
    ...looks,
    (path) => {
      fs.renameSync(path, `${path}.1`);
      fs.writeFileSync(path, "b\n");
    },
    ...looks.slice(3),
    (path) => fs.appendFileSync(`${path}.1`, "lf\nno"),
    ...looks,
    (path) => fs.appendFileSync(path, "c\n"),
  ]);
  assert.deepEqual(lines, ["a", "b", "half", "no", "c"]);
});

test("followInputs() gives up on a half line five seconds after the rotation", async () => {
  const looks = Array.from({ length: 21 }, () => () => {});
  const rotate = (path: string) => {
    fs.renameSync(path, `${path}.1`);
    fs.writeFileSync(path, "b\n");
  };
  const { lines } = await follow("ha", [
    ...looks,
    rotate,
    ...looks,
    (path) => fs.appendFileSync(path, "c\n"),
  ]);
  assert.deepEqual(lines, ["b", "ha", "c"]);
});

/** Reads a file to its end with what an earlier reading has left. */
async function readAgain(path: string, seen: Seen): Promise<ReadEnd> {
  seen.lines.length = 0;
  seen.said.length = 0;
  return await readTextFile(path, contextOf(seen, new AbortController().signal));
}

test("readTextFile() goes on where the log knows the same file to be read", () =>
  inFolder(async (folder) => {
    const path = join(folder, "app.log");
    const seen = nothing();
    fs.writeFileSync(path, "\uFEFFa\nb");
    assert.equal(await readAgain(path, seen), "end");
    assert.deepEqual([seen.lines, seen.said], [["a", "b"], []]);

    await readAgain(path, seen);
    assert.deepEqual(seen.lines, []);
    assert.match(seen.said.join(), /^Going on with ".*" at byte 6, where the last run ended;/);

    fs.appendFileSync(path, "\nc\n");
    await readAgain(path, seen);
    assert.deepEqual(seen.lines, ["c"]);

    fs.writeFileSync(path, "other\nlonger content\n");
    await readAgain(path, seen);
    assert.deepEqual(seen.lines, ["other", "longer content"], "the same inode, another beginning");
    assert.match(
      seen.said.join(),
      /from the beginning: it is not the file that the last run read$/,
    );

    fs.writeFileSync(path, "other\n");
    await readAgain(path, seen);
    assert.deepEqual(seen.lines, ["other"], "shorter than what was read");
  }));
