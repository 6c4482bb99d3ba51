import { crc32Of } from "../storage/crc32.ts";
import type { FileStore, StoreEntry, StoreFile } from "../storage/store.ts";
import { type DiskCall, systemError } from "./simulated_disk_faults.ts";
import type { SimulatedFile } from "./simulated_disk_file.ts";
import { SimulatedFolder } from "./simulated_disk_folder.ts";
import type { SimulatedProcess } from "./simulated_disk_process.ts";
import type { SeededRandom } from "./random.ts";

/** What a store needs of the disk that it is on. */
export interface StoreHost {
  /** Names the time between two power cuts. */
  readonly boot: string;
  /** Decides how calls end. */
  readonly random: SeededRandom;
  /** Makes an empty file. */
  newFile(): SimulatedFile;
  /** How many of `bytes` a write may take: fewer if the disk is nearly full, or makes a short write. */
  grant(bytes: number, growth: number, mayBeShort: boolean): number;
  /** The error of a full disk if it is full at a sync. */
  syncFault(): string | undefined;
  /** Takes the lock for a process. */
  lock(owner: SimulatedProcess): void;
  /** Whether this process has the lock. */
  isHeld(owner: SimulatedProcess): boolean;
  /** Gives the lock back. */
  unlock(owner: SimulatedProcess): void;
  /** A file is without a name from now on. */
  removed(file: SimulatedFile): void;
}

/** The disk as one process sees it. */
export function storeOf(
  host: StoreHost,
  owner: SimulatedProcess,
  folder: SimulatedFolder,
  label: string,
  isInner = false,
): FileStore {
  const existing = (call: "open-file" | "rename" | "remove", name: string): SimulatedFile => {
    const file = folder.files.get(name);
    if (file === undefined) throw systemError("ENOENT", call, name);
    return file;
  };
  let syncing: Promise<void> = Promise.resolve();
  return {
    label,
    keeps: "disk",
    boot: host.boot,
    open: () => act(owner, "open", label, () => isInner ? undefined : host.lock(owner)),
    isHeld: () => host.isHeld(owner),
    list: () => act(owner, "list", label, () => inAnyOrder(host.random, folder)),
    createSync(name) {
      owner.pass("create", name);
      if (folder.files.has(name)) throw systemError("EEXIST", "create", name);
      host.grant(1, 1, false);
      const file = host.newFile();
      folder.link(name, file);
      return handleOf(host, owner, name, file, true);
    },
    openFile: (name, access) =>
      act(
        owner,
        "open-file",
        name,
        () => handleOf(host, owner, name, existing("open-file", name), access === "write"),
      ),
    rename: (from, to) =>
      act(owner, "rename", from, () => {
        existing("rename", from);
        const replaced = folder.files.get(to);
        folder.rename(from, to);
        if (replaced !== undefined) host.removed(replaced);
      }),
    remove: (name) =>
      act(owner, "remove", name, () => {
        const file = existing("remove", name);
        folder.unlink(name);
        host.removed(file);
      }),
    syncFolder() {
      const done = syncFolder(owner, folder, label, syncing);
      syncing = done.catch(() => {});
      return done;
    },
    syncFolderSync() {
      const fault = owner.meet("sync-folder", label);
      folder.beginSync();
      folder.endSync(fault === undefined);
      if (fault !== undefined && fault !== "lie") throw systemError(fault, "sync-folder", label);
    },
    crc32: crc32Of,
    onExit(spill) {
      owner.spills.add(spill);
      return () => owner.spills.delete(spill);
    },
    inner(name) {
      const inside = folder.folders.get(name) ?? new SimulatedFolder();
      folder.folders.set(name, inside);
      return storeOf(host, owner, inside, `${label}/${name}`, true);
    },
    close: () => act(owner, "close", label, () => isInner ? undefined : host.unlock(owner)),
  };
}

function inAnyOrder(random: SeededRandom, folder: SimulatedFolder): StoreEntry[] {
  const entries = [...folder.files].map(([name, { size }]) => ({ name, size }));
  return random.chance(0.5) ? entries : entries.reverse();
}

/** A call that takes a while, and then goes wrong or has its effect. */
function act<T>(
  owner: SimulatedProcess,
  call: DiskCall,
  name: string,
  effect: () => T,
): Promise<T> {
  return owner.later(call, name, (fault) => {
    if (fault !== undefined) throw systemError(fault, call, name);
    return effect();
  });
}

/** Names go to the disk. */
function syncFolder(
  owner: SimulatedProcess,
  folder: SimulatedFolder,
  label: string,
  ahead: Promise<void>,
): Promise<void> {
  const end = (fault: string | undefined): void => {
    folder.endSync(fault === undefined);
    if (fault !== undefined && fault !== "lie") throw systemError(fault, "sync-folder", label);
  };
  return owner.later("sync-folder", label, end, ahead, () => folder.beginSync());
}

/** Bytes go to the disk. */
function syncFile(
  host: StoreHost,
  owner: SimulatedProcess,
  name: string,
  file: SimulatedFile,
): Promise<void> {
  const end = (fault: string | undefined): void => endSync(host, name, file, fault);
  return owner.later("sync", name, end, file.syncing, () => file.beginSync());
}

function endSync(
  host: StoreHost,
  name: string,
  file: SimulatedFile,
  met: string | undefined,
): void {
  const fault = met ?? host.syncFault();
  file.endSync(fault === undefined ? "synced" : fault === "lie" ? "lied" : "failed", host.random);
  if (fault !== undefined && fault !== "lie") throw systemError(fault, "sync", name);
}

/** As `syncFile`, at once. */
function syncFileSync(
  host: StoreHost,
  owner: SimulatedProcess,
  name: string,
  file: SimulatedFile,
): void {
  const fault = owner.meet("sync", name);
  if (file.isSyncing) {
    // The one that fails may be the one that nobody asks any more.
    throw new Error(`Cannot sync "${name}" at once: another sync of it is under way`);
  }
  file.beginSync();
  endSync(host, name, file, fault);
}

/** An open file: a process's own idea of its size, and the file itself, which may have lost its name. */
function handleOf(
  host: StoreHost,
  owner: SimulatedProcess,
  name: string,
  file: SimulatedFile,
  isWritable: boolean,
): StoreFile {
  let size = file.size;
  let isOpen = true;
  const use = (isWrite: boolean): void => {
    if (!isOpen) throw systemError("EBADF", isWrite ? "write" : "read", name);
    if (isWrite && !isWritable) throw systemError("EBADF", "write", name);
  };
  const put = (bytes: Uint8Array, offset: number, mayBeShort: boolean): number => {
    const growth = Math.max(0, offset + bytes.length - file.size);
    const taken = host.grant(bytes.length, growth, mayBeShort);
    file.write(bytes.subarray(0, taken), offset);
    return taken;
  };
  const putWhole = (bytes: Uint8Array, offset: number): void => {
    for (let done = 0; done < bytes.length;) {
      done += put(bytes.subarray(done), offset + done, false);
    }
  };
  const part = (bytes: Uint8Array, offset: number): void => {
    file.write(bytes.subarray(0, host.random.below(bytes.length)), offset);
  };
  return {
    name,
    get size() {
      return size;
    },
    writeSync(bytes) {
      use(true);
      owner.pass("write", name, () => part(bytes, size));
      const taken = put(bytes, size, true);
      size += taken;
      return taken;
    },
    writeAtSync(bytes, offset) {
      use(true);
      owner.pass("write", name, () => part(bytes, offset));
      putWhole(bytes, offset);
      size = Math.max(size, offset + bytes.length);
    },
    reserveSync(bytes) {
      use(true);
      const zeros = new Uint8Array(bytes);
      owner.pass("reserve", name, () => part(zeros, size));
      putWhole(zeros, size);
    },
    async read(into, offset) {
      use(false);
      return await act(owner, "read", name, () => file.read(into, offset));
    },
    async sync() {
      use(true);
      const done = syncFile(host, owner, name, file);
      // That of a dead process never ends, and nobody may wait for it.
      if (!owner.isDead) file.syncing = done.catch(() => {});
      await done;
    },
    syncSync() {
      use(true);
      syncFileSync(host, owner, name, file);
    },
    truncateSync(to) {
      use(true);
      owner.pass("truncate", name);
      file.truncate(to);
      size = to;
    },
    async truncate(to) {
      use(true);
      await act(owner, "truncate", name, () => file.truncate(to));
      size = to;
    },
    close() {
      isOpen = false;
    },
  };
}
