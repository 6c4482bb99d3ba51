import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { type FileStore, memoryStore, openWal, StoreLockedError } from "../mod.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { fileStore } from "../src/storage/file.ts";
import type { LockTask } from "./support/lock_child.ts";
import { lineOf, readLog } from "./support/read_log.ts";
import { inFolder, RUNTIME, startScript } from "./support/spawn.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Runs one body against every store. */
function everyStore(name: string, run: (store: FileStore) => Promise<void>): void {
  test(`memoryStore(): ${name}`, () => run(memoryStore()));
  test(`fileStore(): ${name}`, () =>
    inFolder("storage", async (folder) => {
      const store = fileStore(join(folder, "new", "data"));
      await store.open();
      await run(store);
      await store.close();
    }));
}

async function text(store: FileStore, name: string): Promise<string> {
  const file = await store.openFile(name, "read");
  const bytes = new Uint8Array(file.size + 10);
  let done = 0;
  for (;;) {
    const count = await file.read(bytes.subarray(done), done);
    if (count === 0) break;
    done += count;
  }
  file.close();
  return new TextDecoder().decode(bytes.subarray(0, done));
}

everyStore("what is appended is read, from any offset, through any handle", async (store) => {
  const file = store.createSync("a");
  assert.equal(file.writeSync(encode("hello ")), 6);
  assert.equal(file.writeSync(encode("")), 0);
  assert.equal(file.writeSync(encode("wörld")), 6);
  assert.deepEqual([file.name, file.size], ["a", 12]);
  assert.equal(await text(store, "a"), "hello wörld");
  for (let from = 0; from <= 13; from++) {
    const into = new Uint8Array(4);
    const count = await file.read(into, from);
    assert.equal(count, Math.max(0, Math.min(4, 12 - from)), `from ${from}`);
    assert.deepEqual(into.subarray(0, count), encode("hello wörld").subarray(from, from + 4));
  }
  await file.sync();
  await store.syncFolder();
  file.close();
  file.close();
});

everyStore("an opened file goes on at its end", async (store) => {
  store.createSync("a").writeSync(encode("one"));
  const again = await store.openFile("a", "write");
  assert.equal(again.size, 3);
  again.writeSync(encode("two"));
  again.close();
  assert.equal(await text(store, "a"), "onetwo");
});

everyStore(
  "writeAtSync() changes bytes in place and leaves zeros before what it adds",
  async (store) => {
    const file = store.createSync("a");
    file.writeAtSync(encode("xyz"), 4);
    assert.equal(file.size, 7);
    file.writeAtSync(encode("ab"), 3);
    assert.equal(file.size, 7);
    assert.equal(await text(store, "a"), "\0\0\0abyz");
    file.writeSync(encode("!"));
    assert.equal(await text(store, "a"), "\0\0\0abyz!");
    file.close();
  },
);

everyStore("truncate() cuts, and appending goes on there", async (store) => {
  const file = store.createSync("a");
  file.writeSync(encode("hello"));
  file.writeSync(encode(" world"));
  await file.truncate(7);
  assert.equal(file.size, 7);
  file.writeSync(encode("!"));
  assert.equal(await text(store, "a"), "hello w!");
  await file.truncate(0);
  assert.deepEqual([file.size, await text(store, "a")], [0, ""]);
  file.close();
});

everyStore("names are listed with sizes, exist once, and go", async (store) => {
  assert.deepEqual((await store.list()).filter(({ name }) => name !== "LOCK"), []);
  store.createSync("a").close();
  const b = store.createSync("b");
  b.writeSync(encode("12345"));
  b.close();
  const listed = (await store.list()).filter(({ name }) => name !== "LOCK");
  assert.deepEqual(listed.sort((x, y) => x.name < y.name ? -1 : 1), [
    { name: "a", size: 0 },
    { name: "b", size: 5 },
  ]);
  assert.throws(() => store.createSync("a"));
  await assert.rejects(store.openFile("c", "read"));
  await store.remove("a");
  await assert.rejects(store.openFile("a", "write"));
});

everyStore("an inner store is apart from the outer one and the same each time", async (store) => {
  const inner = store.inner("letters");
  await inner.open();
  inner.createSync("a").close();
  assert.deepEqual((await store.list()).filter(({ name }) => name === "a"), []);
  const again = store.inner("letters");
  await again.open();
  assert.deepEqual(await again.list(), [{ name: "a", size: 0 }]);
  await inner.close();
});

everyStore("crc32() is that of IEEE 802.3", (store) => {
  assert.equal(store.crc32(encode("123456789")), 0xcbf43926);
  return Promise.resolve();
});

everyStore("a log goes over it and comes back", async (store) => {
  const wal = await openWal({ ...store, open: async () => {}, close: async () => {} }, {
    segmentBytes: 4096,
    windowBytes: 0,
    retain: "all",
  });
  for (let i = 0; i < 40; i++) {
    wal.stage(lineOf(`n${i}`.padEnd(300)));
    wal.flushSync();
  }
  wal.saveCursorsSync([]);
  await wal.close();
  const again = await openWal({ ...store, open: async () => {}, close: async () => {} });
  const { lines, gaps } = await readLog(again, 1);
  assert.deepEqual([lines.size, gaps, again.nextSeq], [40, [], 41]);
  await again.close();
});

test("a file that was closed is not written, read or synced under its old descriptor", () =>
  inFolder("storage", async (folder) => {
    const store = fileStore(folder);
    await store.open();
    const file = store.createSync("a");
    file.close();
    const other = store.createSync("b");
    assert.throws(() => file.writeSync(encode("x")), /File "a" is closed/);
    assert.throws(() => file.writeAtSync(encode("x"), 0), /is closed/);
    await assert.rejects(file.read(new Uint8Array(1), 0), /is closed/);
    await assert.rejects(file.sync(), /is closed/);
    await assert.rejects(file.truncate(0), /is closed/);
    file.close();
    other.writeSync(encode("still open"));
    other.close();
    await store.close();
  }));

test("a folder that cannot be made is told with the way out", () =>
  inFolder("storage", async (folder) => {
    fs.writeFileSync(join(folder, "file"), "");
    await assert.rejects(
      fileStore(join(folder, "file", "data")).open(),
      /^Error: Cannot create the data folder ".*": a file of that name is in the way; name another/,
    );
  }));

test("a second opening of a folder is refused, by the same store too, until the first is closed", () =>
  inFolder("storage", async (folder) => {
    const first = fileStore(folder);
    await first.open();
    for (const store of [first, fileStore(folder)]) {
      await assert.rejects(store.open(), (error) => {
        assert.ok(error instanceof StoreLockedError);
        assert.ok(error.message.includes(`"${folder}" is in use by process ${process.pid} on `));
        assert.match(
          error.message,
          /: stop that process or use another folder; if it has ended, remove the file LOCK there$/,
        );
        return true;
      });
    }
    await first.close();
    assert.equal(fs.existsSync(join(folder, "LOCK")), false);
    const later = fileStore(folder);
    await later.open();
    await first.close();
    assert.equal(fs.existsSync(join(folder, "LOCK")), true, "a late close takes no other's lock");
    await later.close();
  }));

test("openWal() gives the lock back when it cannot open, and when it is closed", () =>
  inFolder("storage", async (folder) => {
    fs.writeFileSync(join(folder, "wal-00000000000000000001-0badf00d.ndjson"), "garbage\n");
    await assert.rejects(openWal(fileStore(folder)), { name: "DamagedLogError" });
    assert.equal(fs.existsSync(join(folder, "LOCK")), false);
    const wal = await openWal(fileStore(folder), { onDamage: "quarantine" });
    await assert.rejects(openWal(fileStore(folder)), StoreLockedError);
    await wal.close();
    assert.equal(fs.existsSync(join(folder, "LOCK")), false);
  }));

/** Runs the child; the answer is what it said first. */
function child(task: LockTask): { said: Promise<string>; end(): Promise<unknown> } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const script = startScript("./lock_child.ts", task, resolve);
  const end = (): Promise<unknown> => {
    script.child.stdin?.end();
    return script.ended;
  };
  return { said: promise, end };
}

test("a second process is refused, and a lock that a dead one left is taken", () =>
  inFolder("storage", async (folder) => {
    const store = fileStore(folder);
    await store.open();
    const refused = child({ folder, dies: false });
    assert.match(await refused.said, /^StoreLockedError .* is in use by process \d+ on /);
    await refused.end();
    await store.close();
    const holder = child({ folder, dies: false });
    assert.equal(await holder.said, "open");
    await assert.rejects(store.open(), StoreLockedError);
    await holder.end();
    const killed = child({ folder, dies: true });
    assert.equal(await killed.said, "open");
    await killed.end();
    assert.equal(fs.existsSync(join(folder, "LOCK")), true);
    await store.open();
    await store.close();
  }));

test("a lock counts only while everything in it matches a running process", () =>
  inFolder("storage", async (folder) => {
    const lock = join(folder, "LOCK");
    const store = fileStore(folder);
    await store.open();
    const own = JSON.parse(fs.readFileSync(lock, "utf8")) as Record<string, unknown>;
    await store.close();
    const cases: [string, string, boolean][] = [
      ["our own pid in an earlier start", JSON.stringify({ ...own, started: "1" }), false],
      // Without the kernel's lock this may be the store of another thread.
      [
        "our own pid, start and all",
        JSON.stringify(own),
        RUNTIME !== "deno" && own.started !== "",
      ],
      ["a boot before this one", JSON.stringify({ ...own, boot: "x", pid: 1 }), false],
      ["a pid that does not run", JSON.stringify({ ...own, pid: 2 ** 22 + 1 }), false],
      ["nothing", "", false],
      ["half a line", '{"host":"x","pi', false],
      ["something else", "null\n", false],
    ];
    for (const [what, contents, holds] of cases) {
      if (what.startsWith("a boot") && own.boot === "") continue;
      fs.writeFileSync(lock, contents);
      if (holds) {
        await assert.rejects(store.open(), StoreLockedError, what);
        fs.rmSync(lock);
        continue;
      }
      await store.open();
      assert.notEqual(fs.readFileSync(lock, "utf8"), contents, what);
      await store.close();
      assert.deepEqual(fs.readdirSync(folder), ["LOCK.spare"], what);
    }
  }));

test("a lock of another host counts as long as it is touched, and is taken 20 s after it was left", () =>
  inFolder("storage", async (folder) => {
    const lock = join(folder, "LOCK");
    const clock = fakeClock();
    const store = fileStore(folder, { clock });
    await store.open();
    const own = JSON.parse(fs.readFileSync(lock, "utf8")) as Record<string, unknown>;
    const touched = () => fs.statSync(lock).mtimeMs;
    fs.utimesSync(lock, 0, 0);
    await clock.advance(5_000);
    assert.notEqual(touched(), 0, "the holder touches it");
    await store.close();
    assert.equal(clock.pending, 0);

    fs.writeFileSync(lock, JSON.stringify({ ...own, host: "elsewhere" }));
    const refused = assert.rejects(store.open(), /is in use by process \d+ on elsewhere: /);
    await clock.advance(19_000);
    fs.utimesSync(lock, 1, 1);
    await clock.advance(1_000);
    await refused;

    const taken = store.open();
    await clock.advance(20_000);
    await taken;
    assert.doesNotMatch(fs.readFileSync(lock, "utf8"), /elsewhere/);
    await store.close();
  }));

test("isHeld() sees at once that a lock was removed or replaced", async () => {
  const changes: Record<string, (path: string) => void> = {
    removed: (path) => fs.rmSync(path),
    replaced: (path) => {
      const other = fs.readFileSync(path, "utf8").replace(/"token":"./, '"token":"x');
      fs.renameSync(path, `${path}.aside`);
      fs.writeFileSync(path, other);
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    await inFolder("fence", async (folder) => {
      const store = fileStore(folder);
      await store.open();
      const inner = store.inner("dead-letters");
      assert.deepEqual([store.isHeld(), store.isHeld(), inner.isHeld()], [true, true, true]);
      change(join(folder, "LOCK"));
      assert.deepEqual([store.isHeld(), inner.isHeld()], [false, false], what);
      await store.close();
      assert.equal(fs.existsSync(join(folder, "LOCK")), what !== "removed", "a stranger's stays");
    });
  }
});
