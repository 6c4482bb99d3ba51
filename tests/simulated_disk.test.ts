import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { crc32Of } from "../src/storage/crc32.ts";
import { type SimulatedDisk, simulatedDisk } from "../src/testing/mod.ts";
import { seededRandom } from "../src/testing/random.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
const noSpace = { code: "ENOSPC" };
const inputOutput = { code: "EIO" };

/** A file with durable bytes under a durable name. */
async function withFile(disk: SimulatedDisk, text: string) {
  const store = disk.store();
  await store.open();
  const file = store.createSync("a");
  file.writeSync(encode(text));
  await file.sync();
  await store.syncFolder();
  return { store, file };
}

/** Writes, syncs and renames at random, cuts the power in the middle, and gives a sum of what is left. */
async function sumOfLife(seed: number): Promise<number> {
  const disk = simulatedDisk({ seed, shortWrites: 0.3 });
  const random = seededRandom(seed);
  disk.crashAt(40, "power");
  await disk.untilCrash(async () => {
    const store = disk.store();
    await store.open();
    for (let i = 0; i < 30; i++) {
      const file = store.createSync(`f${i}`);
      const bytes = new Uint8Array(random.below(5000));
      random.fill(bytes);
      file.writeSync(bytes);
      const calls = [file.sync(), store.syncFolder()];
      if (random.chance(0.3)) calls.push(store.rename(`f${i}`, "g"));
      if (random.chance(0.7)) await Promise.all(calls);
    }
  });
  let sum = 0;
  for (const name of disk.names()) sum = (31 * sum + crc32Of(disk.bytes(name))) % 2 ** 32;
  return sum;
}

test("the same seed leaves the same bytes on every runtime", async () => {
  const sums = [await sumOfLife(1), await sumOfLife(2), await sumOfLife(3)];
  assert.deepEqual(sums, [3_135_475_285, 1_091_910_161, 85_197_718]);
});

test("a kill keeps what was written, a power cut what was synced", async () => {
  const disk = simulatedDisk({ seed: 1 });
  const { file } = await withFile(disk, "synced");
  file.writeSync(encode(", written"));
  disk.crash("kill");
  assert.equal(decode(disk.bytes("a")), "synced, written");
  disk.crash("power", "lost");
  assert.equal(decode(disk.bytes("a")), "synced");
});

test("what was synced survives every power cut, and what was not is what was written or nothing", async () => {
  const writes = fc.array(fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.boolean()), {
    minLength: 1,
    maxLength: 12,
  });
  await fc.assert(fc.asyncProperty(fc.nat(), writes, async (seed, lengths) => {
    const disk = simulatedDisk({ seed });
    const { file } = await withFile(disk, "");
    let written = "";
    let synced = "";
    for (const [length, syncs] of lengths) {
      const text = "xyz"[written.length % 3]!.repeat(length);
      file.writeSync(encode(text));
      written += text;
      if (syncs) await file.sync();
      if (syncs) synced = written;
    }
    disk.crash("power", "subset");
    const left = decode(disk.bytes("a"));
    assert.ok(left.startsWith(synced) && left.length <= written.length);
    for (let i = synced.length; i < left.length; i++) {
      assert.ok(left[i] === written[i] || left[i] === "\0");
    }
  }));
});

test("a torn power cut leaves garbage and bytes of removed files behind what was synced", async () => {
  let foundStale = false;
  let foundGarbage = false;
  for (let seed = 0; seed < 200; seed++) {
    const disk = simulatedDisk({ seed });
    const { store, file } = await withFile(disk, "synced");
    store.createSync("stale").writeSync(encode("s".repeat(9000)));
    await store.remove("stale");
    file.writeSync(encode("-".repeat(5000)));
    disk.crash("power", "torn");
    const left = decode(disk.bytes("a"));
    assert.ok(left.startsWith("synced"));
    foundStale ||= left.includes("s".repeat(500));
    foundGarbage ||= /[^-s\0]{100}/.test(left.slice(6));
  }
  assert.ok(foundStale && foundGarbage);
});

test("names survive a power cut once the folder was synced, and a rename leaves no file without one", async () => {
  const fates = new Set<string>();
  for (let seed = 0; seed < 50; seed++) {
    const disk = simulatedDisk({ seed });
    const { store } = await withFile(disk, "old");
    const next = store.createSync("b");
    next.writeSync(encode("new"));
    await next.sync();
    await store.rename("b", "a");
    disk.crash("power");
    const text = decode(disk.bytes("a"));
    assert.ok(text === "old" || text === "new");
    fates.add(text);
  }
  assert.equal(fates.size, 2);
  const disk = simulatedDisk({ seed: 1 });
  const { store } = await withFile(disk, "old");
  await store.remove("a");
  store.createSync("b");
  disk.crash("power", "lost");
  assert.deepEqual(disk.names(), ["a"]);
});

test("after a failed sync bytes can be read, a later sync reports success, and a power cut takes them", async () => {
  const disk = simulatedDisk({ seed: 5 });
  const { file } = await withFile(disk, "synced");
  disk.inject({ on: "sync", error: "EIO" });
  file.writeSync(encode("x".repeat(2000)));
  await assert.rejects(file.sync(), inputOutput);
  await file.sync();
  const into = new Uint8Array(4000);
  assert.equal(await file.read(into, 0), 2006);
  disk.crash("kill");
  assert.equal(disk.bytes("a").length, 2006);
  disk.crash("power");
  assert.notEqual(decode(disk.bytes("a")), "synced" + "x".repeat(2000));
  assert.ok(decode(disk.bytes("a")).startsWith("synced"));
});

test("clean pages that are evicted after a failed sync read as they are on the disk", async () => {
  const disk = simulatedDisk({ seed: 5 });
  const { file } = await withFile(disk, "synced");
  disk.inject({ on: "sync", error: "lie" });
  file.writeSync(encode("x".repeat(2000)));
  await file.sync();
  file.writeSync(encode("y".repeat(2000)));
  disk.evict();
  const left = decode(disk.bytes("a"));
  assert.equal(left.length, 4006);
  assert.ok(left.startsWith("synced\0") && left.endsWith("y".repeat(2000)));
});

test("a disk lies as often as it was told to", async () => {
  const disk = simulatedDisk({ seed: 1 });
  const { file } = await withFile(disk, "synced");
  disk.inject({ on: "sync", error: "lie" });
  file.writeSync(encode("L".repeat(2000)));
  await file.sync();
  file.writeSync(encode("t".repeat(2000)));
  await file.sync();
  disk.crash("power", "lost");
  const left = decode(disk.bytes("a"));
  assert.equal(left.length, 4006);
  assert.ok(!left.includes("L".repeat(1000)) && left.endsWith("t".repeat(2000)));
  assert.throws(() => disk.inject({ on: "read", error: "lie" }), RangeError);
});

test("a full disk cuts a write short at the byte, refuses the next, and takes more when there is room", async () => {
  const disk = simulatedDisk({ seed: 1, capacityBytes: 100 });
  const { store, file } = await withFile(disk, "x".repeat(95));
  assert.equal(file.writeSync(encode("0123456789")), 5);
  assert.throws(() => file.writeSync(encode("56789")), noSpace);
  assert.throws(() => store.createSync("b"), noSpace);
  assert.throws(() => file.reserveSync!(1), noSpace);
  file.writeAtSync(encode("y"), 3);
  await file.truncate(50);
  assert.equal(file.writeSync(encode("z".repeat(60))), 50);
  disk.heal();
  assert.equal(file.writeSync(encode("56789")), 5);
});

test("a disk that allocates late is full at the sync", async () => {
  const disk = simulatedDisk({ seed: 1, fullAt: "sync", capacityBytes: 100 });
  const { file } = await withFile(disk, "x".repeat(95));
  assert.equal(file.writeSync(encode("0123456789")), 10);
  await assert.rejects(file.sync(), noSpace);
});

test("faults hit the calls they were meant for, as often as they were meant to", async () => {
  const disk = simulatedDisk({ seed: 1 });
  const { store, file } = await withFile(disk, "text");
  disk.inject({ on: "read", error: "EIO", file: /^a$/, after: 1, times: 2 });
  const read = () => file.read(new Uint8Array(4), 0);
  assert.equal(await read(), 4);
  await assert.rejects(read(), inputOutput);
  await assert.rejects(read(), inputOutput);
  assert.equal(await read(), 4);
  const withdraw = disk.inject({ on: "remove", error: "EIO", times: Infinity });
  await assert.rejects(store.remove("a"), inputOutput);
  withdraw();
  await store.remove("a");
  await assert.rejects(store.openFile("a", "read"), { code: "ENOENT" });
});

test("nothing that a dead process does reaches the disk, and its calls never end", async () => {
  const disk = simulatedDisk({ seed: 1 });
  const { store, file } = await withFile(disk, "synced");
  let ended = 0;
  const count = (): void => void ended++;
  file.sync().then(count, count);
  disk.crash("kill");
  assert.throws(() => file.writeSync(encode("more")), /has ended; take a new store/);
  assert.throws(() => store.createSync("b"), /has ended/);
  store.remove("a").then(count, count);
  file.truncate(0).then(count, count);
  await new Promise<void>((resolve) => void setTimeout(resolve, 0));
  assert.deepEqual([ended, disk.names(), decode(disk.bytes("a"))], [0, ["a"], "synced"]);
  assert.equal(store.isHeld(), false);
});

test("a crash is put before any call that changes something", async () => {
  const live = async (disk: SimulatedDisk): Promise<void> => {
    const { file } = await withFile(disk, "one");
    file.writeSync(encode("two"));
    await file.sync();
  };
  const whole = simulatedDisk({ seed: 1 });
  await live(whole);
  assert.equal(whole.calls, 9);
  const seen: string[] = [];
  for (let call = 1; call <= whole.calls + 1; call++) {
    const disk = simulatedDisk({ seed: 1 });
    disk.crashAt(call, "power", "lost");
    const ended = await disk.untilCrash(() => live(disk).then(() => true));
    assert.equal(ended, call > whole.calls ? true : undefined);
    if (ended === true) disk.crash("power", "lost");
    seen.push(disk.names().map((name) => decode(disk.bytes(name))).join());
  }
  assert.deepEqual(seen, ["", "", "", "", "", "", "one", "one", "one", "onetwo"]);
});

test("a process that ends of itself spills what it holds", () => {
  const disk = simulatedDisk({ seed: 1 });
  const store = disk.store();
  const file = store.createSync("a");
  store.onExit(() => void file.writeSync(encode("spilled")));
  store.onExit(() => void file.writeSync(encode("withdrawn")))();
  disk.exit();
  assert.equal(decode(disk.bytes("a")), "spilled");
});

test("a later process takes the lock, unless the first gave it back", async () => {
  const disk = simulatedDisk({ seed: 1 });
  const [first, second] = [disk.store(), disk.store()];
  assert.equal(first.isHeld(), false);
  await first.open();
  const inside = first.inner("dead-letters");
  await inside.open();
  assert.ok(first.isHeld() && inside.isHeld());
  await second.open();
  assert.deepEqual([first.isHeld(), inside.isHeld(), second.isHeld()], [false, false, true]);
  await first.close();
  assert.ok(second.isHeld());
  await second.close();
  assert.equal(second.isHeld(), false);
});

test("inner stores are folders with names of their own", async () => {
  const disk = simulatedDisk({ seed: 1 });
  const store = disk.store();
  store.createSync("a");
  const inside = store.inner("b");
  inside.createSync("a").writeSync(encode("inside"));
  assert.deepEqual(disk.names(), ["a", "b/a"]);
  assert.deepEqual(await disk.store().inner("b").list(), [{ name: "a", size: 6 }]);
  disk.crash("power", "lost");
  assert.deepEqual(disk.names(), []);
});

test("reserved room reads as zeros, and is there for the next process", async () => {
  const disk = simulatedDisk({ seed: 1 });
  const { file } = await withFile(disk, "text");
  file.reserveSync!(10);
  assert.deepEqual([file.size, disk.bytes("a").length], [4, 14]);
  file.writeSync(encode("more"));
  assert.equal(decode(disk.bytes("a")), "textmore" + "\0".repeat(6));
  await file.truncate(8);
  assert.equal(disk.usedBytes, 8);
});

test("a test spoils, puts and drops files, for good", async () => {
  const disk = simulatedDisk({ seed: 1 });
  await withFile(disk, "text");
  disk.flipBit("a", 0, 5);
  disk.put("inner/b", encode("put"));
  disk.crash("power");
  assert.deepEqual(disk.names(), ["a", "inner/b"]);
  assert.equal(decode(disk.bytes("a")), "Text");
  assert.equal(decode(disk.durableBytes("a")), "Text");
  disk.drop("a");
  disk.crash("power");
  assert.deepEqual(disk.names(), ["inner/b"]);
  assert.throws(() => disk.bytes("a"), /No file "a" on the simulated disk: it has inner\/b/);
  assert.throws(() => disk.flipBit("inner/b", 3), RangeError);
  assert.throws(() => simulatedDisk({ seed: 1, sectorBytes: 0 }), RangeError);
});

test("a file opened to be read is not written", async () => {
  const disk = simulatedDisk({ seed: 1 });
  const { store, file } = await withFile(disk, "text");
  const reader = await store.openFile("a", "read");
  assert.throws(() => reader.writeSync(encode("x")), { code: "EBADF" });
  await assert.rejects(reader.sync(), { code: "EBADF" });
  file.close();
  assert.throws(() => file.writeSync(encode("x")), { code: "EBADF" });
  assert.throws(() => store.createSync("a"), { code: "EEXIST" });
});
