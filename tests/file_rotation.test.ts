/** Rotation as the file writer and the file sink use it: order, descriptors, and what a kill leaves. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  fileSink,
  type FileSinkOptions,
  openFileWriter,
  type WriterStrategy,
} from "../src/sink/file.ts";
import type { Batch, Sink, SinkContext } from "../src/sink/sink.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { descriptorsIn, readAll, readLog, rotatedOf } from "./support/log_files.ts";
import { assertNumbered, numbered } from "./support/numbered.ts";
import { inFolder, RUNTIME } from "./support/spawn.ts";

const STRATEGIES: readonly WriterStrategy[] = RUNTIME === "node"
  ? ["line", "block"]
  : ["line", "block", "mapped"];
const SINK_STRATEGIES: readonly ("block" | "mapped")[] = RUNTIME === "node"
  ? ["block"]
  : ["block", "mapped"];
const hasDescriptors = fs.existsSync("/proc/self/fd");

for (const strategy of STRATEGIES) {
  for (const durable of [false, true]) {
    test(`${strategy} writer rotates 50 times${durable ? ", durably" : ""}: all lines, no descriptor`, () =>
      inFolder("rotation", async (folder) => {
        const path = join(folder, "app.log");
        const writer = openFileWriter(path, { strategy, durable, maxBytes: 4_000, gzip: true });
        let next = 0;
        while (writer.stats().rotations < 50) assert.ok(writer.send(numbered(next++)));
        await writer.sync();
        if (hasDescriptors) {
          const open = descriptorsIn(folder).filter((target) => !target.includes(".gz"));
          assert.deepEqual(open.filter((target) => target.endsWith("(deleted)")), []);
          assert.equal(open.filter((target) => target === path).length, 1, open.join());
        }
        await writer.close();
        if (hasDescriptors) assert.deepEqual(descriptorsIn(folder), []);
        const rotated = rotatedOf(path);
        assert.equal(rotated.length, 50);
        assertNumbered([...rotated, path], 0, next);
        for (const file of rotated) assert.ok(Buffer.byteLength(readLog(file)) <= 4_000);
      }));
  }
}

test("a writer rotates every hour, before the first write of the next one", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const clock = fakeClock(Date.UTC(2026, 0, 1, 10, 59));
    const writer = openFileWriter(path, { clock, every: "hour", keep: { count: 2 } });
    for (let hour = 0; hour < 5; hour++) {
      writer.send(`hour ${hour}`);
      await clock.advance(1_000);
      writer.send("more");
      await clock.advance(3_599_000);
    }
    await writer.close();
    assert.equal(readAll(path), "hour 2\nmore\nhour 3\nmore\nhour 4\nmore\n");
    assert.equal(writer.stats().rotations, 4);
  }));

test("a block is never longer than a file may be", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const writer = openFileWriter(path, { maxBytes: 1_000 });
    for (let n = 0; n < 100; n++) writer.send("x".repeat(99));
    await writer.close();
    assert.deepEqual(rotatedOf(path).map((file) => readLog(file).length), Array(9).fill(1_000));
  }));

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };

/** A batch of one line. */
function batchOf(line: string): Batch {
  const bytes = new TextEncoder().encode(`${line}\n`);
  return {
    runs: [{ firstSeq: 1, count: 1 }],
    count: 1,
    bytes,
    seqAt: () => 1,
    lines: () => [line],
    records: () => [{ time: "", level: "info", msg: line }],
  };
}

/** Writes batches of 10 bytes; gives the checkpoint after each. */
async function writeAll(sink: Sink, lines: readonly string[]): Promise<(string | undefined)[]> {
  const marks: (string | undefined)[] = [];
  for (const line of lines) {
    await sink.write(batchOf(line.padEnd(9, ".")), context);
    marks.push(sink.checkpoint?.());
  }
  return marks;
}

const LINES = [..."abcdefgh"];
const WHOLE = LINES.map((line) => line.padEnd(9, ".") + "\n").join("");

for (const strategy of SINK_STRATEGIES) {
  for (const killedAfter of [3, 8]) {
    test(`${strategy} sink, killed after ${killedAfter} batches: from any checkpoint on no repeats`, () =>
      inFolder("rotation", async (folder) => {
        for (let stored = 0; stored < killedAfter; stored++) {
          const path = join(folder, `${stored}.log`);
          const options: FileSinkOptions = { path, strategy, maxBytes: 20, gzip: true };
          const killed = fileSink(options);
          await killed.open?.(undefined);
          const marks = await writeAll(killed, LINES.slice(0, killedAfter));
          // Nothing is stored after the mark: the process dies, and its files are as they are now.
          await killed.close?.();
          const sink = fileSink(options);
          await sink.open?.(marks[stored]);
          await writeAll(sink, LINES.slice(stored + 1));
          await sink.close?.();
          assert.equal(readAll(path), WHOLE, `stored after batch ${stored}`);
        }
      }));
  }
}

test("a killed sink whose checkpoint tells of nothing begins anew", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    fs.writeFileSync(path, "theirs\n");
    const options: FileSinkOptions = { path, maxBytes: 20 };
    const killed = fileSink(options);
    await killed.open?.(undefined);
    const mark = killed.checkpoint?.();
    await writeAll(killed, LINES);
    await killed.close?.();
    assert.equal(rotatedOf(path).length, 4);
    const sink = fileSink(options);
    await sink.open?.(mark);
    assert.equal(readAll(path), "theirs\n");
    await writeAll(sink, LINES);
    await sink.close?.();
    assert.equal(readAll(path), "theirs\n" + WHOLE);
  }));

test("a file that a stored checkpoint may lead back to is neither compressed nor removed", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const clock = fakeClock();
    const sink = fileSink({ path, clock, maxBytes: 20, gzip: true, keep: { count: 2 } });
    await sink.open?.(undefined);
    await writeAll(sink, LINES);
    const plain = (): string[] => rotatedOf(path).filter((file) => !file.endsWith(".gz"));
    for (let turn = 0; turn < 50; turn++) await turnOfLoop();
    assert.equal(plain().length, 3, "nothing was synced yet");
    // What is marked now is stored after this sync, which only the next one proves.
    await sink.sync?.();
    for (let turn = 0; turn < 50; turn++) await turnOfLoop();
    assert.equal(plain().length, 3);
    await writeAll(sink, ["i"]);
    await sink.sync?.();
    await until(() => plain().length === 1 && rotatedOf(path).length === 2);
    assert.equal(plain().length, 1, "the file of the mark at the last sync but one is held");
    assert.equal(
      rotatedOf(path).length,
      2,
      "the others are compressed, and those beyond keep gone",
    );
    await sink.close?.();
  }));

test("without a log on disk nothing is held back", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const sink = fileSink({ path, maxBytes: 20, gzip: true, keep: { count: 2 } });
    await sink.open?.(undefined, { resumes: false });
    await writeAll(sink, LINES);
    const gzipped = () => rotatedOf(path).map((file) => file.endsWith(".gz"));
    await until(() => gzipped().join() === "true,true");
    assert.deepEqual(gzipped(), [true, true]);
    await sink.close?.();
  }));

/** Waits for the work in the background, which is on real files. */
async function until(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000 && !isDone(); turn++) await turnOfLoop();
}

function turnOfLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

test("a checkpoint into a file that is compressed by now leaves all files alone", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const options: FileSinkOptions = { path, maxBytes: 20, gzip: true };
    const first = fileSink(options);
    await first.open?.(undefined);
    const marks = await writeAll(first, LINES);
    await first.close?.();
    const second = fileSink(options);
    await second.open?.(marks.at(-1));
    await until(() => rotatedOf(path).every((file) => file.endsWith(".gz")));
    await second.close?.();
    assert.ok(rotatedOf(path).every((file) => file.endsWith(".gz")));
    const third = fileSink(options);
    await third.open?.(marks[0]);
    await third.close?.();
    assert.equal(readAll(path), WHOLE);
  }));

test("a period outlasts a restart, also where the file is cut back to a checkpoint", () =>
  inFolder("rotation", async (folder) => {
    const path = join(folder, "app.log");
    const noon = Date.UTC(2026, 0, 1, 12);
    const options: FileSinkOptions = { path, every: "day", clock: fakeClock(noon) };
    const first = fileSink(options);
    await first.open?.(undefined);
    const marks = await writeAll(first, LINES);
    await first.close?.();
    fs.utimesSync(path, noon / 1000, noon / 1000);
    const second = fileSink({ ...options, clock: fakeClock(noon + 86_400_000) });
    await second.open?.(marks[5]);
    await writeAll(second, LINES.slice(6));
    await second.close?.();
    assert.deepEqual(rotatedOf(path).map((file) => readLog(file).length), [60]);
    assert.equal(readAll(path), WHOLE);
  }));
