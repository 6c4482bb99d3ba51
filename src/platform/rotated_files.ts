import * as fs from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { codeOf, removeSync, syncFolder } from "./fs.ts";
import { type Compressed, compressFile, isCompressedCopy } from "./gzip_file.ts";

/** What the system tells of a regular file. */
export interface FileEntry {
  /** Device and inode: what tells it from another file of the same name. */
  readonly id: string;
  /** Bytes in it. */
  readonly bytes: number;
  /** When it was last written to, in milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** Where a file really lies. */
export interface FilePlace {
  /** Its folder. */
  readonly folder: string;
  /** Its name in there. */
  readonly base: string;
}

/** The calls that rotation makes. A file that is gone is no error to any of them. */
export interface RotatedFiles {
  /** Folder and name; where the path is a symbolic link, those of the file it leads to. */
  placeOf(path: string): FilePlace;
  /** The names in a folder; none if there is no such folder. */
  names(folder: string): string[];
  /** `undefined` if there is no regular file of this name. */
  entryOf(path: string): FileEntry | undefined;
  /** Renames a file to a name that is free; what has the name already is never overwritten. */
  moveToFree(from: string, to: string): "moved" | "taken" | "gone";
  /** Renames a file, in place of the one that has the name. */
  replace(from: string, to: string): void;
  /** Removes a file. */
  remove(path: string): void;
  /** Writes a compressed copy and syncs it; see {@linkcode compressFile}. */
  compress(from: string, to: string): Promise<Compressed | undefined>;
  /** Whether a compressed file is whole and holds what the other one holds. */
  isCopy(compressed: string, original: string): Promise<boolean>;
  /** Makes the names in a folder durable. */
  syncFolder(folder: string): Promise<void>;
  /** The same, at once. */
  syncFolderNow(folder: string): void;
}

/** The calls of the system. */
export const rotatedFiles: RotatedFiles = {
  placeOf(path) {
    const target = followLink(path);
    return { folder: dirname(target), base: basename(target) };
  },
  names: (folder) => ifThere(() => fs.readdirSync(folder)) ?? [],
  entryOf(path) {
    const stat = ifThere(() => fs.lstatSync(path, { bigint: true }));
    if (stat === undefined || !stat.isFile()) return undefined;
    const { dev, ino, size, mtimeMs } = stat;
    return { id: `${dev}:${ino}`, bytes: Number(size), modifiedMs: Number(mtimeMs) };
  },
  moveToFree,
  replace: (from, to) => fs.renameSync(from, to),
  remove: removeSync,
  compress: compressFile,
  isCopy: isCompressedCopy,
  syncFolder,
  syncFolderNow,
};

function followLink(path: string): string {
  if (ifThere(() => fs.lstatSync(path))?.isSymbolicLink() !== true) return path;
  // A link may lead to a file that is yet to be created, which has no real path.
  return ifThere(() => fs.realpathSync(path)) ?? resolve(dirname(path), fs.readlinkSync(path));
}

/**
 * Takes the name with an empty file first, since a rename alone overwrites what another process put
 * there in the same moment.
 */
function moveToFree(from: string, to: string): "moved" | "taken" | "gone" {
  try {
    fs.closeSync(fs.openSync(to, "wx", 0o600));
  } catch (error) {
    if (codeOf(error) === "EEXIST") return "taken";
    throw error;
  }
  try {
    fs.renameSync(from, to);
    return "moved";
  } catch (error) {
    removeSync(to);
    if (codeOf(error) === "ENOENT") return "gone";
    throw error;
  }
}

/** What a file system cannot sync needs no sync. */
function syncFolderNow(folder: string): void {
  let fd: number | undefined;
  try {
    fd = fs.openSync(folder, "r");
    fs.fsyncSync(fd);
  } catch (error) {
    if (!["EPERM", "EINVAL", "EISDIR"].includes(codeOf(error))) throw error;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function ifThere<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The path of a name in a folder, as it stands beside the path that the user gave. */
export function inFolder(folder: string, name: string): string {
  return join(folder, name);
}
