/** A file writer over a disk that refuses, and over files that a log rotation takes away. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type AppendFile, openAppendFile } from "../src/platform/append_file.ts";
import { openFileWriter, type WriterStrategy } from "../src/sink/file.ts";
import type { FileWriterOptions, FileWriterStats } from "../src/sink/file.ts";
import { LineWriter } from "../src/sink/line_writer.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { descriptorsIn } from "./support/log_files.ts";
import { assertNumbered, numbered } from "./support/numbered.ts";
import { onSmallDisk } from "./support/real_disk.ts";
import { needs } from "./support/real_needs.ts";
import { inFolder, RUNTIME } from "./support/spawn.ts";

const STRATEGIES: readonly WriterStrategy[] = RUNTIME === "node"
  ? ["line", "block"]
  : ["line", "block", "mapped"];

const read = (path: string): string => fs.readFileSync(path, "utf8");

function assertAccounted(
  { sent, refused, evicted, written, waiting, lost }: FileWriterStats,
): void {
  assert.equal(sent, refused + evicted + written + waiting + lost);
}

/** How a disk misbehaves. */
interface Faults {
  /** Bytes that are taken before it refuses. */
  room: number;
  /** What it says then. */
  code: string;
  /** Cuts that fail. */
  failedCuts: number;
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: refused, write`), { code });
}

/** A file on a disk that refuses; a pipe if it is not regular. */
function faulty(path: string, faults: Faults, isRegular = true): AppendFile {
  const file = openAppendFile(path);
  const appendSome = (bytes: Uint8Array): number => {
    const taken = Math.min(bytes.length, faults.room);
    if (taken === 0) throw systemError(faults.code);
    file.append(bytes.subarray(0, taken));
    faults.room -= taken;
    return taken;
  };
  return {
    ...file,
    isRegular,
    append(bytes) {
      for (let done = 0; done < bytes.length;) done += appendSome(bytes.subarray(done));
    },
    appendSome,
    cut(length) {
      if (faults.failedCuts-- > 0) throw systemError("EIO");
      file.cut(length);
    },
  };
}

for (const code of ["ENOSPC", "EROFS", "EIO", "EAGAIN"]) {
  for (const strategy of ["line", "block"] as const) {
    test(`${strategy} writer keeps its lines while the disk says ${code}, and leaves no half line`, () =>
      inFolder("faults", async (folder) => {
        const path = join(folder, "app.log");
        const faults: Faults = { room: 25, code, failedCuts: 0 };
        const told: string[] = [];
        const clock = fakeClock();
        const options = {
          strategy,
          clock,
          onError: ({ message }: Error) => void told.push(message),
        };
        const writer = new LineWriter(path, options, () => faulty(path, faults));
        for (let n = 0; n < 5; n++) assert.ok(writer.send("x".repeat(9)));
        await clock.advance(0);
        assert.match(read(path), /^(x{9}\n)*$/);
        assert.deepEqual(told, [`Cannot write to "${path}": ${code}: refused, write`]);
        const { waiting, written, failed } = writer.stats();
        assert.deepEqual({ waiting: waiting + written, failed }, { waiting: 5, failed: 1 });
        await clock.advance(249);
        assert.equal(writer.stats().failed, 1, "the disk is left alone");
        await clock.advance(1);
        assert.equal(writer.stats().failed, 2, "and tried again");
        faults.room = Infinity;
        await clock.advance(250);
        assert.equal(read(path), "xxxxxxxxx\n".repeat(5));
        assert.equal(told.length, 1, "an episode is told once");
        faults.room = 0;
        writer.send("y");
        await clock.advance(0);
        assert.equal(told.length, 2, "the next one is told");
        faults.room = Infinity;
        await writer.close();
        assert.equal(read(path), "xxxxxxxxx\n".repeat(5) + "y\n");
        assertAccounted(writer.stats());
      }));
  }
}

test("a piece that cannot be cut away at first is cut away before the next write", () =>
  inFolder("faults", async (folder) => {
    const path = join(folder, "app.log");
    const faults: Faults = { room: 15, code: "EIO", failedCuts: 2 };
    const clock = fakeClock();
    const options = { clock, onError: () => {} };
    const writer = new LineWriter(path, options, () => faulty(path, faults));
    for (let n = 0; n < 3; n++) writer.send("x".repeat(9));
    await clock.advance(250);
    faults.room = Infinity;
    await clock.advance(250);
    assert.equal(read(path), "xxxxxxxxx\n".repeat(3));
    await writer.close();
  }));

test("a manual writer asks a disk that refused again when it is triggered, and not before", () =>
  inFolder("faults", async (folder) => {
    const path = join(folder, "app.log");
    const faults: Faults = { room: 0, code: "ENOSPC", failedCuts: 0 };
    const clock = fakeClock();
    const options = { mode: "manual", clock, onError: () => {} } as const;
    const writer = new LineWriter(path, options, () => faulty(path, faults));
    writer.send("one");
    assert.equal(writer.trigger(), false);
    faults.room = Infinity;
    await clock.advance(60_000);
    writer.send("two");
    assert.equal(read(path), "");
    assert.ok(writer.trigger());
    assert.equal(read(path), "one\ntwo\n");
    await writer.close();
  }));

test("lines that find no room while the disk refuses are refused, and none of them is lost", () =>
  inFolder("faults", async (folder) => {
    const path = join(folder, "app.log");
    const faults: Faults = { room: 0, code: "ENOSPC", failedCuts: 0 };
    const clock = fakeClock();
    const options = { clock, capacity: 10, blockBytes: 100, onError: () => {} };
    const writer = new LineWriter(path, options, () => faulty(path, faults));
    const taken: number[] = [];
    for (let n = 0; n < 100; n++) if (writer.send(String(n))) taken.push(n);
    assert.ok(taken.length < 60 && writer.stats().refused === 100 - taken.length);
    faults.room = Infinity;
    // A caller that does not yield makes room itself, as soon as the disk may be asked again.
    await clock.advance(249);
    assert.equal(writer.send("x"), false);
    await clock.advance(1);
    assert.ok(writer.send("x"));
    await writer.close();
    assert.equal(read(path), [...taken, "x", ""].join("\n"));
    assertAccounted(writer.stats());
  }));

test("a disk that refuses to the end: close() says how many lines are lost", () =>
  inFolder("faults", async (folder) => {
    const path = join(folder, "app.log");
    const faults: Faults = { room: 10, code: "ENOSPC", failedCuts: 0 };
    const options = { strategy: "line", onError: () => {} } as const;
    const writer = new LineWriter(path, options, () => faulty(path, faults));
    for (const line of ["one", "two", "three", "four"]) writer.send(line);
    await assert.rejects(writer.sync(), /^Error: Cannot write to ".*": ENOSPC/);
    await assert.rejects(writer.close(), {
      message: `The last 2 lines are lost: Cannot write to "${path}": ENOSPC: refused, write`,
    });
    assert.equal(read(path), "one\ntwo\n");
    assert.equal(writer.stats().lost, 2);
    assertAccounted(writer.stats());
  }));

test("a pipe that takes a piece gets its rest before anything else, and nothing twice", () =>
  inFolder("faults", async (folder) => {
    const path = join(folder, "app.log");
    const faults: Faults = { room: 25, code: "EAGAIN", failedCuts: 0 };
    const clock = fakeClock();
    const options = { clock, onError: () => {} };
    const writer = new LineWriter(path, options, () => faulty(path, faults, false));
    for (let n = 0; n < 5; n++) writer.send("x".repeat(9));
    await clock.advance(0);
    assert.equal(read(path).length, 25);
    writer.send("after");
    faults.room = 3;
    await clock.advance(250);
    assert.equal(read(path).length, 28);
    faults.room = Infinity;
    await clock.advance(250);
    assert.equal(read(path), "xxxxxxxxx\n".repeat(5) + "after\n");
    assert.equal(writer.stats().bytes, 56);
    await writer.close();
  }));

test("whatever a disk or a pipe takes, the lines are there once, whole and in order", () =>
  fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.constantFrom("line" as const, "block" as const),
      fc.constantFrom("trigger" as const, "loop" as const, "manual" as const),
      fc.array(fc.record({ lines: fc.nat(5), bytes: fc.boolean(), room: fc.nat(60) })),
      (isRegular, strategy, mode, steps) =>
        inFolder("faults", async (folder) => {
          const path = join(folder, "app.log");
          const faults: Faults = { room: 0, code: "EAGAIN", failedCuts: 0 };
          const clock = fakeClock();
          const options: FileWriterOptions = {
            ...{ strategy, mode, clock, blockBytes: 30, capacity: 8, onError: () => {} },
          };
          const writer = new LineWriter(path, options, () => faulty(path, faults, isRegular));
          let next = 0;
          for (const { lines, bytes, room } of steps) {
            faults.room = room;
            for (let i = 0; i < lines; i++) {
              const line = numbered(next);
              if (writer.send(bytes ? new TextEncoder().encode(line) : line)) next++;
            }
            await clock.advance(300);
            if (mode === "manual") writer.trigger();
            assertAccounted(writer.stats());
            // Only a pipe, which gives nothing back, may hold a piece of a line.
            if (isRegular) assert.ok(read(path) === "" || read(path).endsWith("\n"));
          }
          faults.room = Infinity;
          await writer.close();
          assertNumbered([path], 0, next);
          assert.equal(writer.stats().bytes, fs.statSync(path).size);
        }),
    ),
    { numRuns: 60 },
  ));

for (const strategy of STRATEGIES) {
  test(`${strategy} writer on a disk that is really full`, {
    ...needs(`a ${strategy} writer on a full disk`, "mount"),
  }, () =>
    onSmallDisk(4_194_304, async (disk) => {
      const path = join(disk.folder, "app.log");
      const clock = fakeClock();
      const told: Error[] = [];
      const writer = openFileWriter(path, {
        strategy,
        clock,
        capacity: 100,
        onError: (error) => void told.push(error),
      });
      let next = 0;
      for (; next < 100; next++) assert.ok(writer.send(numbered(next)));
      await writer.sync();
      // An odd block is left, so that a write is cut short before the next one fails.
      disk.fill(disk.blockBytes);
      while (writer.send(numbered(next))) next++;
      assert.equal(told.length, 1);
      assert.match(told[0]!.message, /no space left/i);
      const found = read(path).replace(/\0+$/, "");
      assert.ok(found.endsWith("\n"), "no half line");
      disk.empty();
      await clock.advance(250);
      assert.equal(writer.stats().waiting, 0);
      for (let n = 0; n < 100; n++) assert.ok(writer.send(numbered(next++)));
      await writer.close();
      assertNumbered([path], 0, next);
      assertAccounted(writer.stats());
    }));

  test(`${strategy} writer goes on in a new file when its file was moved or removed`, () =>
    inFolder("moved", async (folder) => {
      const path = join(folder, "app.log");
      const clock = fakeClock();
      const writer = openFileWriter(path, { strategy, clock });
      writer.send("one");
      await clock.advance(0);
      fs.renameSync(path, `${path}.1`);
      await clock.advance(50);
      writer.send("two");
      await writer.sync();
      assert.equal(read(`${path}.1`), "one\n");
      fs.rmSync(path);
      await clock.advance(50);
      writer.send("three");
      await writer.close();
      assert.equal(read(path), "three\n");
    }));

  test(`${strategy} writer goes on at the beginning of a file that was cut in place`, () =>
    inFolder("cut", async (folder) => {
      const path = join(folder, "app.log");
      const clock = fakeClock();
      const writer = openFileWriter(path, { strategy, clock });
      for (let n = 0; n < 1000; n++) writer.send("x".repeat(99));
      await clock.advance(0);
      fs.copyFileSync(path, `${path}.1`);
      fs.truncateSync(path, 0);
      await clock.advance(50);
      writer.send("two");
      await writer.close();
      assert.equal(read(path), "two\n");
    }));

  test(`${strategy} writer lets go of a removed file even if nobody writes`, {
    skip: !fs.existsSync("/proc/self/fd"),
  }, () =>
    inFolder("idle", async (folder) => {
      const path = join(folder, "app.log");
      const clock = fakeClock();
      const writer = openFileWriter(path, { strategy, clock });
      writer.send("one");
      await writer.sync();
      fs.rmSync(path);
      assert.equal(descriptorsIn(folder).length, 1);
      await clock.advance(5_000);
      assert.deepEqual(descriptorsIn(folder), []);
      writer.send("two");
      await writer.close();
      assert.equal(read(path), "two\n");
    }));
}

test("reopen() looks at the path at once; what waits goes to the new file", () =>
  inFolder("moved", async (folder) => {
    const path = join(folder, "app.log");
    const writer = openFileWriter(path, { mode: "manual" });
    writer.send("one");
    writer.trigger();
    writer.send("two");
    fs.renameSync(path, `${path}.1`);
    writer.reopen();
    assert.equal(read(path), "");
    await writer.close();
    assert.deepEqual([read(`${path}.1`), read(path)], ["one\n", "two\n"]);
  }));
