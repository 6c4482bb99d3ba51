/** Compressing rotated files: whole, bounded, and safe at every point where it can be cut short. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { type RotatedFiles, rotatedFiles } from "../src/platform/rotated_files.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { RotatedLog, shortNames, textOf, wholeText } from "./support/rotated_log.ts";
import { onSmallDisk } from "./support/real_disk.ts";
import { needs } from "./support/real_needs.ts";
import { inFolder, startScript } from "./support/spawn.ts";

const START = Date.UTC(2026, 10, 21, 10, 54, 23);
const STAMP = "2026-11-21T10-54-23Z";

/** Lines that do not compress to nothing. */
function lines(count: number, seed = 1): string {
  let text = "";
  let state = seed;
  for (let line = 0; line < count; line++) {
    state = Math.imul(state, 1_103_515_245) + 12_345 | 0;
    text += `${line} ${state}\n`;
  }
  return text;
}

function gzipLog(path: string, files: Partial<RotatedFiles> = {}): RotatedLog {
  const host = { clock: fakeClock(START), files: { ...rotatedFiles, ...files } };
  return new RotatedLog(path, { gzip: true }, host);
}

test("a compressed file holds the same bytes, time and permissions", () =>
  inFolder("gzip", async (folder) => {
    const log = gzipLog(join(folder, "app.log"));
    const text = lines(40_000);
    log.write(text);
    fs.chmodSync(log.path, 0o604);
    fs.utimesSync(log.path, 1_600_000_000.123, 1_600_000_000.123);
    const plain = log.rotate()!;
    await log.close();
    const [file] = log.rotation.rotated();
    assert.equal(file?.path, `${plain}.gz`);
    assert.equal(file.gzipped, true);
    assert.ok(file.bytes < text.length);
    assert.equal(gunzipSync(fs.readFileSync(file.path)).toString(), text);
    const { mode, mtimeMs } = fs.statSync(file.path);
    assert.equal(mode & 0o777, 0o604);
    assert.ok(Math.abs(mtimeMs - 1_600_000_000_123) < 1);
    assert.deepEqual(shortNames(folder), ["app.000001.log.gz", "app.log"]);
  }));

test("nothing is compressed or removed before the job that rotated it has ended", () =>
  inFolder("gzip", async (folder) => {
    const options = { gzip: true, keep: { count: 1 } };
    const log = new RotatedLog(join(folder, "app.log"), options, { clock: fakeClock(START) });
    for (const text of ["a\n", "b\n"]) {
      log.write(text);
      log.rotate();
    }
    for (let turn = 0; turn < 50; turn++) await undefined;
    assert.deepEqual(shortNames(folder), ["app.000001.log", "app.000002.log", "app.log"]);
    await log.close();
    assert.deepEqual(shortNames(folder), ["app.000002.log.gz", "app.log"]);
  }));

test("files that were rotated without gzip are compressed once it is asked for", () =>
  inFolder("gzip", async (folder) => {
    const path = join(folder, "app.log");
    const plain = new RotatedLog(path, { maxBytes: 3 }, { clock: fakeClock(START) });
    for (const text of ["a\n", "b\n", "c\n"]) plain.write(text);
    await plain.close();
    await gzipLog(path).close();
    assert.deepEqual(shortNames(folder), ["app.000001.log.gz", "app.000002.log.gz", "app.log"]);
    assert.equal(wholeText(path), "a\nb\nc\n");
  }));

test("close() finishes the file in hand and leaves the rest to the next start", () =>
  inFolder("gzip", async (folder) => {
    const path = join(folder, "app.log");
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => begin = resolve);
    const log = gzipLog(path, {
      compress(from, to) {
        begin();
        return rotatedFiles.compress(from, to);
      },
    });
    for (const text of ["a\n", "b\n", "c\n"]) {
      log.write(text);
      log.rotate();
    }
    log.drop();
    await begun;
    await log.rotation.close();
    assert.deepEqual(shortNames(folder).slice(0, 3), [
      "app.000001.log.gz",
      "app.000002.log",
      "app.000003.log",
    ]);
    await gzipLog(path).close();
    assert.equal(shortNames(folder).filter((name) => name.endsWith(".gz")).length, 3);
  }));

/** What a kill may leave, and what the next start makes of it. */
const LEFT: readonly [what: string, leave: (name: string) => void][] = [
  ["before the copy", () => {}],
  ["in the copy", (name) => fs.writeFileSync(`${name}.gz.part`, "\x1f")],
  [
    "before the copy has its name",
    (name) => fs.writeFileSync(`${name}.gz.part`, gzipSync(fs.readFileSync(name))),
  ],
  [
    "before the original is removed",
    (name) => fs.writeFileSync(`${name}.gz`, gzipSync(fs.readFileSync(name))),
  ],
];

for (const [what, leave] of LEFT) {
  for (const gzip of [true, false]) {
    test(`a kill ${what} is made good by the next start ${gzip ? "with" : "without"} gzip`, () =>
      inFolder("gzip", async (folder) => {
        const path = join(folder, "app.log");
        const name = join(folder, `app.000001.${STAMP}.log`);
        const text = lines(30_000);
        fs.writeFileSync(name, text);
        leave(name);
        const log = new RotatedLog(path, { gzip }, { clock: fakeClock(START) });
        await log.close();
        const ending = gzip || what === "before the original is removed" ? ".gz" : "";
        assert.deepEqual(shortNames(folder), [`app.000001.log${ending}`, "app.log"]);
        assert.equal(wholeText(path), text);
        assert.deepEqual(log.errors, []);
      }));
  }
}

test("a file that is too old goes in both its forms", () =>
  inFolder("gzip", async (folder) => {
    const name = join(folder, `app.000001.${STAMP}.log`);
    fs.writeFileSync(name, "a\n");
    fs.writeFileSync(`${name}.gz`, gzipSync("a\n"));
    const path = join(folder, "app.log");
    const log = new RotatedLog(path, { keep: { count: 0 } }, { clock: fakeClock(START) });
    await log.close();
    assert.deepEqual(shortNames(folder), ["app.log"]);
  }));

/** Compressed files beside an original that are not the same: another program made them. */
const STRANGE: readonly [what: string, make: (gz: Uint8Array) => Uint8Array][] = [
  ["cut short", (gz) => gz.subarray(0, gz.length - 20)],
  ["without its last byte", (gz) => gz.subarray(0, gz.length - 1)],
  ["empty", () => new Uint8Array(0)],
  ["no gzip", () => new TextEncoder().encode("hello")],
  ["damaged", (gz) => gz.map((byte, at) => at === gz.length >> 1 ? byte ^ 1 : byte)],
  ["shorter", () => gzipSync(lines(29_999))],
  ["longer", () => gzipSync(lines(30_001))],
  ["different", () => gzipSync(lines(30_000, 2))],
];

for (const [what, make] of STRANGE) {
  test(`a compressed file that is ${what} leaves the original alone, and is told once`, () =>
    inFolder("gzip", async (folder) => {
      const path = join(folder, "app.log");
      const name = join(folder, `app.000001.${STAMP}.log`);
      const text = lines(30_000);
      const strange = make(gzipSync(text));
      fs.writeFileSync(name, text);
      fs.writeFileSync(`${name}.gz`, strange);
      const log = gzipLog(path);
      await log.rotation.settled();
      log.write("more\n");
      log.rotate();
      await log.close();
      assert.equal(textOf(name), text);
      assert.deepEqual(new Uint8Array(fs.readFileSync(`${name}.gz`)), new Uint8Array(strange));
      assert.deepEqual(log.errors.map(({ message }) => message), [
        `Cannot put "${name}.gz" in the place of "${name}": they differ; remove one of them`,
      ]);
    }));
}

/** The calls of one compression, in order. A process killed before any of them does none after it. */
test("a kill between any two calls of the background work loses and doubles nothing", () =>
  inFolder("gzip", async (folder) => {
    const path = join(folder, "app.log");
    for (let calls = 0; calls < 24; calls++) {
      fs.rmSync(folder, { recursive: true });
      fs.mkdirSync(folder);
      let left = calls;
      const guarded = <A extends unknown[], R>(call: (...args: A) => R) => (...args: A): R => {
        if (left-- > 0) return call(...args);
        throw new Error("killed");
      };
      const files: Partial<RotatedFiles> = {
        async compress(from, to) {
          // Killed in the middle of it.
          if (left === 0) fs.writeFileSync(to, "\x1f\x8b\x08");
          return await guarded(rotatedFiles.compress)(from, to);
        },
        replace: guarded(rotatedFiles.replace),
        remove: guarded(rotatedFiles.remove),
        syncFolder: guarded(rotatedFiles.syncFolder),
      };
      const killed = gzipLog(path, files);
      let text = "";
      for (let file = 0; file < 3; file++) {
        text += lines(50, file);
        killed.write(lines(50, file));
        killed.rotate();
      }
      await killed.close();
      const log = gzipLog(path);
      await log.close();
      assert.deepEqual(shortNames(folder), [
        "app.000001.log.gz",
        "app.000002.log.gz",
        "app.000003.log.gz",
        "app.log",
      ]);
      assert.equal(wholeText(path), text);
      assert.deepEqual(log.errors, []);
    }
  }));

test("a disk that refuses a copy is told once, and tried again at the next rotation", () =>
  inFolder("gzip", async (folder) => {
    let tries = 0;
    let isFull = true;
    const log = gzipLog(join(folder, "app.log"), {
      compress(from, to) {
        tries++;
        if (!isFull) return rotatedFiles.compress(from, to);
        return Promise.reject(
          Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" }),
        );
      },
    });
    const rotate = async (text: string): Promise<void> => {
      log.write(text);
      log.rotate();
      await log.rotation.settled();
    };
    await rotate("a\n");
    await rotate("b\n");
    // The second file is not tried on a disk that has just refused the first.
    assert.equal(tries, 2);
    const [first] = log.rotation.rotated();
    const message =
      `Cannot compress "${first?.path}", which stays as it is until the next rotation: ENOSPC: no space left`;
    assert.deepEqual(log.errors.map((error) => error.message), [message]);
    isFull = false;
    await rotate("c\n");
    assert.deepEqual(shortNames(folder).slice(0, 3), [1, 2, 3].map((n) => `app.00000${n}.log.gz`));
    isFull = true;
    await rotate("d\n");
    assert.equal(log.errors.length, 2);
    await log.close();
    assert.equal(wholeText(log.path), "a\nb\nc\nd\n");
  }));

test("one file that cannot be read does not keep the others from being compressed", () =>
  inFolder("gzip", async (folder) => {
    const log = gzipLog(join(folder, "app.log"), {
      compress(from, to) {
        if (!from.includes(".000001.")) return rotatedFiles.compress(from, to);
        return Promise.reject(Object.assign(new Error("EACCES"), { code: "EACCES" }));
      },
    });
    for (const text of ["a\n", "b\n", "c\n"]) {
      log.write(text);
      log.rotate();
      await log.rotation.settled();
    }
    await log.close();
    assert.equal(log.errors.length, 1);
    assert.deepEqual(shortNames(folder).slice(0, 3), [
      "app.000001.log",
      "app.000002.log.gz",
      "app.000003.log.gz",
    ]);
  }));

test("a file that grows while it is compressed is left alone", () =>
  inFolder("gzip", async (folder) => {
    const path = join(folder, "app.log");
    let isGrowing = true;
    const files: Partial<RotatedFiles> = {
      async compress(from, to) {
        const made = await rotatedFiles.compress(from, to);
        if (isGrowing) fs.appendFileSync(from, "late\n");
        return made;
      },
    };
    const log = gzipLog(path, files);
    log.write("early\n");
    log.rotate();
    await log.rotation.settled();
    assert.deepEqual(shortNames(folder), ["app.000001.log", "app.log"]);
    isGrowing = false;
    log.write("next\n");
    log.rotate();
    await log.close();
    assert.equal(wholeText(path), "early\nlate\nnext\n");
    assert.equal(shortNames(folder)[0], "app.000001.log.gz");
    assert.deepEqual(log.errors, []);
  }));

test("a file that grows once its copy has its name stays beside it", () =>
  inFolder("gzip", async (folder) => {
    let name = "";
    const log = gzipLog(join(folder, "app.log"), {
      async syncFolder(path) {
        await rotatedFiles.syncFolder(path);
        fs.appendFileSync(name, "late\n");
      },
    });
    log.write("early\n");
    name = log.rotate()!;
    await log.close();
    assert.equal(textOf(name), "early\nlate\n");
    assert.deepEqual(shortNames(folder), ["app.000001.log", "app.000001.log.gz", "app.log"]);
  }));

/** What another process may put in the way while a file is compressed. */
const IN_THE_WAY: readonly [what: string, ending: string][] = [
  ["a copy of its own", ".gz.part"],
  ["a whole compressed file", ".gz"],
];

for (const [what, ending] of IN_THE_WAY) {
  test(`${what} that appears meanwhile is neither taken nor overwritten`, () =>
    inFolder("gzip", async (folder) => {
      const log = gzipLog(join(folder, "app.log"), {
        async compress(from, to) {
          const made = await rotatedFiles.compress(from, to);
          fs.writeFileSync(`${from}.new`, "theirs");
          fs.renameSync(`${from}.new`, from + ending);
          return made;
        },
      });
      log.write("ours\n");
      const name = log.rotate()!;
      await log.close();
      assert.equal(textOf(name), "ours\n");
      assert.equal(textOf(name + ending), "theirs");
      assert.deepEqual(shortNames(folder), [
        "app.000001.log",
        `app.000001.log${ending}`,
        "app.log",
      ]);
    }));
}

test("undo() in the midst of compressing wins", () =>
  inFolder("gzip", async (folder) => {
    const path = join(folder, "app.log");
    for (const late of ["compress", "syncFolder"] as const) {
      let id = "";
      const undone: boolean[] = [];
      const undo = <T>(result: T): T => {
        if (id !== "") undone.push(log.rotation.undo(id));
        id = "";
        return result;
      };
      const log: RotatedLog = gzipLog(path, {
        compress: (from, to) =>
          rotatedFiles.compress(from, to).then(late === "compress" ? undo : (made) => made),
        syncFolder: (name) =>
          rotatedFiles.syncFolder(name).then(late === "syncFolder" ? undo : () => {}),
      });
      const text = lines(20_000);
      log.write(text);
      id = log.id();
      log.rotate();
      log.drop();
      await log.close();
      assert.deepEqual(undone, [true]);
      assert.deepEqual(shortNames(folder), ["app.log"]);
      assert.equal(textOf(path), text);
      fs.rmSync(path);
    }
  }));

test("two rotations of one log in one process lose nothing", () =>
  inFolder("gzip", async (folder) => {
    const path = join(folder, "app.log");
    const two = [gzipLog(path), gzipLog(path)] as const;
    let count = 0;
    for (let turn = 0; turn < 20; turn++) {
      for (const log of two) {
        log.reopen();
        log.write(`${count++}\n`);
        log.rotate();
      }
      if (turn % 5 === 4) await two[1].rotation.settled();
    }
    for (const log of two) await log.close();
    await gzipLog(path).close();
    const expected = Array.from({ length: count }, (_, number) => `${number}\n`).join("");
    assert.equal(wholeText(path), expected);
    assert.equal(shortNames(folder).length, count + 1);
  }));

test(
  "a full disk costs no line: files stay uncompressed until there is room",
  needs("compressing on a full disk", "mount"),
  () =>
    onSmallDisk(256 * 1024, async (disk) => {
      const log = gzipLog(join(disk.folder, "app.log"));
      const text = lines(4000);
      log.write(text);
      log.rotate();
      disk.fill(disk.blockBytes);
      await log.rotation.settled();
      assert.equal(log.errors.length, 1);
      assert.match(log.errors[0]!.message, /^Cannot compress ".*: .*no space left/i);
      assert.deepEqual(shortNames(disk.folder), ["app.000001.log", "app.log"]);
      disk.empty();
      log.write("more\n");
      log.rotate();
      await log.close();
      assert.equal(wholeText(log.path), text + "more\n");
      assert.equal(shortNames(disk.folder)[0], "app.000001.log.gz");
    }),
);

function numbersIn(text: string): number[] {
  return text.split("\n").slice(0, -1).map((line) => Number(line.slice(0, 8)));
}

/** The number of the last line on the disk. A kill right after a rotation leaves no active file. */
function lastNumber(folder: string): number {
  const whole = fs.readdirSync(folder).filter((name) => !name.endsWith(".part"));
  return Math.max(...whole.map((name) => numbersIn(textOf(join(folder, name))).at(-1) ?? 0));
}

test(
  "a process killed while it rotates and compresses loses and doubles no line",
  needs("killing a process that rotates", "signals"),
  () =>
    inFolder("gzip", async (folder) => {
      const path = join(folder, "app.log");
      let written = 0;
      for (const killAfter of [2000, 3500, 5000]) {
        const first = written + 1;
        const errors: string[] = [];
        let said = 0;
        const { child, ended } = startScript("rotation_child.ts", { path, first }, (line) => {
          const [word, number] = line.split(" ");
          if (word === "error") errors.push(line);
          else said = Number(number);
          if (said - first >= killAfter) child.kill("SIGKILL");
        });
        const { signal, stderr } = await ended;
        assert.equal(signal, "SIGKILL", stderr);
        assert.deepEqual(errors, []);
        written = lastNumber(folder);
        assert.ok(written >= said, `${said} were written, ${written} are there`);
      }
      const log = gzipLog(path);
      await log.close();
      assert.deepEqual(log.errors, []);
      const numbers = numbersIn(wholeText(path));
      assert.deepEqual(numbers, Array.from({ length: written }, (_, at) => at + 1));
      const names = shortNames(folder);
      assert.ok(
        names.length > 5 && names.every((name) => /^app\.(\d{6}\.log\.gz|log)$/.test(name)),
      );
    }),
);
