import assert from "node:assert/strict";
import { test } from "node:test";
import { type FileStore, type InputMark, type LogNotice, openWal, type StoreFile } from "../mod.ts";
import { fakeClock } from "../src/testing/fake_clock.ts";
import { lineOf, msgOf, readLog } from "./support/read_log.ts";
import { testDisk } from "./support/test_disk.ts";

test("a line that cannot be staged takes no number", async () => {
  const disk = testDisk();
  const wal = await openWal(disk.store());
  wal.stage(lineOf("one"));
  assert.throws(() => wal.stage(lineOf("no"), { offset: 1, id: "1" } as unknown as InputMark));
  assert.equal(wal.stage(lineOf("two")), 2);
  await wal.sync();
  await wal.close();
  const again = await openWal(disk.store());
  const { lines } = await readLog(again);
  assert.deepEqual([...lines.values()].map(msgOf), ["one", "two"]);
  await again.close();
});

test("nothing counts as written on the word of a store that cannot be right", async () => {
  for (const answer of [NaN, undefined, -1, 1e9]) {
    const disk = testDisk();
    const clock = fakeClock();
    const store = disk.store();
    let isWrong = true;
    const openFile = async (name: string, access: "read" | "write"): Promise<StoreFile> => {
      const file = await store.openFile(name, access);
      const { writeSync } = file;
      file.writeSync = (bytes) => isWrong ? answer as number : writeSync(bytes);
      return file;
    };
    const wal = await openWal({ ...store, openFile } satisfies FileStore, { clock });
    wal.stage(lineOf("one"));
    const durable = wal.sync();
    await undefined;
    assert.equal(wal.writtenSeq, 1, `${answer}`);
    isWrong = false;
    await clock.advance(250);
    await durable;
    assert.equal(wal.durableSeq, 2);
    await wal.close();
    const again = await openWal(disk.store());
    assert.equal((await readLog(again)).lines.size, 1);
    await again.close();
  }
});

test("readable() sees what is written while it looks for more", async () => {
  for (let turns = 0; turns < 8; turns++) {
    const wal = await openWal(testDisk().store());
    const read = wal.readable(1).getReader().read();
    for (let i = 0; i < turns; i++) await undefined;
    wal.stage(lineOf("one"));
    wal.flushSync();
    assert.equal((await read).value?.count, 1);
    await wal.close();
  }
});

test("a log that is closed says so, and not that its lock was taken away", async () => {
  let isHeld = true;
  const told: LogNotice[] = [];
  const store: FileStore = { ...testDisk().store(), isHeld: () => isHeld };
  const wal = await openWal(store, {
    segmentBytes: 4096,
    retain: 0,
    onNotice: (n) => told.push(n),
  });
  for (let i = 0; i < 100; i++) {
    wal.stage(lineOf("n".padEnd(100)));
    wal.flushSync();
  }
  await wal.close();
  isHeld = false;
  const isClosed = /is closed/;
  assert.throws(() => wal.saveCursorsSync([]), isClosed);
  await assert.rejects(wal.syncCursors(), isClosed);
  await assert.rejects(wal.sync(), isClosed);
  await assert.rejects(wal.compact(), isClosed);
  await assert.rejects(wal.truncateBefore(50), isClosed);
  await assert.rejects(wal.truncateAfter(50), isClosed);
  await wal.trim(wal.writtenSeq);
  assert.deepEqual(told, []);
});

test("files of others in the folder are left alone", async () => {
  const disk = testDisk();
  const names = [
    "export.tmp",
    ".DS_Store",
    "wal-00000000000000000001-01234567.ndjson~",
    "notes.txt",
  ];
  for (const name of names) disk.files.set(name, new Uint8Array([1]));
  disk.files.set("compact.tmp", new Uint8Array([1]));
  disk.files.set("wal-00000000000000000001-01234567.ndjson.1-9.torn.tmp", new Uint8Array([1]));
  const wal = await openWal(disk.store());
  await wal.close();
  for (const name of names) assert.ok(disk.files.has(name), name);
  assert.deepEqual([...disk.files.keys()].filter((name) => /\.tmp$/.test(name)), ["export.tmp"]);
});
