/** A file that is appended to through a memory mapping, held against what a plain file would hold. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { platform } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type AppendFile, openAppendFile } from "../src/platform/append_file.ts";
import { openMappedFile } from "../src/platform/mapped_file.ts";
import { systemMapper } from "../src/platform/mmap.ts";
import { appendSink } from "../src/sink/append_sink.ts";
import type { MappedTask } from "./support/mapped_child.ts";
import { CHUNK, mapped, noise, open } from "./support/mapped_trial.ts";
import { onSmallDisk } from "./support/real_disk.ts";
import { type Need, needs } from "./support/real_needs.ts";
import { runtimeArgs } from "./support/runtime_args.ts";
import { inFolder, RUNTIME, startScript } from "./support/spawn.ts";

const MIB = 1_048_576;

function mappedAnd(what: string, ...needed: Need[]): { skip: boolean; timeout: number } {
  const rest = needs(what, ...needed);
  return { ...rest, skip: rest.skip || mapped.skip };
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (path: string): string => fs.readFileSync(path, "utf8");

/** Gives `use` a path, a file open there, and closes it whatever happens. */
function inFile(use: (path: string, file: AppendFile) => void): Promise<void> {
  return inFolder("mapped", (folder) => {
    const path = join(folder, "logs", "app.log");
    const file = open(path);
    try {
      use(path, file);
    } finally {
      file.close();
    }
    return Promise.resolve();
  });
}

/** The lines of /proc/self/maps or the links of /proc/self/fd that name a path; none elsewhere. */
function held(path: string, where: "maps" | "fd"): string[] {
  if (platform() !== "linux") return [];
  const found = where === "maps"
    ? read("/proc/self/maps").split("\n")
    : fs.readdirSync("/proc/self/fd").map((fd) => {
      const link = `/proc/self/fd/${fd}`;
      return fs.existsSync(link) ? fs.readlinkSync(link) : "";
    });
  return found.filter((line) => line.includes(path));
}

test("openMappedFile() says in one sentence that Node has no mappings, and creates nothing", {
  skip: RUNTIME !== "node",
}, () =>
  inFolder("mapped", (folder) => {
    const path = join(folder, "app.log");
    assert.throws(() => open(path), {
      message: `Cannot open output "${path}" through a memory mapping: ` +
        'this runtime has no memory mappings; use the strategy "block"',
    });
    assert.equal(fs.existsSync(path), false);
    return Promise.resolve();
  }));

test("openMappedFile() names the permission that Deno misses, and creates nothing", {
  skip: RUNTIME !== "deno",
}, () =>
  inFolder("mapped", (folder) => {
    const path = join(folder, "app.log");
    const script = fileURLToPath(new URL("support/mapped_child.ts", import.meta.url));
    const task: MappedTask = { path, lineBytes: 10 };
    const args = runtimeArgs("--allow-read", "--allow-write", "--no-prompt");
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [...args, script, JSON.stringify(task)],
      { encoding: "utf8" },
    );
    const sentence =
      `Cannot open output "${path}" through a memory mapping: Deno maps files only ` +
      'with the permission --allow-ffi; grant it, or use the strategy "block"\n';
    assert.equal(stdout, sentence, stderr);
    assert.equal(fs.existsSync(path), false);
    return Promise.resolve();
  }));

test(
  "append() is in the file at once, and close() cuts off the zeros behind it",
  mapped,
  () =>
    inFile((path, file) => {
      file.append(utf8("one\n"));
      file.append(utf8("two\n"));
      assert.equal(file.length(), 8);
      assert.equal(read(path), "one\ntwo\n" + "\0".repeat(CHUNK - 8));
      file.close();
      assert.equal(read(path), "one\ntwo\n");
    }),
);

test("append() goes on behind what the file held", mapped, () =>
  inFolder("mapped", (folder) => {
    const path = join(folder, "app.log");
    fs.writeFileSync(path, "x".repeat(CHUNK + 5));
    const file = open(path);
    file.append(utf8("end\n"));
    file.close();
    assert.equal(read(path), "x".repeat(CHUNK + 5) + "end\n");
    return Promise.resolve();
  }));

test(
  "append() takes more than several chunks, and holds one mapping at a time",
  mapped,
  () =>
    inFile((path, file) => {
      const bytes = noise(5 * CHUNK + 17, 1);
      file.append(bytes);
      file.append(bytes);
      assert.ok(held(path, "maps").length <= 1);
      assert.equal(file.length(), 2 * bytes.length);
      file.close();
      assert.deepEqual(held(path, "maps"), []);
      assert.deepEqual(held(path, "fd"), []);
      const found = fs.readFileSync(path);
      assert.ok(found.equals(Buffer.concat([bytes, bytes])));
    }),
);

test("append() follows a file that was moved or removed", mapped, () =>
  inFile((path, file) => {
    const bytes = noise(2 * CHUNK, 2);
    file.append(bytes);
    assert.equal(file.isInPlace(), true);
    fs.renameSync(path, `${path}.1`);
    fs.writeFileSync(path, "a new one\n");
    assert.equal(file.isInPlace(), false);
    file.append(bytes);
    assert.ok(fs.readFileSync(`${path}.1`).equals(Buffer.concat([bytes, bytes])));
    fs.unlinkSync(`${path}.1`);
    file.append(bytes);
    assert.equal(file.length(), 3 * bytes.length);
    file.close();
    assert.equal(read(path), "a new one\n");
  }));

test(
  "append() survives a file that others cut, and goes on where it ends",
  mapped,
  () =>
    inFile((path, file) => {
      file.append(noise(3 * CHUNK - 10, 3));
      fs.truncateSync(path, 0);
      assert.equal(file.length(), 0);
      file.append(utf8("first\n"));
      file.append(noise(CHUNK, 4));
      fs.truncateSync(path, 6);
      file.append(utf8("second\n"));
      // Within the zeros: nothing is lost, and the window no longer ends where it did.
      fs.truncateSync(path, 20);
      file.append(utf8("third\n"));
      file.close();
      assert.equal(read(path), "first\nsecond\nthird\n");
    }),
);

test(
  "length() takes in what others append, and leaves no zeros before it",
  mapped,
  () =>
    inFile((path, file) => {
      file.append(utf8("ours\n"));
      fs.appendFileSync(path, "theirs\n");
      assert.equal(file.length(), 12);
      file.append(utf8("ours\n"));
      fs.appendFileSync(path, "x".repeat(2 * CHUNK));
      file.close();
      assert.equal(read(path), "ours\ntheirs\nours\n" + "x".repeat(2 * CHUNK));
    }),
);

test("readBefore() sees no zeros", mapped, () =>
  inFile((_path, file) => {
    file.append(utf8("abcdef"));
    const text = (end: number, count: number) =>
      new TextDecoder().decode(file.readBefore(end, count));
    assert.equal(text(6, 3), "def");
    assert.equal(text(4, 100), "abcd");
    assert.equal(text(8, 4), "ef");
    assert.equal(text(100, 10), "");
  }));

test("a closed file refuses every call but another close", mapped, () =>
  inFile((path, file) => {
    file.append(utf8("kept\n"));
    file.close();
    const refused = { message: `The output "${path}" is closed: open it again to write to it` };
    assert.throws(() => file.append(utf8("late\n")), refused);
    assert.throws(() => file.length(), refused);
    assert.throws(() => file.cut(0), refused);
    assert.throws(() => file.readBefore(1, 1), refused);
    assert.throws(() => file.isInPlace(), refused);
    assert.throws(() => file.syncNow(), refused);
    assert.throws(() => file.sync(), refused);
    file.close();
    assert.equal(read(path), "kept\n");
  }));

test(
  "sync() and syncNow() take what was stored",
  mapped,
  () =>
    inFolder("mapped", async (folder) => {
      const file = open(join(folder, "app.log"));
      file.append(utf8("one\n"));
      file.syncNow();
      file.append(utf8("two\n"));
      await file.sync();
      file.close();
    }),
);

test(
  "unmap() leaves no way to the memory that is gone",
  mapped,
  () =>
    inFolder("mapped", (folder) => {
      const path = join(folder, "bytes");
      fs.writeFileSync(path, "abc".padEnd(CHUNK));
      const fd = fs.openSync(path, "r+");
      const mapping = systemMapper().map(fd, 0, CHUNK);
      const other = mapping.bytes.subarray(0, 3);
      assert.equal(new TextDecoder().decode(other), "abc");
      mapping.unmap();
      mapping.unmap();
      assert.equal(mapping.bytes.length, 0);
      assert.equal(other[0], undefined);
      fs.closeSync(fd);
      return Promise.resolve();
    }),
);

test(
  "openMappedFile() refuses a file that is mapped already, until it is closed",
  mapped,
  () =>
    inFile((path, file) => {
      file.append(utf8("one\n"));
      assert.throws(() => open(path), {
        message: `Cannot open output "${path}" through a memory mapping: ` +
          "another writer has it open; give each its own file",
      });
      file.append(utf8("two\n"));
      file.close();
      const again = open(path);
      again.append(utf8("three\n"));
      again.close();
      assert.equal(read(path), "one\ntwo\nthree\n");
      assert.deepEqual(held(path, "fd"), []);
    }),
);

test(
  "openMappedFile() refuses what cannot be mapped",
  mapped,
  () =>
    inFolder("mapped", (folder) => {
      assert.throws(() => open(folder), {
        message: `Cannot open output "${folder}" through a memory mapping: ` +
          'it is no regular file; use the strategy "block"',
      });
      for (const chunkBytes of [0, -CHUNK, 1000, 1.5 * CHUNK, NaN]) {
        assert.throws(() => openMappedFile(join(folder, "a"), { chunkBytes }), {
          name: "RangeError",
          message: `chunkBytes is ${chunkBytes}: give a multiple of 65536`,
        });
      }
      return Promise.resolve();
    }),
);

for (
  const [name, opens] of [["openAppendFile", openAppendFile], ["openMappedFile", open]] as const
) {
  test(`${name}() cuts off zeros that a mapping may have left, and no others`, {
    skip: opens === open && mapped.skip,
  }, () =>
    inFolder("mapped", (folder) => {
      const path = join(folder, "app.log");
      const opened = (held: string): string => {
        fs.writeFileSync(path, held);
        opens(path).close();
        return read(path);
      };
      assert.equal(opened("line\nhal".padEnd(8192, "\0")), "line\nhal");
      assert.equal(opened("\0".repeat(3 * MIB)), "");
      assert.equal(opened("a\0b\n".padEnd(3 * MIB, "\0")), "a\0b\n");
      assert.equal(opened("x".repeat(MIB)), "x".repeat(MIB));
      // No page ends here: the zeros are somebody's own.
      assert.equal(opened("theirs\0\0"), "theirs\0\0");
      return Promise.resolve();
    }));
}

test("a killed process leaves whole lines, and the next opening cuts off the zeros", {
  ...mappedAnd("a kill in the middle of a mapping", "signals"),
}, () =>
  inFolder("mapped", async (folder) => {
    const path = join(folder, "app.log");
    // No multiple of a chunk for a long time: there are zeros to find.
    const lineBytes = 1001;
    let said = -1;
    const task: MappedTask = { path, lineBytes };
    const { child, ended } = startScript("mapped_child.ts", task, (line) => {
      said = Number(line);
      // Past the first chunk of a MiB.
      if (said >= 1500) child.kill("SIGKILL");
    });
    assert.equal((await ended).signal, "SIGKILL");
    assert.equal(fs.readFileSync(path).at(-1), 0);

    open(path).close();
    assert.ok(!read(path).includes("\0"));
    const lines = read(path).split("\n");
    lines.pop();
    assert.ok(lines.length > said, `${lines.length} lines, said ${said}`);
    lines.forEach((line, n) => assert.equal(line, `${n}`.padEnd(lineBytes - 1, ".")));
  }));

test("a full disk is an ordinary error, and leaves nothing of what it refused", {
  ...mappedAnd("a mapping on a full disk", "mount"),
}, () =>
  onSmallDisk(2 * MIB, (disk) => {
    const path = join(disk.folder, "app.log");
    const file = open(path);
    const held: Uint8Array[] = [];
    const append = (count: number): void => {
      const bytes = noise(count, held.length);
      file.append(bytes);
      held.push(bytes);
    };
    append(1000);
    // What is reserved is there to be used: 64,536 bytes, then three blocks, and no more.
    disk.fill(3 * disk.blockBytes);
    const full = { code: "ENOSPC" };
    assert.throws(() => append(CHUNK - 1000 + 3 * disk.blockBytes + 1), full);
    assert.equal(fs.statSync(path).size, CHUNK, "the blocks are free again");
    append(CHUNK - 1000);
    append(2 * disk.blockBytes);
    assert.throws(() => append(disk.blockBytes + 1), full);
    assert.throws(() => append(5 * CHUNK), full);
    assert.equal(fs.statSync(path).size, CHUNK + 3 * disk.blockBytes);
    append(disk.blockBytes);
    assert.throws(() => append(1), full);
    assert.ok(fs.readFileSync(path).equals(Buffer.concat(held)));

    disk.empty();
    append(2 * CHUNK);
    file.close();
    assert.ok(fs.readFileSync(path).equals(Buffer.concat(held)));
    return Promise.resolve();
  }));

test(
  "appendSink() delivers through a mapping, and cuts back to its checkpoint",
  mapped,
  () =>
    inFolder("mapped", async (folder) => {
      const path = join(folder, "out");
      const batch = (text: string) => ({
        runs: [{ firstSeq: 1, count: 1 }],
        count: 1,
        bytes: utf8(text),
        seqAt: (i: number) => i + 1,
        lines: () => [text],
        records: () => [],
      });
      const context = { signal: new AbortController().signal, attempt: 1 };
      const first = appendSink(() => open(path), true);
      await first.open?.(undefined);
      await first.write(batch("one\n"), context);
      const mark = first.checkpoint?.();
      await first.write(batch("two\n"), context);
      await first.sync?.();
      fs.renameSync(path, `${path}.1`);
      await first.write(batch("three\n"), context);
      await first.sync?.();
      await first.close?.();
      assert.equal(read(path), "three\n");
      fs.renameSync(`${path}.1`, path);
      const second = appendSink(() => open(path), true);
      await second.open?.(mark);
      await second.write(batch("TWO\n"), context);
      await second.close?.();
      assert.equal(read(path), "one\nTWO\n");
    }),
);
