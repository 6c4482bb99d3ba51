/**
 * The file system calls that the stores need, from `node:fs`, which Deno, Bun and Node all carry.
 * A `Deno.` or `Bun.` fast path made no clear difference when measured, but for the size of a file.
 *
 * @module
 */
import * as fs from "node:fs";
import { crc32 as zlibCrc32 } from "node:zlib";

/** Opens a file and returns its descriptor; flags as in fopen(3). */
export function openSync(path: string, flags: "r+" | "wx+" | "r"): number {
  return fs.openSync(path, flags, 0o640);
}

/** One write(2) at an offset; returns the bytes taken. */
export function writeSync(fd: number, bytes: Uint8Array, offset: number): number {
  return fs.writeSync(fd, bytes, 0, bytes.length, offset);
}

/** Gives a descriptor back. */
export function closeSync(fd: number): void {
  fs.closeSync(fd);
}

/** The size of an open file in bytes. */
export function sizeSync(fd: number): number {
  return fs.fstatSync(fd).size;
}

/** Reads at an offset; returns the bytes read, 0 at the end. */
export function read(fd: number, into: Uint8Array, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, into, 0, into.length, offset, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}

/** Reads at an offset, at once; returns the bytes read, 0 at the end. */
export function readSync(fd: number, into: Uint8Array, offset: number): number {
  return fs.readSync(fd, into, 0, into.length, offset);
}

/** fdatasync(2), off the event loop. */
export function fdatasync(fd: number): Promise<void> {
  return settle((done) => fs.fdatasync(fd, done));
}

/** fdatasync(2), at once. */
export function fdatasyncSync(fd: number): void {
  fs.fdatasyncSync(fd);
}

/** ftruncate(2), at once. */
export function ftruncateSync(fd: number, size: number): void {
  fs.ftruncateSync(fd, size);
}

/** ftruncate(2), off the event loop. */
export function ftruncate(fd: number, size: number): Promise<void> {
  return settle((done) => fs.ftruncate(fd, size, done));
}

/** Renames a file, in place of one that may have the name. */
export function rename(from: string, to: string): Promise<void> {
  return settle((done) => fs.rename(from, to, done));
}

/** Removes a file. */
export function unlink(path: string): Promise<void> {
  return settle((done) => fs.unlink(path, done));
}

/** Makes the names in a folder durable. Windows cannot sync a folder, and needs not. */
export async function syncFolder(path: string): Promise<void> {
  const fd = openFolder(path);
  if (fd === undefined) return;
  try {
    await settle((done) => fs.fsync(fd, done));
  } catch (error) {
    if (!cannotSyncFolders(error)) throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** As `syncFolder`, at once. */
export function syncFolderSync(path: string): void {
  const fd = openFolder(path);
  if (fd === undefined) return;
  try {
    fs.fsyncSync(fd);
  } catch (error) {
    if (!cannotSyncFolders(error)) throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** A descriptor of a folder; undefined where folders have none. */
function openFolder(path: string): number | undefined {
  try {
    return fs.openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "EPERM" || codeOf(error) === "EISDIR") return undefined;
    throw error;
  }
}

function cannotSyncFolders(error: unknown): boolean {
  return codeOf(error) === "EPERM" || codeOf(error) === "EINVAL";
}

/** Creates a folder and its parents. */
export function makeFolder(path: string): void {
  fs.mkdirSync(path, { recursive: true, mode: 0o750 });
}

/** Names and sizes of the regular files in a folder. */
export async function listFolder(path: string): Promise<{ name: string; size: number }[]> {
  const files: { name: string; size: number }[] = [];
  for (const name of await fs.promises.readdir(path)) {
    const size = factsOf(joinPath(path, name))?.size;
    if (size !== undefined) files.push({ name, size });
  }
  return files;
}

interface DenoWithStat {
  lstatSync(path: string): {
    readonly isFile: boolean;
    readonly size: number;
    readonly ino: number | null;
    readonly mtime: Date | null;
  };
}

/** What the system tells of a regular file without reading it. */
export interface FileFacts {
  /** Bytes in it. */
  readonly size: number;
  /** Its number in the file system, which a file that is removed leaves to another. */
  readonly inode: number;
  /** When it was last written to, in milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** The facts of a regular file; undefined if there is none, as when it was removed meanwhile. */
export function factsOf(path: string): FileFacts | undefined {
  const { Deno } = globalThis as { Deno?: DenoWithStat };
  try {
    if (Deno === undefined) {
      const stat = fs.lstatSync(path);
      return stat.isFile()
        ? { size: stat.size, inode: stat.ino, modifiedMs: stat.mtimeMs }
        : undefined;
    }
    // Deno's own takes 2 µs, the one of its node:fs 7 µs, which shows in a folder of a thousand files.
    const { isFile, size, ino, mtime } = Deno.lstatSync(path);
    return isFile ? { size, inode: ino ?? 0, modifiedMs: mtime?.getTime() ?? 0 } : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Reads a small file as text; undefined if there is none. */
export function readTextSync(path: string): string | undefined {
  try {
    return fs.readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Creates a file with this text; false if the name exists. */
export function createTextSync(path: string, text: string): boolean {
  let fd: number;
  try {
    fd = fs.openSync(path, "wx", 0o640);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
  try {
    fs.writeFileSync(fd, text);
    return true;
  } catch (error) {
    fs.unlinkSync(path);
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/** Puts this text into a file that exists, in place: a disk without room takes it if it is short. */
export function overwriteTextSync(path: string, text: string): void {
  const fd = fs.openSync(path, "r+");
  try {
    fs.writeFileSync(fd, text);
    fs.ftruncateSync(fd, new TextEncoder().encode(text).length);
  } finally {
    fs.closeSync(fd);
  }
}

/** Sets a file's time of change to now. */
export function touchSync(path: string): void {
  const now = new Date();
  fs.utimesSync(path, now, now);
}

/** Gives a file a second name; false if that name exists. */
export function linkSync(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Renames a file; false if it is gone. */
export function renameSync(from: string, to: string): boolean {
  try {
    fs.renameSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** Removes a file if it is there. */
export function removeSync(path: string): void {
  try {
    // Not rmSync, whose errors on Node carry no code.
    fs.unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** Joins a folder and a name; every runtime takes a slash on every system. */
export function joinPath(folder: string, name: string): string {
  return `${folder}/${name}`;
}

/** CRC-32 (IEEE 802.3), native. */
export function crc32(bytes: Uint8Array): number {
  return zlibCrc32(bytes);
}

/** The system's error code (`ENOENT`, `ENOSPC`), or an empty string. */
export function codeOf(error: unknown): string {
  return (error as { code?: string } | null)?.code ?? "";
}

function settle(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => error ? reject(error) : resolve());
  });
}
