/** The file behind a path: what becomes of those that were let go, and of pieces. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type AppendFile, openAppendFile } from "../src/platform/append_file.ts";
import { FileTarget } from "../src/sink/file_target.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { inFolder } from "./support/spawn.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Gives `use` a target whose files tell what is done with them. */
async function withTarget(
  change: (file: AppendFile) => Partial<AppendFile>,
  use: (target: FileTarget, path: string, told: string[]) => Promise<void>,
): Promise<void> {
  await inFolder("target", async (folder) => {
    const path = join(folder, "app.log");
    const told: string[] = [];
    const open = (): AppendFile => {
      const file = openAppendFile(path);
      return {
        ...file,
        close() {
          told.push("close");
          file.close();
        },
        ...change(file),
      };
    };
    const clock = fakeClock();
    const target = new FileTarget({ open, durable: true, marks: false, lookEveryMs: 0, clock });
    target.open();
    try {
      await use(target, path, told);
    } finally {
      await target.close().catch(() => {});
    }
  });
}

test("a file that was let go is closed after its last sync, without waiting for anybody", () => {
  let finish = (): void => {};
  const sync = (): Promise<void> => new Promise((resolve) => finish = resolve);
  return withTarget(() => ({ sync }), async (target, path, told) => {
    target.append(bytesOf("one\n"));
    fs.renameSync(path, `${path}.1`);
    target.append(bytesOf("two\n"));
    assert.deepEqual(told, [], "it is being synced");
    finish();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(told, ["close"]);
    assert.equal(fs.readFileSync(path, "utf8"), "two\n");
  });
});

test("a file that cannot be synced any more is closed, and the next sync() tells of it once", () => {
  let failures = 1;
  const sync = (): Promise<void> =>
    failures-- > 0 ? Promise.reject(new Error("EIO")) : Promise.resolve();
  return withTarget(() => ({ sync }), async (target, path, told) => {
    target.append(bytesOf("one\n"));
    fs.rmSync(path);
    target.append(bytesOf("two\n"));
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(told, ["close"]);
    await assert.rejects(target.sync(), /EIO/);
    await target.sync();
  });
});

test("close() waits for the last sync of a file that was let go", () => {
  const order: string[] = [];
  const sync = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    order.push("synced");
  };
  return withTarget(() => ({ sync }), async (target, path) => {
    fs.rmSync(path);
    target.append(bytesOf("two\n"));
    await target.close();
    order.push("closed");
    assert.deepEqual(order, ["synced", "closed"]);
  });
});

test("a piece is cut off even where the file was emptied in place meanwhile", () => {
  let isFull = false;
  const change = (file: AppendFile): Partial<AppendFile> => ({
    append(bytes) {
      if (!isFull) return file.append(bytes);
      // In the middle of the write the file is emptied, then the disk is full.
      file.cut(0);
      file.append(bytes.subarray(0, 7));
      throw new Error("ENOSPC");
    },
  });
  return withTarget(change, async (target, path) => {
    target.append(bytesOf("a long line of before\n"));
    isFull = true;
    assert.throws(() => target.append(bytesOf("one\ntwo\nthree\n")), /ENOSPC/);
    assert.equal(fs.readFileSync(path, "utf8"), "one\n");
    isFull = false;
    target.append(bytesOf("four\n"));
    assert.equal(fs.readFileSync(path, "utf8"), "one\nfour\n");
    await Promise.resolve();
  });
});

test("a pipe that is closed gets the rest of its line", () => {
  let room = 6;
  const change = (file: AppendFile): Partial<AppendFile> => ({
    isRegular: false,
    appendSome(bytes) {
      if (room === 0) throw new Error("EAGAIN");
      const taken = Math.min(room, bytes.length);
      room -= taken;
      file.append(bytes.subarray(0, taken));
      return taken;
    },
  });
  return withTarget(change, async (target, path) => {
    assert.throws(() => target.append(bytesOf("one\ntwo\nthree\n")), /EAGAIN/);
    assert.equal(target.taken, 8, "the line that was begun is finished here");
    room = 100;
    await target.close();
    assert.equal(fs.readFileSync(path, "utf8"), "one\ntwo\n");
  });
});
