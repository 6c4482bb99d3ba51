import { test } from "node:test";
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { followSteps, inFolder, nothing, type Seen } from "./support/follow_folder.ts";

/** A folder of logs, and the looks at it. */
interface Site {
  readonly seen: Seen;
  /** Adds to a file, which is made if need be. */
  add(name: string, text: string): void;
  move(from: string, to: string): void;
  path(name: string): string;
  /** Follows patterns; each step comes one look later than the one before. */
  follow(patterns: string[], ...steps: (() => void)[]): Promise<void>;
}

function inSite(use: (site: Site) => Promise<void>, maxOpenFiles?: number): Promise<void> {
  return inFolder(async (folder) => {
    const path = (name: string) => join(folder, name);
    const seen = nothing();
    await use({
      seen,
      path,
      add(name, text) {
        fs.mkdirSync(dirname(path(name)), { recursive: true });
        fs.appendFileSync(path(name), text);
      },
      move: (from, to) => fs.renameSync(path(from), path(to)),
      async follow(patterns, ...steps) {
        seen.lines.length = 0;
        seen.said.length = 0;
        await followSteps(patterns.map(path), steps, seen, maxOpenFiles);
        seen.said.splice(0, Infinity, ...seen.said.map((text) => text.replaceAll(folder, "")));
      },
    });
  });
}

test("a pattern takes files that come later, and closes those that go", () =>
  inSite(async ({ seen, add, path, follow }) => {
    add("a.log", "a1\n");
    add("b.txt", "no\n");
    await follow(
      ["*.log"],
      () => add("b.log", "b1\n"),
      () => fs.rmSync(path("a.log")),
      () => add("b.log", "b2\n"),
    );
    assert.deepEqual([seen.lines, seen.said], [["a1", "b1", "b2"], []]);
  }));

test("a pattern that no file fits waits, and says so once", () =>
  inSite(async ({ seen, add, follow }) => {
    add("logs/.hidden/b.log", "b\n");
    await follow(["logs/**/*.log"], () => {}, () => add("logs/x/a.log", "a\n"));
    assert.deepEqual(seen.lines, ["a"]);
    assert.deepEqual(seen.said, ['No file fits the input "/logs/**/*.log" yet: waiting for one']);
  }));

test("a file renamed within the pattern, or out of it to a rotated name, is read once", () =>
  inSite(async ({ seen, add, move, path, follow }) => {
    for (const pattern of ["app.log*", "*.log"]) {
      add("app.log", "a\n");
      seen.marks.clear();
      await follow(
        [pattern],
        () => move("app.log", "app.log.1"),
        () => add("app.log.1", "late\n"),
        () => add("app.log", "b\n"),
        () => {
          move("app.log.1", "app.log.2");
          move("app.log", "app.log.1");
          add("app.log", "c\n");
        },
        () => add("app.log.1", "b2\n"),
      );
      assert.deepEqual(seen.lines, ["a", "late", "b", "c", "b2"], pattern);
      for (const name of ["app.log", "app.log.1", "app.log.2"]) fs.rmSync(path(name));
    }
  }));

test("rotations between two looks leave no file out", () =>
  inSite(async ({ seen, add, move, follow }) => {
    add("app.log.1", "before us\n");
    add("app.log", "a\n");
    await follow(["app.log"], () => {
      move("app.log.1", "app.log.4");
      move("app.log", "app.log.3");
      add("app.log.2", "b\n");
      add("app.log.1", "c\n");
      add("app.log", "d\n");
    });
    assert.deepEqual(seen.lines, ["a", "b", "c", "d"]);
  }));

test("a run that was killed goes on in rotated files, and reads what was rotated meanwhile", () =>
  inSite(async ({ seen, add, move, follow }) => {
    add("app.log.1", "before us\n");
    add("app.log", "a\n");
    await follow(["app.log"]);
    assert.deepEqual(seen.lines, ["a"]);

    add("app.log", "a2\n");
    move("app.log.1", "app.log.4");
    move("app.log", "app.log.3");
    add("app.log.2", "b\n");
    add("app.log.1", "c\n");
    add("app.log", "d\n");
    await follow(["app.log"], () => add("app.log", "d2\n"));
    assert.deepEqual(seen.lines, ["a2", "b", "c", "d", "d2"]);
    assert.match(seen.said[0] ?? "", /^Going on with "\/app.log.3" at byte 2, where the last/);

    await follow(["app.log"]);
    assert.deepEqual(seen.lines, []);
  }));

test("a new file with the inode of an old one is read from its beginning", () =>
  inSite(async ({ seen, add, path, follow }) => {
    add("app.log", "first\nfile\n");
    await follow(["app.log"]);
    // Written in place: the same inode, as a removed file's goes to the next one.
    fs.writeFileSync(path("app.log"), "other file, which is longer than the first\n");
    await follow(["app.log"]);
    assert.deepEqual(seen.lines, ["other file, which is longer than the first"]);
    fs.writeFileSync(path("app.log"), "");
    await follow(
      ["app.log"],
      () => add("app.log", "x\n"),
      () => fs.writeFileSync(path("app.log"), "cut and longer already\n"),
    );
    assert.deepEqual(seen.lines, ["x", "cut and longer already"]);
  }));

test("a new file with the inode of one that was left out is read", () =>
  inSite(async ({ seen, add, path, follow }) => {
    add("app.log.1", "before us\n");
    add("app.log", "a\n");
    await follow(
      ["app.log"],
      () => fs.chmodSync(path("app.log.1"), 0o600),
      () => add("app.log.1", "still the same\n"),
      () => fs.writeFileSync(path("app.log.1"), "another file, as its beginning tells\n"),
    );
    assert.deepEqual(seen.lines, ["a", "another file, as its beginning tells"]);
  }));

test("a file in two patterns, by a link and by a hard link is read once", () =>
  inSite(async ({ seen, add, path, follow }) => {
    add("a.log", "a\n");
    fs.symlinkSync("a.log", path("link.log"));
    fs.linkSync(path("a.log"), path("hard.log"));
    fs.symlinkSync("gone", path("nowhere.log"));
    fs.mkdirSync(path("folder.log"));
    await follow(["*.log", "a*"]);
    assert.deepEqual([seen.lines, seen.said], [["a"], []]);
  }));

test("a symbolic link that is moved on is followed to the new file", () =>
  inSite(async ({ seen, add, path, follow }) => {
    add("day-1", "a\n");
    fs.symlinkSync("day-1", path("current"));
    await follow(["current"], () => {
      add("day-1", "a2\n");
      add("day-2", "b\n");
      fs.rmSync(path("current"));
      fs.symlinkSync("day-2", path("current"));
    }, () => add("day-2", "b2\n"));
    assert.deepEqual(seen.lines, ["a", "a2", "b", "b2"]);
  }));

test("compressed files are left out with a word", () =>
  inSite(async ({ seen, add, follow }) => {
    add("app.log", "a\n");
    add("app.log.1.gz", "\x1f\x8b");
    await follow(["app.log*"], () => add("app.log.2.gz", "\x1f\x8b"));
    assert.deepEqual(seen.lines, ["a"]);
    assert.equal(seen.said.length, 1);
    assert.match(
      seen.said[0] ?? "",
      /^Compressed files are not read: "\/app.log.1.gz" is left out/,
    );
    await follow(["app.log"]);
    assert.equal(seen.said.length, 1);
    assert.match(seen.said[0] ?? "", /^Going on with/);
  }));

const isRoot = process.getuid?.() === 0;

test(
  "a file that may not be read is told once and read when it may be",
  { skip: isRoot },
  () =>
    inSite(async ({ seen, add, path, follow }) => {
      add("a.log", "a\n");
      add("b.log", "b\n");
      fs.chmodSync(path("a.log"), 0);
      await follow(["*.log"], () => {}, () => {}, () => fs.chmodSync(path("a.log"), 0o600));
      assert.deepEqual(seen.lines, ["b", "a"]);
      assert.equal(seen.said.length, 1);
      assert.match(seen.said[0] ?? "", /^Cannot read "\/a.log" now and will try again: permission/);
    }),
);

test("a path that leads nowhere for now is told once and tried again", () =>
  inSite(async ({ seen, add, path, follow }) => {
    fs.symlinkSync("a.log", path("a.log"));
    add("b.log", "b\n");
    await follow(["*.log"], () => {}, () => {}, () => {
      fs.rmSync(path("a.log"));
      add("a.log", "a\n");
    });
    assert.deepEqual(seen.lines, ["b", "a"]);
    assert.equal(seen.said.length, 1);
    assert.match(
      seen.said[0] ?? "",
      /^Cannot read "\/a.log" now and will try again: its symbolic links lead in/,
    );
  }));

test("hundreds of files are read with few descriptors, and each one as it grows", () =>
  inSite(async ({ seen, add, move, path, follow }) => {
    const names = Array.from({ length: 200 }, (_, index) => `${index + 100}.log`);
    const grow = (text: string) => () => {
      assert.ok(openIn(path("")) <= 3, `${openIn(path(""))} open`);
      for (const name of names) add(name, `${name} ${text}\n`);
    };
    grow("1")();
    await follow(["*.log"], grow("2"), () => {
      for (const name of names) move(name, `${name}.1`);
      for (const name of names) add(`${name}.1`, `${name} 3\n`);
    }, () => {});
    const expected = ["1", "2", "3"].flatMap((text) => names.map((name) => `${name} ${text}`));
    assert.deepEqual(seen.lines.toSorted(), expected.toSorted());
  }, 3));

/** Descriptors of this process that lead into a folder, where that can be told. */
function openIn(folder: string): number {
  const all = "/proc/self/fd";
  if (!fs.existsSync(all)) return 0;
  const targets = fs.readdirSync(all).map((fd) => {
    try {
      return fs.readlinkSync(join(all, fd));
    } catch {
      return "";
    }
  });
  return targets.filter((target) => target.startsWith(folder)).length;
}

const big = Array.from({ length: 60 }, (_, index) => `line ${index} of the first part\n`);

test("what was not read of a file before it was copied and cut is read in the copy", () =>
  inSite(async ({ seen, add, path, follow }) => {
    for (const input of ["app.log", "app.log*"]) {
      fs.writeFileSync(path("app.log"), big.join(""));
      seen.marks.clear();
      await follow(
        [input],
        () => {
          add("app.log", "not read yet\n");
          fs.copyFileSync(path("app.log"), path("app.log.1"));
          fs.truncateSync(path("app.log"));
          add("app.log", "new\n");
        },
        () => {},
        () => {
          add("app.log", "new 2\n");
        },
      );
      assert.deepEqual(seen.lines.slice(60), ["not read yet", "new", "new 2"], input);
      fs.rmSync(path("app.log.1"));
    }
  }));

test("a copy that is made and cut while nobody reads is read from where reading ended", () =>
  inSite(async ({ seen, add, path, follow }) => {
    add("app.log", big.join(""));
    await follow(["app.log"]);
    add("app.log", "not read yet\n");
    fs.copyFileSync(path("app.log"), path("app.log.1"));
    fs.truncateSync(path("app.log"));
    add("app.log", "new\n");
    await follow(["app.log"]);
    assert.deepEqual(seen.lines, ["not read yet", "new"]);
  }));

test("a copy of a file that is not cut is not read", () =>
  inSite(async ({ seen, add, path, follow }) => {
    const looks = Array.from({ length: 30 }, () => () => {});
    add("app.log", big.join(""));
    const copy = () => fs.copyFileSync(path("app.log"), path("app.log.1"));
    await follow(["app.log*"], copy, ...looks, () => add("app.log", "on\n"), () => {});
    assert.deepEqual(seen.lines.slice(60), ["on"]);
  }));
