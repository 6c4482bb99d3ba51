import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { codeOf, syncFolder } from "./fs.ts";
import { cutZeros } from "./zero_fill.ts";

/** A file that only grows, written at once. */
export interface AppendFile {
  /** Device and inode: what tells it from another file of the same name. */
  readonly id: string;
  /** Whether it is a regular file: a device or a pipe cannot be cut, and has no length. */
  readonly isRegular: boolean;
  /** Bytes in the file now, whoever wrote them. */
  length(): number;
  /** Appends all bytes, in slices; throws in the middle when the disk refuses. */
  append(bytes: Uint8Array): void;
  /**
   * One write(2) of the first bytes; returns how many were taken. For a pipe or a device, which take what
   * they can and give nothing back. A kind that only regular files have goes without.
   */
  appendSome?(bytes: Uint8Array): number;
  /** Cuts the file to `length` bytes. */
  cut(length: number): void;
  /** The `count` bytes before `end`; fewer when the file is shorter. */
  readBefore(end: number, count: number): Uint8Array;
  /** Whether the path still leads to this file: false once it was moved or removed. */
  isInPlace(): boolean;
  /** Makes what was written survive a power cut, in the background. */
  sync(): Promise<void>;
  /** The same, at once. */
  syncNow(): void;
  /** Gives the descriptor back. */
  close(): void;
}

/** The most that one write(2) takes: the event loop stands still for so long and no longer. */
const SLICE_BYTES = 256 * 1024;

/** What to say about a code of the operating system, and what to do. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: "permission denied; make the file and its folder writable, or choose another path",
  EPERM: "permission denied; make the file and its folder writable, or choose another path",
  EROFS: "the file system is read-only; choose another path",
  EISDIR: "it is a folder; give the path of a file",
  ENOTDIR: "a part of the path is a file, not a folder; choose another path",
  EEXIST: "a part of the path is a file, not a folder; choose another path",
  ENOSPC: "no space is left on the disk; make room, or choose another path",
  ENAMETOOLONG: "the name is too long; choose a shorter path",
};

/**
 * Opens a file for appending, and creates it and the folders above it. Zeros that a process left at its
 * end, when it was killed while it wrote through a memory mapping, are cut off.
 *
 * @throws {Error} In one sentence, if it cannot be opened; the system's error is the `cause`
 */
export function openAppendFile(path: string): AppendFile {
  const file = appendFileOf(openOutput(path), path);
  try {
    if (file.isRegular) cutZeros(file);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The file of a descriptor that {@linkcode openOutput} gave; `close()` gives it back. */
export function appendFileOf(fd: number, path: string): AppendFile {
  const stat = fstatSync(fd, { bigint: true });
  const id = `${stat.dev}:${stat.ino}`;
  let isNamed = false;
  return {
    id,
    isRegular: stat.isFile(),
    length: () => fstatSync(fd).size,
    append: (bytes) => appendAll(fd, bytes),
    appendSome: (bytes) => writeSync(fd, bytes, 0, Math.min(SLICE_BYTES, bytes.length)),
    cut: (length) => ftruncateSync(fd, length),
    readBefore: (end, count) => readBefore(fd, end, count),
    isInPlace: () => fileId(path) === id,
    async sync() {
      await syncInBackground(fd);
      // The file may be new: without its name in the folder a power cut takes it all.
      if (!isNamed) await syncFolder(dirname(path));
      isNamed = true;
    },
    syncNow: () => fdatasyncSync(fd),
    close: () => closeSync(fd),
  };
}

/**
 * Opens a file for reading and appending, and creates it and the folders above it.
 *
 * @returns The descriptor
 * @throws {Error} In one sentence, if it cannot be opened; the system's error is the `cause`
 */
export function openOutput(path: string): number {
  try {
    const isPipe = statSync(path, { throwIfNoEntry: false })?.isFIFO();
    return openOrCreate(path, isPipe ? "w" : "a+");
  } catch (cause) {
    const { code = "", message } = cause as { code?: string; message: string };
    throw new Error(`Cannot open output "${path}": ${ADVICE[code] ?? message}`, { cause });
  }
}

/** The folders come second: they are mostly there, and the program may be allowed the file alone. */
function openOrCreate(path: string, flags: string): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, flags);
  }
}

function appendAll(fd: number, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.length) {
    offset += writeSync(fd, bytes, offset, Math.min(SLICE_BYTES, bytes.length - offset));
  }
}

function readBefore(fd: number, end: number, count: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(count, end));
  let filled = 0;
  while (filled < bytes.length) {
    const position = end - bytes.length + filled;
    const got = readSync(fd, bytes, filled, bytes.length - filled, position);
    if (got === 0) break;
    filled += got;
  }
  return bytes.subarray(0, filled);
}

function fileId(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}

function syncInBackground(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(fd, (error) => error === null || error === undefined ? resolve() : reject(error));
  });
}
