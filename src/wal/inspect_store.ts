import type { FileStore, StoreFile } from "../storage/store.ts";

/**
 * The same bytes without a way to change them: nothing is created, written, renamed or removed, files are
 * opened to read even when they are asked for to write, and the lock is neither taken nor given back. So
 * what repairs a log at its opening can be asked what it would find.
 */
export function readOnly(store: FileStore): FileStore {
  const refusal = (): Error =>
    new Error(`"${store.label}" is only looked at: open the log to change it`);
  const refuseSync = (): never => {
    throw refusal();
  };
  const refuse = (): Promise<never> => Promise.reject(refusal());
  return {
    label: store.label,
    keeps: store.keeps,
    boot: store.boot,
    open: () => Promise.resolve(),
    isHeld: () => false,
    list: () => store.list(),
    createSync: refuseSync,
    openFile: async (name) => readOnlyFile(await store.openFile(name, "read"), refuseSync),
    rename: refuse,
    remove: refuse,
    syncFolder: refuse,
    crc32: (bytes) => store.crc32(bytes),
    onExit: () => () => {},
    inner: (name) => readOnly(store.inner(name)),
    close: () => Promise.resolve(),
  };
}

function readOnlyFile(file: StoreFile, refuseSync: () => never): StoreFile {
  const { readSync } = file;
  // Asynchronous, so that callers get a promise that rejects.
  const refuse = async (): Promise<never> => await refuseSync();
  return {
    name: file.name,
    get size() {
      return file.size;
    },
    writeSync: refuseSync,
    writeAtSync: refuseSync,
    read: (into, offset) => file.read(into, offset),
    ...(readSync === undefined ? {} : { readSync: (into, at) => readSync.call(file, into, at) }),
    sync: refuse,
    truncate: refuse,
    close: () => file.close(),
  };
}
