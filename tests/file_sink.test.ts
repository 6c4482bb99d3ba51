import { test } from "node:test";
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AppendFile, openAppendFile } from "../src/platform/append_file.ts";
import { appendSink } from "../src/sink/append_sink.ts";
import { fileSink } from "../src/sink/file.ts";
import type { Batch, Sink, SinkContext } from "../src/sink/sink.ts";

const context: SinkContext = { signal: new AbortController().signal, attempt: 1 };

function batchOf(...lines: string[]): Batch {
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  const runs = [{ firstSeq: 1, count: lines.length }];
  const records = () => lines.map((msg) => ({ time: "", level: "info" as const, msg }));
  return { runs, count: lines.length, bytes, seqAt: (i) => i + 1, lines: () => lines, records };
}

async function inFolder(use: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = fs.mkdtempSync(join(tmpdir(), "logflume-file-sink-"));
  try {
    await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const read = (path: string): string => fs.readFileSync(path, "utf8");

/** Opens a sink, writes batches, and closes it; gives the checkpoint at the end. */
async function deliver(sink: Sink, checkpoint: string | undefined, ...batches: Batch[]) {
  await sink.open?.(checkpoint);
  for (const batch of batches) await sink.write(batch, context);
  const reached = sink.checkpoint?.();
  await sink.sync?.();
  await sink.close?.();
  return reached;
}

test("fileSink() creates folders and appends the bytes of batches in order", () =>
  inFolder(async (folder) => {
    const path = join(folder, "a", "b", "out.ndjson");
    await deliver(fileSink({ path }), undefined, batchOf("one", "two"), batchOf("three"));
    await deliver(fileSink({ path, durable: false }), undefined, batchOf("four"));
    assert.equal(read(path), "one\ntwo\nthree\nfour\n");
  }));

test("fileSink() writes a batch of several slices whole", () =>
  inFolder(async (folder) => {
    const path = join(folder, "out");
    const big = batchOf("x".repeat(700_000), "y".repeat(300_000));
    await deliver(fileSink({ path }), undefined, big);
    assert.ok(Buffer.from(big.bytes).equals(fs.readFileSync(path)));
  }));

test("open() cuts the file back to its checkpoint, so that a kill doubles nothing", () =>
  inFolder(async (folder) => {
    const path = join(folder, "out");
    const mark = await deliver(fileSink({ path }), undefined, batchOf("one"), batchOf("two"));
    assert.ok(mark !== undefined && mark.length <= 256);
    fs.appendFileSync(path, "three\nhalf a li");
    await deliver(fileSink({ path }), mark, batchOf("three"), batchOf("four"));
    assert.equal(read(path), "one\ntwo\nthree\nfour\n");
  }));

test("the checkpoint before the first batch cuts the file back to what it held then", () =>
  inFolder(async (folder) => {
    const path = join(folder, "out");
    fs.writeFileSync(path, "theirs\n");
    const sink = fileSink({ path });
    await sink.open?.(undefined);
    const mark = sink.checkpoint?.();
    await sink.write(batchOf("ours"), context);
    await sink.close?.();
    await deliver(fileSink({ path }), mark, batchOf("ours"));
    assert.equal(read(path), "theirs\nours\n");
  }));

test("open() leaves a file alone that is not the one of its checkpoint", () =>
  inFolder(async (folder) => {
    const path = join(folder, "out");
    const mark = await deliver(fileSink({ path }), undefined, batchOf("one"), batchOf("two"));
    const changes: [string, string | undefined, string][] = [
      ["other content of the same length", mark, "one\ntwX\nmore\n"],
      ["shorter than the checkpoint", mark, "one\n"],
      ["a checkpoint of another kind", '{"offset":3}', "one\ntwo\nmore\n"],
      ["a checkpoint that is no JSON", "{", "one\ntwo\nmore\n"],
    ];
    for (const [name, checkpoint, content] of changes) {
      fs.writeFileSync(path, content);
      await deliver(fileSink({ path }), checkpoint, batchOf("next"));
      assert.equal(read(path), `${content}next\n`, name);
    }
    fs.renameSync(path, `${path}.old`);
    fs.writeFileSync(path, "one\ntwo\nmore\n");
    await deliver(fileSink({ path }), mark, batchOf("next"));
    assert.equal(read(path), "one\ntwo\nmore\nnext\n", "another inode");
  }));

test("open() ends half a line of another program before it writes", () =>
  inFolder(async (folder) => {
    const path = join(folder, "out");
    fs.writeFileSync(path, "half");
    await deliver(fileSink({ path }), undefined, batchOf("next"));
    assert.equal(read(path), "half\nnext\n");
  }));

test("a file that was moved or removed is opened anew before the next batch", () =>
  inFolder(async (folder) => {
    const path = join(folder, "out");
    const sink = fileSink({ path });
    await sink.open?.(undefined);
    await sink.write(batchOf("one"), context);
    fs.renameSync(path, `${path}.1`);
    await sink.write(batchOf("two"), context);
    await sink.sync?.();
    fs.rmSync(path);
    await sink.write(batchOf("three"), context);
    const mark = sink.checkpoint?.();
    await sink.close?.();
    assert.deepEqual([read(`${path}.1`), read(path)], ["one\n", "three\n"]);
    fs.appendFileSync(path, "lost");
    await deliver(fileSink({ path }), mark, batchOf("four"));
    assert.equal(read(path), "three\nfour\n");
  }));

test("a file that is emptied in place is written from its beginning", () =>
  inFolder(async (folder) => {
    const path = join(folder, "out");
    const sink = fileSink({ path });
    await sink.open?.(undefined);
    await sink.write(batchOf("one"), context);
    fs.truncateSync(path, 0);
    await sink.write(batchOf("two"), context);
    const mark = sink.checkpoint?.();
    await sink.close?.();
    await deliver(fileSink({ path }), mark, batchOf("three"));
    assert.equal(read(path), "two\nthree\n");
  }));

/** A file on a disk that is full after `room` bytes of a call, and that cannot cut at first. */
function fullDisk(path: string, faults: { room: number; failedCuts: number }): AppendFile {
  const file = openAppendFile(path);
  return {
    ...file,
    append(bytes) {
      if (bytes.length <= faults.room) return file.append(bytes);
      file.append(bytes.subarray(0, faults.room));
      throw new Error("No space left");
    },
    cut(length) {
      if (faults.failedCuts-- > 0) throw new Error("Cannot cut");
      file.cut(length);
    },
  };
}

for (const failedCuts of [0, 1]) {
  test(`a batch that fails in the middle leaves no piece behind (${failedCuts} failed cuts)`, () =>
    inFolder(async (folder) => {
      const path = join(folder, "out");
      const faults = { room: 9, failedCuts };
      const sink = appendSink(() => fullDisk(path, faults), true);
      await sink.open?.(undefined);
      await sink.write(batchOf("one"), context);
      assert.throws(() => sink.write(batchOf("two", "three", "four"), context));
      if (failedCuts === 0) assert.equal(read(path), "one\n");
      faults.room = 100;
      await sink.write(batchOf("two", "three", "four"), context);
      await sink.close?.();
      assert.equal(read(path), "one\ntwo\nthree\nfour\n");
    }));
}

test("a path that cannot be written is told in one sentence", () =>
  inFolder((folder) => {
    const open = (path: string) => () => fileSink({ path }).open?.(undefined);
    assert.throws(open(folder), {
      message: `Cannot open output "${folder}": it is a folder; give the path of a file`,
    });
    fs.writeFileSync(join(folder, "file"), "");
    assert.throws(
      open(join(folder, "file", "out")),
      /^Error: Cannot open output ".*": a part of the path is a file, not a folder/,
    );
    assert.throws(() => fileSink({ path: "" }), TypeError);
  }));

if (fs.existsSync("/dev/null")) {
  test("a device is written as it comes, without checkpoint or cut", async () => {
    const foreign = '{"id":"1:1","length":9,"tail":0,"crc":0}';
    const mark = await deliver(fileSink({ path: "/dev/null" }), foreign, batchOf("one"));
    assert.equal(mark, undefined);
  });
}
