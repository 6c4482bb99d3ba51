import { test } from "node:test";
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { isYounger, nameAfterCut } from "../src/cli/input_generations.ts";
import { followSteps, inFolder, nothing, type Seen } from "./support/follow_folder.ts";

/** A log that is rotated by copying it and cutting it, and what was read of it. */
interface Log {
  readonly path: string;
  readonly seen: Seen;
  /** Adds to the log. */
  add(text: string): void;
  /** Copies it to `app.log.1`, those before it one on, and cuts it. */
  cut(): void;
  /** Follows it; each step comes one look later than the one before. Gives the lines of this time. */
  follow(...steps: (() => void)[]): Promise<string[]>;
}

const INPUTS = ["app.log", "app.log*"];

function inLogs(use: (log: Log) => Promise<void>): () => Promise<void> {
  return async () => {
    for (const input of INPUTS) await inFolder((folder) => use(logIn(folder, input)));
  };
}

function logIn(folder: string, input: string): Log {
  const path = join(folder, "app.log");
  const seen = nothing();
  let copies = 0;
  return {
    path,
    seen,
    add: (text) => fs.appendFileSync(path, text),
    cut() {
      for (let at = copies++; at >= 1; at--) fs.renameSync(`${path}.${at}`, `${path}.${at + 1}`);
      fs.copyFileSync(path, `${path}.1`);
      fs.truncateSync(path);
    },
    async follow(...steps) {
      seen.lines.length = 0;
      await followSteps([join(folder, input)], steps, seen);
      return [...seen.lines];
    },
  };
}

/** Lines as long as those of a log, and more than are looked at to tell files apart. */
const part = (name: string): string[] =>
  Array.from({ length: 40 }, (_, index) => `${name} ${index} ${"x".repeat(40)}`);
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

test(
  "a file that is copied and cut again and again between two looks loses no line",
  inLogs(async ({ add, cut, follow }) => {
    add(text(part("a")));
    const lines = await follow(() => {
      add("a last\n");
      for (const name of ["b", "c", "d"]) {
        cut();
        add(text(part(name)));
      }
    }, () => add("d last\n"));
    const expected = [...part("a"), "a last", ...["b", "c", "d"].flatMap(part), "d last"];
    assert.deepEqual(lines, expected);
  }),
);

test(
  "what is written, copied and cut while the log was empty is read in the copy",
  inLogs(async ({ add, cut, follow }) => {
    add("a\n");
    const lines = await follow(
      cut,
      () => {},
      () => {
        add("b\n");
        cut();
      },
      () => {},
      () => add("c\n"),
    );
    assert.deepEqual(lines, ["a", "b", "c"]);
  }),
);

test(
  "a cut file that is longer than before already is read from its beginning",
  inLogs(async ({ path, add, seen, follow }) => {
    const head = text(part("the same in each file"));
    add(head + "a1\n");
    const lines = await follow(() => fs.writeFileSync(path, `${head}b1\nb2\nb3\n`));
    const { length } = part("");
    assert.deepEqual(lines.slice(length), [
      "a1",
      ...part("the same in each file"),
      "b1",
      "b2",
      "b3",
    ]);
    assert.match(seen.said.join(), /^".*" was shortened: reading it from the beginning$/);
  }),
);

test(
  "half a line before a cut becomes whole in the copy, and is handed over where there is none",
  inLogs(async ({ path, add, cut, follow }) => {
    add(`${text(part("a"))}ha`);
    const lines = await follow(
      () => {
        add("lf\n");
        cut();
        add("on");
      },
      () => {
        fs.writeFileSync(path, "b\n");
      },
    );
    assert.deepEqual(lines, [...part("a"), "half", "on", "b"]);
  }),
);

test(
  "a file of which the end is cut off is not read again",
  inLogs(async ({ path, add, seen, follow }) => {
    const size = text(part("a")).length;
    add(text(part("a")));
    const lines = await follow(
      () => fs.truncateSync(path, size - 1),
      () => add("\nb\nhalf"),
      () => fs.truncateSync(path, size + 2),
      () => add("c\n"),
    );
    assert.deepEqual([lines, seen.said], [[...part("a"), "b", "c"], []]);
  }),
);

test(
  "the hole that a writer leaves at the beginning of a file that was cut under it is passed over",
  inLogs(async ({ path, cut, follow }) => {
    const fd = fs.openSync(path, "w");
    const write = (lines: readonly string[]) => void fs.writeSync(fd, text(lines));
    write(part("a"));
    const lines = await follow(
      () => {
        cut();
        write(part("b"));
      },
      () => {
        write(["b last"]);
        cut();
        write(part("c"));
      },
    );
    fs.closeSync(fd);
    assert.deepEqual(lines, [...part("a"), ...part("b"), "b last", ...part("c")]);
  }),
);

test(
  "a copy that was read is known after a restart, and one that was made meanwhile is read",
  inLogs(async ({ add, cut, follow }) => {
    add(text(part("a")));
    assert.deepEqual(await follow(cut, () => add(text(part("b")))), [...part("a"), ...part("b")]);
    cut();
    add(text(part("c")));
    cut();
    add("d\n");
    assert.deepEqual(await follow(() => {}), [...part("c"), "d"]);
    assert.deepEqual(await follow(() => {}), []);
  }),
);

test(
  "a copy that is made at the very start is read from where the last run ended",
  inLogs(async ({ add, cut, seen, follow }) => {
    add(text(part("a")));
    await follow();
    add("a last\n");
    const { marks } = seen;
    // The cut comes after the first look has listed the folder without the copy.
    const get = marks.values.bind(marks);
    marks.values = () => {
      marks.values = get;
      cut();
      return get();
    };
    assert.deepEqual(await follow(() => {}, () => add("b\n")), ["a last", "b"]);
  }),
);

test(
  "an old file that is unpacked is not read",
  inLogs(async ({ path, add, follow }) => {
    add(text(part("a")));
    const looks = Array.from({ length: 25 }, () => () => {});
    const unpack = () => fs.writeFileSync(`${path}.7`, text(part("old")));
    const lines = await follow(() => {}, () => {}, unpack, ...looks, () => add("b\n"));
    assert.deepEqual(lines, [...part("a"), "b"]);
  }),
);

test(
  "copies of which nothing was left to read are not read again after restarts",
  inLogs(async ({ add, cut, follow }) => {
    const names = Array.from({ length: 25 }, (_, index) => `day ${index}`);
    for (const name of names) {
      add(text(part(name)));
      assert.deepEqual(await follow(cut), part(name));
    }
    assert.deepEqual(await follow(() => {}), []);
  }),
);

test("isYounger() takes what the log should know for new, and older files for read", () => {
  const old = Array.from({ length: 40 }, () => false);
  assert.deepEqual([false, true, false].map((_, at, all) => isYounger(all, at)), [
    false,
    false,
    true,
  ]);
  assert.equal(isYounger([true, false, true], 1), true, "a young one was passed by");
  assert.equal(isYounger([true, false, true, ...old], 1), false, "too old to be known by name");
  assert.equal(isYounger(old, 1), false, "nothing was begun");
});

test("nameAfterCut() gives each name again after 32 cuts", () => {
  const names = new Set<string>();
  for (let name = "/a#1:2"; !names.has(name); name = nameAfterCut(name)) names.add(name);
  assert.deepEqual([names.size, [...names].slice(0, 3)], [32, ["/a#1:2", "/a#1:2~1", "/a#1:2~2"]]);
});
