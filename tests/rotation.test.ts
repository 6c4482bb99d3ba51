/** Rotation on a real disk: order, restarts, what is kept, taking a rotation back. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { RotatedLog, settableClock, shortNames, textOf, wholeText } from "./support/rotated_log.ts";
import { rotatedFiles } from "../src/platform/rotated_files.ts";
import { inFolder } from "./support/spawn.ts";

const START = Date.UTC(2026, 10, 21, 10, 54, 23, 456);
const DAY = 86_400_000;

/** Writes lines `from`, `from + 1`, up to `to`, of five bytes each. */
function writeLines(log: RotatedLog, from: number, to: number): string {
  let text = "";
  for (let number = from; number <= to; number++) {
    const line = String(number).padStart(4, "0") + "\n";
    log.write(line);
    text += line;
  }
  return text;
}

test("a file that is full is moved to a name with its number and time", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const moves: string[][] = [];
    const onRotate = (from: string, to: string): void => void moves.push([from, to]);
    const log = new RotatedLog(path, { maxBytes: 10 }, { clock: fakeClock(START), onRotate });
    writeLines(log, 1, 5);
    const [first, second] = log.rotation.rotated();
    assert.equal(first?.path, join(folder, "app.000001.2026-11-21T10-54-23Z.log"));
    assert.equal(textOf(first.path), "0001\n0002\n");
    assert.equal(first.number, 1);
    assert.equal(first.time, Date.UTC(2026, 10, 21, 10, 54, 23));
    assert.equal(first.bytes, 10);
    assert.equal(first.gzipped, false);
    assert.equal(second?.number, 2);
    assert.deepEqual(moves, [[path, first.path], [path, second.path]]);
    assert.equal(textOf(path), "0005\n");
    await log.close();
  }));

test("a line or a batch larger than a file is never split", () =>
  inFolder("rotation", async (folder) => {
    const log = new RotatedLog(join(folder, "app.log"), { maxBytes: 10 }, { clock: fakeClock() });
    const large = "x".repeat(99) + "\n";
    log.write(large);
    log.write("a\n");
    log.write(large);
    await log.close();
    assert.deepEqual(log.rotation.rotated().map(({ bytes }) => bytes), [100, 2]);
    assert.equal(textOf(log.path), large);
  }));

test("the numbers go on after a restart, over gaps and among foreign files", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const foreign = [
      "app.000099.log",
      "app.err.000070.2026-11-21T10-54-23Z.log",
      "app.000080.2026-11-21T10-54-23Z.log.bak",
      "notes.txt",
    ];
    for (const name of foreign) fs.writeFileSync(join(folder, name), "theirs");
    fs.writeFileSync(join(folder, "app.000003.2020-01-01T00-00-00Z.log"), "three\n");
    fs.writeFileSync(join(folder, "app.000007.2020-01-01T00-00-00Z.log"), "seven\n");
    fs.mkdirSync(join(folder, "app.000009.2020-01-01T00-00-00Z.log"));
    const options = { maxBytes: 5, keep: { count: 2 } };
    for (const [from, to] of [[1, 2], [3, 4]] as const) {
      const log = new RotatedLog(path, options, { clock: fakeClock(START) });
      writeLines(log, from, to);
      await log.close();
      assert.deepEqual(log.errors, []);
    }
    const ours = shortNames(folder).filter((name) => /^app\.\d{6}\.log$/.test(name));
    assert.deepEqual(ours, [
      "app.000009.log",
      "app.000011.log",
      "app.000012.log",
      "app.000099.log",
    ]);
    for (const name of foreign) assert.equal(textOf(join(folder, name)), "theirs");
  }));

test("a file is never overwritten, even if its name appears in the same moment", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const taken = join(folder, "app.000001.2026-11-21T10-54-23Z.log");
    const files = {
      ...rotatedFiles,
      moveToFree(from: string, to: string) {
        if (to === taken) fs.writeFileSync(taken, "theirs");
        return rotatedFiles.moveToFree(from, to);
      },
    };
    const log = new RotatedLog(path, { maxBytes: 5 }, { clock: fakeClock(START), files });
    writeLines(log, 1, 2);
    await log.close();
    assert.equal(textOf(taken), "theirs");
    assert.deepEqual(log.rotation.rotated().map(({ number }) => number), [1, 2]);
    assert.equal(wholeText(path), "theirs0001\n0002\n");
  }));

for (const name of ["app.log", "app", ".app.log", "a*?[0-9].log", "app.gz", "ä ö.log"]) {
  test(`two logs beside "${name}" keep to their own files`, () =>
    inFolder("rotation", async (folder) => {
      const names = [name, `x${name}`, name.replace(/(\.log)?$/, ".err$1")];
      const options = { maxBytes: 10, keep: { count: 3 }, gzip: true };
      const logs = names.map((base) =>
        new RotatedLog(join(folder, base), options, { clock: fakeClock(START) })
      );
      for (let line = 1; line <= 20; line++) {
        for (const log of logs) writeLines(log, line, line);
      }
      for (const log of logs) await log.close();
      for (const log of logs) {
        const files = log.rotation.rotated();
        assert.deepEqual(files.map(({ number }) => number), [7, 8, 9]);
        const text = files.map(({ path }) => textOf(path)).join("") + textOf(log.path);
        assert.equal(text, [13, 14, 15, 16, 17, 18, 19, 20].map((n) => `00${n}\n`).join(""));
        assert.deepEqual(log.errors, []);
      }
      assert.equal(fs.readdirSync(folder).length, 12);
    }));
}

test("the order is that of writing when the clock is set back", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const clock = settableClock(START);
    const log = new RotatedLog(path, { maxBytes: 10 }, { clock });
    let text = "";
    for (let round = 0; round < 12; round++) {
      text += writeLines(log, 3 * round, 3 * round + 2);
      clock.set(START - round * 400 * DAY);
    }
    await log.close();
    assert.equal(wholeText(path), text);
    const numbers = log.rotation.rotated().map(({ number }) => number);
    assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
  }));

test("a file left from yesterday is rotated at the first write of today", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    fs.writeFileSync(path, "yesterday\n");
    fs.utimesSync(path, (START - DAY) / 1000, (START - DAY) / 1000);
    const log = new RotatedLog(path, { every: "day" }, { clock: fakeClock(START) });
    assert.equal(log.rotation.rotated().length, 0);
    log.write("today\n");
    await log.close();
    assert.equal(textOf(log.rotation.rotated()[0]!.path), "yesterday\n");
    assert.equal(textOf(path), "today\n");
  }));

test("a file of today goes on after a restart", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    fs.writeFileSync(path, "morning\n");
    fs.utimesSync(path, (START - 3_600_000) / 1000, (START - 3_600_000) / 1000);
    const log = new RotatedLog(path, { every: "day" }, { clock: fakeClock(START) });
    log.write("noon\n");
    await log.close();
    assert.equal(textOf(path), "morning\nnoon\n");
  }));

test("a writer that was idle over midnight rotates with its next write", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const clock = fakeClock(START);
    const log = new RotatedLog(path, { every: "day" }, { clock });
    log.write("a\n");
    await clock.advance(DAY);
    assert.equal(clock.pending, 0);
    assert.equal(log.rotation.rotated().length, 0);
    log.write("b\n");
    log.write("c\n");
    await log.close();
    assert.equal(log.rotation.rotated().length, 1);
    assert.equal(textOf(path), "b\nc\n");
  }));

test("the period of a file that was opened empty begins with its first write", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const clock = fakeClock(START);
    const log = new RotatedLog(path, { every: "day" }, { clock });
    await clock.advance(DAY);
    log.write("a\n");
    log.write("b\n");
    assert.equal(textOf(path), "a\nb\n");
    await clock.advance(DAY);
    log.write("c\n");
    assert.equal(textOf(path), "c\n");
    fs.renameSync(path, join(folder, "moved"));
    fs.writeFileSync(path, "old\n");
    fs.utimesSync(path, START / 1000, START / 1000);
    log.reopen();
    log.write("d\n");
    assert.equal(textOf(path), "d\n");
    await log.close();
  }));

test("rotate() leaves an empty or a missing file alone, and says so", () =>
  inFolder("rotation", async (folder) => {
    const log = new RotatedLog(join(folder, "app.log"), {}, { clock: fakeClock() });
    assert.equal(log.rotation.rotate(), undefined);
    log.write("a\n");
    fs.rmSync(log.path);
    assert.equal(log.rotation.rotate(), undefined);
    await log.close();
    assert.deepEqual(fs.readdirSync(folder), []);
    assert.deepEqual(log.errors, []);
  }));

test("old files go by their age at the start and after each rotation", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const clock = fakeClock(Date.UTC(2026, 10, 21));
    const options = { maxBytes: 5, keep: { ageMs: 2 * DAY } };
    const log = new RotatedLog(path, options, { clock });
    for (let line = 1; line <= 6; line++) {
      writeLines(log, line, line);
      await log.rotation.settled();
      if (line < 6) await clock.advance(DAY);
    }
    await log.close();
    const numbers = () => log.rotation.rotated().map(({ number }) => number);
    assert.deepEqual(numbers(), [3, 4, 5]);
    await clock.advance(DAY + 1);
    const again = new RotatedLog(path, options, { clock });
    await again.close();
    assert.deepEqual(numbers(), [5]);
  }));

test("the bytes of all rotated files stay below the limit", () =>
  inFolder("rotation", async (folder) => {
    const options = { maxBytes: 10, keep: { bytes: 35 } };
    const log = new RotatedLog(join(folder, "app.log"), options, { clock: fakeClock() });
    writeLines(log, 1, 30);
    await log.close();
    assert.deepEqual(log.rotation.rotated().map(({ number }) => number), [12, 13, 14]);
  }));

test("compressed files are removed like others", () =>
  inFolder("rotation", async (folder) => {
    const options = { maxBytes: 10, keep: { count: 2 }, gzip: true };
    const log = new RotatedLog(join(folder, "app.log"), options, { clock: fakeClock() });
    for (let line = 1; line <= 20; line++) {
      writeLines(log, line, line);
      await log.rotation.settled();
    }
    await log.close();
    assert.deepEqual(shortNames(folder), ["app.000008.log.gz", "app.000009.log.gz", "app.log"]);
  }));

test("three hundred rotations in one go lose nothing", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const log = new RotatedLog(path, { maxBytes: 5 }, { clock: fakeClock() });
    const text = writeLines(log, 1, 301);
    await log.close();
    assert.equal(log.rotation.rotated().length, 300);
    assert.equal(wholeText(path), text);
  }));

test("undo() brings a rotated file back and removes those after it", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const options = { maxBytes: 10 };
    const log = new RotatedLog(path, options, { clock: fakeClock() });
    const kept = writeLines(log, 1, 4);
    const id = log.id();
    writeLines(log, 5, 9);
    fs.mkdirSync(join(folder, "app.000009.2020-01-01T00-00-00Z.log"));
    log.drop();
    assert.equal(log.rotation.undo(id), true);
    fs.rmdirSync(join(folder, "app.000009.2020-01-01T00-00-00Z.log"));
    assert.equal(wholeText(path), kept);
    assert.equal(log.rotation.rotated().length, 1);
    log.reopen();
    assert.equal(log.id(), id);
    assert.equal(log.rotation.undo(id), false);
    writeLines(log, 5, 5);
    assert.equal(log.rotation.rotated().at(-1)?.number, 5);
    await log.close();
  }));

test("undo() cut short by a kill is done by the next one", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    for (let calls = 0; calls < 8; calls++) {
      fs.rmSync(folder, { recursive: true });
      fs.mkdirSync(folder);
      const log = new RotatedLog(path, { maxBytes: 10 }, { clock: fakeClock() });
      const kept = writeLines(log, 1, 4);
      const id = log.id();
      writeLines(log, 5, 13);
      await log.close();
      let callsLeft = calls;
      const guarded = <A extends unknown[], R>(call: (...args: A) => R) => (...args: A): R => {
        if (callsLeft-- > 0) return call(...args);
        throw new Error("killed");
      };
      const files = {
        ...rotatedFiles,
        remove: guarded(rotatedFiles.remove),
        replace: guarded(rotatedFiles.replace),
        syncFolderNow: guarded(rotatedFiles.syncFolderNow),
      };
      const killed = new RotatedLog(path, { maxBytes: 10 }, { clock: fakeClock(), files });
      killed.drop();
      const isDone = killed.rotation.undo(id);
      assert.equal(killed.errors.length, isDone ? 0 : 1);
      // Never a hole: what is left is what was written first.
      const left = killed.rotation.rotated().map(({ number }) => number);
      assert.deepEqual(left, Array.from(left, (_, at) => at + 1));
      await killed.close();
      const next = new RotatedLog(path, { maxBytes: 10 }, { clock: fakeClock() });
      next.drop();
      assert.equal(next.rotation.undo(id), !isDone);
      await next.close();
      assert.equal(wholeText(path), kept);
    }
  }));

test("undo() knows nothing of a file that was compressed or never was", () =>
  inFolder("rotation", async (folder) => {
    const log = new RotatedLog(join(folder, "app.log"), { gzip: true }, { clock: fakeClock() });
    const text = writeLines(log, 1, 1);
    const id = log.id();
    log.rotate();
    await log.rotation.settled();
    assert.equal(log.rotation.undo(id), false);
    assert.equal(log.rotation.undo("0:0"), false);
    await log.close();
    assert.equal(wholeText(log.path), text);
  }));

test("from the held file on nothing is compressed or removed", () =>
  inFolder("rotation", async (folder) => {
    const options = { maxBytes: 10, keep: { count: 2 }, gzip: true };
    const log = new RotatedLog(join(folder, "app.log"), options, { clock: fakeClock() });
    writeLines(log, 1, 4);
    log.rotation.holdBack(log.id());
    writeLines(log, 5, 12);
    await log.rotation.settled();
    const held = [
      "app.000002.log",
      "app.000003.log",
      "app.000004.log",
      "app.000005.log",
      "app.log",
    ];
    assert.deepEqual(shortNames(folder), held);
    log.rotation.holdBack(log.rotation.rotated()[2]?.id);
    await log.rotation.settled();
    assert.deepEqual(shortNames(folder), held.slice(2));
    log.rotation.holdBack(log.id());
    await log.rotation.settled();
    assert.deepEqual(shortNames(folder), ["app.000004.log.gz", "app.000005.log.gz", "app.log"]);
    await log.close();
  }));

test("what is held when the rotation is created is held from the first moment", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const plain = new RotatedLog(path, { maxBytes: 10 }, { clock: fakeClock() });
    const kept = writeLines(plain, 1, 2);
    const id = plain.id();
    writeLines(plain, 3, 9);
    await plain.close();
    const options = { maxBytes: 10, keep: { count: 0 }, gzip: true };
    const log = new RotatedLog(path, options, { clock: fakeClock() });
    log.rotation.holdBack(id);
    await log.rotation.settled();
    assert.equal(log.rotation.rotated().length, 4);
    log.drop();
    assert.equal(log.rotation.undo(id), true);
    assert.equal(wholeText(path), kept);
    await log.close();
  }));

test("a symbolic link stays, and the file it leads to is rotated in its own folder", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "link.log");
    fs.mkdirSync(join(folder, "real"));
    fs.symlinkSync(join("real", "app.log"), path);
    const log = new RotatedLog(path, { maxBytes: 10 }, { clock: fakeClock() });
    const text = writeLines(log, 1, 5);
    await log.close();
    assert.ok(fs.lstatSync(path).isSymbolicLink());
    assert.deepEqual(shortNames(join(folder, "real")), [
      "app.000001.log",
      "app.000002.log",
      "app.log",
    ]);
    assert.equal(wholeText(join(folder, "real", "app.log")), text);
  }));

test("a folder of this name, a link and a device are never touched", () =>
  inFolder("rotation", async (folder) => {
    const name = (number: number) => join(folder, `app.00000${number}.2020-01-01T00-00-00Z.log`);
    fs.mkdirSync(name(1));
    fs.writeFileSync(join(folder, "secret"), "theirs");
    fs.symlinkSync("secret", name(2));
    fs.mkdirSync(`${name(3)}.gz.part`);
    const options = { maxBytes: 5, keep: { count: 0 }, gzip: true };
    const log = new RotatedLog(join(folder, "app.log"), options, { clock: fakeClock() });
    writeLines(log, 1, 3);
    await log.close();
    assert.equal(
      shortNames(folder).join(" "),
      "app.000001.log app.000002.log app.000003.log.gz.part app.log secret",
    );
    assert.deepEqual(log.errors, []);
  }));

test("a writer goes on in the old file while the rename fails, and is told once", () =>
  inFolder("rotation", async (folder) => {
    const clock = fakeClock();
    let isBroken = true;
    const files = {
      ...rotatedFiles,
      moveToFree(from: string, to: string) {
        if (isBroken) {
          throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
        }
        return rotatedFiles.moveToFree(from, to);
      },
    };
    const log = new RotatedLog(join(folder, "app.log"), { maxBytes: 10 }, { clock, files });
    const text = writeLines(log, 1, 5);
    await clock.advance(10_000);
    const more = writeLines(log, 6, 7);
    assert.equal(textOf(log.path), text + more);
    assert.deepEqual(log.errors.map(({ message }) => message), [
      `Cannot rotate "${log.path}": EACCES: permission denied`,
    ]);
    isBroken = false;
    await clock.advance(9_999);
    const last = writeLines(log, 8, 8);
    assert.equal(log.rotation.rotated().length, 0);
    await clock.advance(1);
    writeLines(log, 9, 9);
    assert.equal(textOf(log.rotation.rotated()[0]!.path), text + more + last);
    await log.close();
    assert.equal(log.errors.length, 1);
  }));

test("listeners that throw cost no rotation", () =>
  inFolder("rotation", async (folder) => {
    const error = console.error;
    console.error = () => {};
    try {
      const onRotate = (): void => {
        throw new Error("theirs");
      };
      const log = new RotatedLog(join(folder, "app.log"), { maxBytes: 5 }, {
        clock: fakeClock(),
        onRotate,
      });
      const text = writeLines(log, 1, 3);
      await log.close();
      assert.equal(wholeText(log.path), text);
    } finally {
      console.error = error;
    }
  }));
