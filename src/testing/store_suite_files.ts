import type { FileStore, StoreFile } from "../storage/store.ts";
import { check, rejection, same, type StoreCase } from "./store_suite_checks.ts";

/** What `fileStoreSuite` tests: a store that was not opened yet, on empty storage. */
export interface FileStoreUnderTest {
  /** The store. */
  readonly store: FileStore;
  /** Called once at the end. */
  dispose?(): void | Promise<void>;
}

/**
 * Everything that must hold of a store of bytes before a log can stand on it. Run `storeSuite` over
 * `overFiles` as well: it shows what the log makes of it.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@logflume/logflume";
 * import { fileStoreSuite } from "@logflume/logflume/testing";
 *
 * for (const { name, run } of fileStoreSuite(() => ({ store: memoryStore() }))) {
 *   // test(name, run) with the test runner at hand
 *   await run().catch((error) => console.error(name, error));
 * }
 * ```
 */
export function fileStoreSuite(
  make: () => FileStoreUnderTest | Promise<FileStoreUnderTest>,
): StoreCase[] {
  return Object.entries(CASES).map(([name, body]) => ({
    name,
    async run() {
      const { store, dispose } = await make();
      await store.open();
      try {
        await body(store);
      } finally {
        await store.close();
        await dispose?.();
      }
    },
  }));
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Appends all of a text; a store may take it in parts. */
function append(file: StoreFile, text: string): void {
  const bytes = bytesOf(text);
  for (let done = 0; done < bytes.length;) {
    const taken = file.writeSync(bytes.subarray(done));
    check(taken > 0, "writeSync() took no byte and did not throw");
    done += taken;
  }
}

async function textOf(file: StoreFile, from = 0): Promise<string> {
  const parts: number[] = [];
  const into = new Uint8Array(5);
  for (let at = from;;) {
    const count = await file.read(into, at);
    if (count === 0) return new TextDecoder().decode(new Uint8Array(parts));
    parts.push(...into.subarray(0, count));
    at += count;
  }
}

/** Names of a test, without what a store needs for itself, such as a lock. */
async function namesOf(store: FileStore): Promise<[string, number][]> {
  const entries = (await store.list()).filter(({ name }) => name.startsWith("t-"));
  return entries.map(({ name, size }) => [name, size] as [string, number]).sort();
}

const CASES: Record<string, (store: FileStore) => Promise<void>> = {
  "what is appended is read, from any offset and through any handle": async (store) => {
    const file = store.createSync("t-a");
    append(file, "hello ");
    append(file, "wörld");
    same([file.name, file.size], ["t-a", 12], "name, size");
    for (let from = 0; from <= 13; from++) {
      const into = new Uint8Array(4);
      const count = await file.read(into, from);
      same(count, Math.max(0, Math.min(4, 12 - from)), `Bytes read at ${from}`);
      const wanted = bytesOf("hello wörld").subarray(from, from + count);
      same([...into.subarray(0, count)], [...wanted], `What is read at ${from}`);
    }
    await file.sync();
    await store.syncFolder();
    file.close();
    file.close();
    const again = await store.openFile("t-a", "read");
    same([again.size, await textOf(again)], [12, "hello wörld"], "size, text when opened again");
    again.close();
  },

  "a file that is opened again goes on at its end": async (store) => {
    const file = store.createSync("t-a");
    append(file, "one");
    file.close();
    const again = await store.openFile("t-a", "write");
    append(again, "two");
    same([again.size, await textOf(again)], [6, "onetwo"], "size, text");
    again.close();
  },

  "writeAtSync() changes bytes in place and leaves zeros before what it adds": async (store) => {
    const file = store.createSync("t-a");
    file.writeAtSync(bytesOf("xyz"), 4);
    file.writeAtSync(bytesOf("ab"), 3);
    same([file.size, await textOf(file)], [7, "\0\0\0abyz"], "size, text");
    append(file, "!");
    same(await textOf(file), "\0\0\0abyz!", "Text after an append");
    file.close();
  },

  "truncate() cuts, and appending goes on there": async (store) => {
    const file = store.createSync("t-a");
    append(file, "hello world");
    await file.truncate(7);
    append(file, "!");
    same([file.size, await textOf(file)], [8, "hello w!"], "size, text");
    await file.truncate(0);
    same([file.size, await textOf(file)], [0, ""], "size, text after truncate(0)");
    file.close();
  },

  "reserveSync() makes room that size does not count and truncate gives back": async (store) => {
    const file = store.createSync("t-a");
    append(file, "hello");
    if (file.reserveSync !== undefined) {
      file.reserveSync(5000);
      same(file.size, 5, "size with room reserved");
      append(file, " world");
      same([file.size, (await textOf(file)).slice(0, 12)], [11, "hello world\0"], "size, text");
      await file.truncate(file.size);
    }
    const text = await textOf(file);
    file.close();
    same(await namesOf(store), [["t-a", text.length]], "Names and sizes");
  },

  "syncSync(), truncateSync() and syncFolderSync() come together and do as the others do": async (
    store,
  ) => {
    const file = store.createSync("t-a");
    append(file, "hello world");
    const { syncSync, truncateSync } = file;
    const isWhole = syncSync !== undefined && truncateSync !== undefined;
    if (store.syncFolderSync === undefined) {
      file.close();
      return;
    }
    check(isWhole, "A store with syncFolderSync() has files without syncSync() or truncateSync()");
    file.syncSync!();
    store.syncFolderSync();
    file.reserveSync?.(5000);
    file.truncateSync!(7);
    same([file.size, await textOf(file)], [7, "hello w"], "size, text after truncateSync(7)");
    append(file, "!");
    file.syncSync!();
    await file.sync();
    same([file.size, await textOf(file)], [8, "hello w!"], "size, text");
    file.close();
    let refused = false;
    try {
      file.syncSync!();
    } catch {
      refused = true;
    }
    check(refused, "syncSync() took a closed file");
  },

  "names are listed with sizes, exist once, change and go": async (store) => {
    store.createSync("t-a").close();
    const b = store.createSync("t-b");
    append(b, "12345");
    b.close();
    same(await namesOf(store), [["t-a", 0], ["t-b", 5]], "Names and sizes");
    let refused = false;
    try {
      store.createSync("t-a").close();
    } catch {
      refused = true;
    }
    check(refused, "createSync() took a name that exists");
    await rejection(store.openFile("t-c", "read"), "openFile() of a missing file");
    await store.rename("t-b", "t-c");
    same(await namesOf(store), [["t-a", 0], ["t-c", 5]], "Names after a rename");
    await store.rename("t-c", "t-a");
    same(await namesOf(store), [["t-a", 5]], "Names after a rename in place of another");
    await store.remove("t-a");
    await store.syncFolder();
    same(await namesOf(store), [], "Names after a removal");
    await rejection(store.openFile("t-a", "write"), "openFile() of a removed file");
  },

  "an inner store is apart from the outer one and the same each time": async (store) => {
    const inner = store.inner("t-inner");
    await inner.open();
    const file = inner.createSync("t-a");
    append(file, "in");
    file.close();
    same(await namesOf(store), [], "Names in the outer store");
    const again = store.inner("t-inner");
    await again.open();
    same(await namesOf(again), [["t-a", 2]], "Names in the inner store, asked for again");
    same(inner.keeps, store.keeps, "What the inner store keeps");
    await inner.close();
    check(store.isHeld(), "The outer store lost its lock when the inner one was closed");
  },

  "crc32() is that of IEEE 802.3": (store) => {
    same(store.crc32(bytesOf("123456789")), 0xcbf43926, "crc32 of 123456789");
    same(store.crc32(new Uint8Array(0)), 0, "crc32 of nothing");
    return Promise.resolve();
  },

  "the lock is held from open() to close()": async (store) => {
    check(store.isHeld(), "isHeld() is false while the store is open");
    store.onExit(() => {})();
    await store.close();
    await store.open();
    check(store.isHeld(), "isHeld() is false after another open()");
  },
};
