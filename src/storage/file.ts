/**
 * A store in a folder of the file system, for Deno, Bun and Node.
 *
 * @example
 * ```ts ignore
 * import { openPipeline } from "@logflume/logflume";
 * import { fileStore } from "@logflume/logflume/storage/file";
 *
 * await using pipeline = await openPipeline({ wal: { store: fileStore("./log-data") } });
 * pipeline.logger().info("kept even over kill -9");
 * ```
 *
 * @module
 */
import { type Clock, systemClock } from "../clock.ts";
import { onProcessExit } from "../platform/exit.ts";
import * as fs from "../platform/fs.ts";
import { bootId } from "../platform/process.ts";
import { type FolderLock, lockFolder } from "./lock.ts";
import type { FileStore, StoreFile } from "./store.ts";

/** What room is filled with. Zeros, not a hole: a hole still has its blocks to be found at each sync. */
const ZEROS = new Uint8Array(256 * 1024);

/** @param found Bytes in the file; left out, the system is asked when somebody wants to know */
function handle(name: string, fd: number, found?: number): StoreFile {
  let known = found;
  let open = true;
  /** A number that was given back may already be another file's. */
  const use = (): number => {
    if (!open) throw new Error(`File "${name}" is closed`);
    return fd;
  };
  const sizeNow = (): number => known ??= fs.sizeSync(use());
  return {
    name,
    get size() {
      return sizeNow();
    },
    writeSync(bytes) {
      const at = sizeNow();
      const taken = fs.writeSync(use(), bytes, at);
      known = at + taken;
      return taken;
    },
    writeAtSync(bytes, offset) {
      for (let done = 0; done < bytes.length;) {
        const taken = fs.writeSync(use(), bytes.subarray(done), offset + done);
        if (taken === 0) {
          throw new Error(`The disk took none of ${bytes.length} bytes for "${name}"`);
        }
        done += taken;
      }
      known = Math.max(sizeNow(), offset + bytes.length);
    },
    reserveSync(bytes) {
      const at = sizeNow();
      for (let done = 0; done < bytes;) {
        const taken = fs.writeSync(use(), ZEROS.subarray(0, bytes - done), at + done);
        if (taken === 0) throw new Error(`The disk took none of ${bytes} bytes for "${name}"`);
        done += taken;
      }
    },
    // Asynchronous for the sake of `use`: callers handle a promise that rejects, not a throw.
    read: async (into, offset) => await fs.read(use(), into, offset),
    readSync: (into, offset) => fs.readSync(use(), into, offset),
    sync: async () => await fs.fdatasync(use()),
    syncSync: () => fs.fdatasyncSync(use()),
    async truncate(to) {
      await fs.ftruncate(use(), to);
      known = to;
    },
    truncateSync(to) {
      fs.ftruncateSync(use(), to);
      known = to;
    },
    close() {
      if (open) fs.closeSync(fd);
      open = false;
    },
  };
}

/** Options of {@linkcode fileStore}. */
export interface FileStoreOptions {
  /** Time, for the lock. */
  readonly clock?: Clock;
}

/**
 * A store in `folder`, which is created if it is missing. One process at a time may open it. Needs
 * Deno's permissions `--allow-read` and `--allow-write` for the folder.
 *
 * Synced bytes survive a kill and a power cut, as far as the disk keeps its word about fdatasync. A lock
 * that a process of another host left behind is taken over 20 seconds after the opening found it.
 *
 * @throws {TypeError} If `folder` is empty or no string
 */
export function fileStore(folder: string, options: FileStoreOptions = {}): FileStore {
  if (typeof folder !== "string" || folder === "") {
    throw new TypeError("A file store needs a folder: give it the path of one");
  }
  return folderStore(folder, options.clock ?? systemClock);
}

function folderStore(folder: string, clock: Clock, outer?: FileStore): FileStore {
  let lock: FolderLock | undefined;
  const path = (name: string) => fs.joinPath(folder, name);
  return {
    label: folder,
    keeps: "disk",
    boot: bootId(),
    async open() {
      makeFolder(folder);
      if (outer === undefined) lock = await lockFolder(folder, clock);
    },
    isHeld: () => outer?.isHeld() ?? lock?.isHeld() ?? false,
    list: () => fs.listFolder(folder),
    createSync: (name) => handle(name, fs.openSync(path(name), "wx+"), 0),
    openFile: (name, access) =>
      Promise.resolve().then(() => {
        // Who only reads seldom asks for the size, which takes as long as to open the file.
        if (access === "read") return handle(name, fs.openSync(path(name), "r"));
        const fd = fs.openSync(path(name), "r+");
        return handle(name, fd, fs.sizeSync(fd));
      }),
    rename: (from, to) => fs.rename(path(from), path(to)),
    remove: (name) => fs.unlink(path(name)),
    syncFolder: () => fs.syncFolder(folder),
    syncFolderSync: () => fs.syncFolderSync(folder),
    crc32: fs.crc32,
    onExit: onProcessExit,
    inner(name) {
      return folderStore(path(name), clock, outer ?? this);
    },
    close() {
      lock?.release();
      lock = undefined;
      return Promise.resolve();
    },
  };
}

function makeFolder(folder: string): void {
  try {
    fs.makeFolder(folder);
  } catch (error) {
    const code = fs.codeOf(error);
    const why = code === "EEXIST" || code === "ENOTDIR"
      ? "a file of that name is in the way"
      : code === "EACCES" || code === "EPERM"
      ? "permission denied"
      : code || String(error);
    throw new Error(
      `Cannot create the data folder "${folder}": ${why}; name another folder or mend this one`,
      { cause: error },
    );
  }
}
