/**
 * A store of your own: every byte goes to two stores, best on two disks, and is acknowledged once both have
 * it. If a disk dies, the program stops taking records and everything acknowledged is on the other one;
 * started again with an empty disk in its place, the mirror is whole again.
 *
 *     deno run -A examples/mirror_store.ts DISK_A/logs DISK_B/logs
 *
 * How such a store is tested: `fileStoreSuite` holds it to the contract of bytes, `storeSuite` over
 * `overFiles` to what a log makes of them. See tests/store_suite.test.ts, where that takes two lines.
 */
import process from "node:process";
import { type FileStore, openPipeline, type StoreFile } from "@logflume/logflume";
import { fileStore } from "@logflume/logflume/storage/file";

/** Keeps the same files in both stores. Opening reads all of both and mends the second by the first. */
export function mirrorStore(a: FileStore, b: FileStore): FileStore {
  return {
    label: `${a.label} and ${b.label}`,
    keeps: a.keeps === "disk" && b.keeps === "disk" ? "disk" : "process",
    boot: a.boot,
    async open() {
      await a.open();
      try {
        await b.open();
        // Both hold everything acknowledged, unless one is a new disk.
        await ((await filesOf(a)).size > 0 ? copy(a, b) : copy(b, a));
      } catch (error) {
        await a.close();
        throw error;
      }
    },
    isHeld: () => a.isHeld() && b.isHeld(),
    list: () => a.list(),
    createSync: (name) => bothFiles(a.createSync(name), b.createSync(name)),
    openFile: async (name, access) =>
      bothFiles(await a.openFile(name, access), await b.openFile(name, access)),
    rename: (from, to) => both(a.rename(from, to), b.rename(from, to)),
    remove: (name) => both(a.remove(name), b.remove(name)),
    syncFolder: () => both(a.syncFolder(), b.syncFolder()),
    crc32: (bytes) => a.crc32(bytes),
    onExit: (spill) => a.onExit(spill),
    inner: (name) => mirrorStore(a.inner(name), b.inner(name)),
    close: () => both(a.close(), b.close()),
  };
}

/** Waits for both, also when one fails: nothing may be under way afterwards. */
async function both(first: Promise<void>, second: Promise<void>): Promise<void> {
  for (const result of await Promise.allSettled([first, second])) {
    if (result.status === "rejected") throw result.reason;
  }
}

function bothFiles(a: StoreFile, b: StoreFile): StoreFile {
  // Our own count: if one disk takes less than the other, the next write goes to the same place again.
  let size = a.size;
  const write = (bytes: Uint8Array, offset: number): void => {
    a.writeAtSync(bytes, offset);
    b.writeAtSync(bytes, offset);
    size = Math.max(size, offset + bytes.length);
  };
  return {
    name: a.name,
    get size() {
      return size;
    },
    writeSync(bytes) {
      write(bytes, size);
      return bytes.length;
    },
    writeAtSync: write,
    read: (into, offset) => a.read(into, offset).catch(() => b.read(into, offset)),
    sync: () => both(a.sync(), b.sync()),
    async truncate(to) {
      await both(a.truncate(to), b.truncate(to));
      size = to;
    },
    close() {
      a.close();
      b.close();
    },
  };
}

/** Names of the files, without the lock, which each store has for itself. */
async function filesOf(store: FileStore): Promise<Set<string>> {
  return new Set((await store.list()).map(({ name }) => name).filter((name) => name !== "LOCK"));
}

/** Makes `to` hold what `from` holds. */
async function copy(from: FileStore, to: FileStore): Promise<void> {
  const names = await filesOf(from);
  const there = await filesOf(to);
  for (const name of there) if (!names.has(name)) await to.remove(name);
  for (const name of names) {
    const source = await from.openFile(name, "read");
    const target = there.has(name) ? await to.openFile(name, "write") : to.createSync(name);
    await copyFile(source, target);
    source.close();
    target.close();
  }
  await to.syncFolder();
}

async function copyFile(source: StoreFile, target: StoreFile): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  const old = new Uint8Array(buffer.length);
  let at = 0;
  for (let count = -1; count !== 0; at += count) {
    count = await source.read(buffer, at);
    const known = await target.read(old, at);
    const bytes = buffer.subarray(0, count);
    if (known >= count && bytes.every((byte, i) => byte === old[i])) continue;
    target.writeAtSync(bytes.slice(), at);
  }
  await target.truncate(at);
  await target.sync();
}

if (import.meta.main) {
  const [first = "example-logs/disk-a", second = "example-logs/disk-b"] = process.argv.slice(2);
  await using pipeline = await openPipeline({
    wal: { store: mirrorStore(fileStore(first), fileStore(second)) },
  });
  pipeline.logger("shop").info("order placed", { order: 42 });
  await pipeline.durable();
  console.log(`The record is durable in ${first} and in ${second}`);
}
