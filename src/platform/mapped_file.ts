import { statSync } from "node:fs";
import { type AppendFile, appendFileOf, openOutput } from "./append_file.ts";
import { systemMapper } from "./mmap.ts";
import type { Mapper, Mapping } from "./mmap_driver.ts";
import { cutZeros, fillWithZeros } from "./zero_fill.ts";

/** The largest page of any system in use: every mapping must begin at a page. */
const PAGE_BYTES = 64 * 1024;
/** 256 KiB and 16 MiB take a tenth more time; 4 MiB take as much, and show readers more zeros. */
const CHUNK_BYTES = 1024 * 1024;

/** How {@linkcode openMappedFile} writes. */
export interface MappedFileOptions {
  /**
   * By how much the file grows ahead of what is appended, and how much of it is mapped at a time: a
   * multiple of 65,536. @default {1_048_576}
   */
  readonly chunkBytes?: number;
}

/**
 * Opens a file for appending through a shared memory mapping, and creates it and the folders above it.
 *
 * An append is a copy in memory, with no call of the system but the look at the file's size, and the
 * file has it at once: it survives the end of the process, and after `sync()` a power cut (on Linux
 * fdatasync writes out every changed page of the file, whether a write(2) or a store changed it). An append is
 * whole or, when it throws, not there at all; a kill in the middle of the copy leaves a piece.
 *
 * That makes it the cheapest way to have each line in the file at once: two to three times as many as
 * with a write(2) a line. Blocks of 64 KiB are better written: the zeros are bytes that are written too,
 * and each new page costs a fault, so that a mapping takes once to twice the time.
 *
 * While open, the file is longer than what was appended, by up to `chunkBytes` of zeros. `close()` cuts
 * them off; after a kill the next opening does. Who reads the file meanwhile sees them.
 *
 * The zeros are written before they are mapped, so that a full disk is an ordinary error (ENOSPC). On a
 * file system that moves what is overwritten (btrfs, ZFS, XFS with shared extents) the promise is weaker:
 * there a store may still need room, and a full disk may end the process with SIGBUS.
 *
 * Only one may map a file: another is refused, in this process too. What other programs append is taken
 * in at the next call, but may be lost while the file grows. A file that they shorten is noticed before
 * the next store; one shortened during a store ends the process with SIGBUS, so have the log moved
 * (`create`), not cut in place (`copytruncate`).
 *
 * @throws {Error} In one sentence, if it cannot be opened or this runtime has no mappings
 * @throws {RangeError} If `chunkBytes` is no multiple of 65,536
 */
export function openMappedFile(path: string, options: MappedFileOptions = {}): AppendFile {
  const { chunkBytes = CHUNK_BYTES } = options;
  if (!Number.isSafeInteger(chunkBytes) || chunkBytes <= 0 || chunkBytes % PAGE_BYTES !== 0) {
    throw new RangeError(`chunkBytes is ${chunkBytes}: give a multiple of ${PAGE_BYTES}`);
  }
  const mapper = mapperFor(path);
  const fd = openOutput(path);
  const plain = appendFileOf(fd, path);
  try {
    const size = plain.length();
    assertSame(path, mapper.size(fd), size, plain.length());
    if (!mapper.lock(fd)) throw refusal(path, "another writer has it open; give each its own file");
    return new MappedFile(path, fd, plain, mapper, chunkBytes);
  } catch (error) {
    plain.close();
    throw error;
  }
}

function mapperFor(path: string): Mapper {
  // Asked before it is opened: opening a pipe waits for its reader.
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
    throw refusal(path, 'it is no regular file; use the strategy "block"');
  }
  try {
    return systemMapper();
  } catch (error) {
    throw refusal(path, (error as Error).message, error);
  }
}

/**
 * Older versions of Deno number files in their own way, and the system takes such a number for another
 * file. A file that only grows has a size between what it had before and after the system was asked.
 */
function assertSame(path: string, size: number, before: number, after: number): void {
  if (size >= before && size <= after) return;
  throw refusal(path, 'this runtime gives no descriptors of the system; use the strategy "block"');
}

function refusal(path: string, why: string, cause?: unknown): Error {
  const message = `Cannot open output "${path}" through a memory mapping: ${why}`;
  return new Error(message, cause === undefined ? undefined : { cause });
}

/** The appended bytes, then zeros up to the end of the file; a window of it is in memory. */
class MappedFile implements AppendFile {
  readonly id: string;
  readonly isRegular = true;
  readonly #path: string;
  readonly #fd: number;
  /** The same file through the descriptor. */
  readonly #plain: AppendFile;
  readonly #mapper: Mapper;
  readonly #chunkBytes: number;
  /** Bytes appended. */
  #length: number;
  /** The size of the file: all behind `#length` is zeros. */
  #size: number;
  #window: Mapping | undefined;
  /** Where in the file the window begins, and ends. */
  #begin = 0;
  #end = 0;
  #isClosed = false;

  constructor(
    path: string,
    fd: number,
    plain: AppendFile,
    mapper: Mapper,
    chunkBytes: number,
  ) {
    this.id = plain.id;
    this.#path = path;
    this.#fd = fd;
    this.#plain = plain;
    this.#mapper = mapper;
    this.#chunkBytes = chunkBytes;
    this.#length = cutZeros(plain);
    this.#size = this.#length;
  }

  length(): number {
    this.#settle();
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    this.#settle();
    const before = this.#length;
    try {
      this.#reserve(before + bytes.length);
      this.#copy(bytes);
    } catch (error) {
      // What was copied stands where zeros should.
      if (this.#length !== before) this.cut(before);
      throw error;
    }
  }

  /** Cuts the file to `length` bytes, if it is longer. */
  cut(length: number): void {
    this.#settle();
    this.#leaveWindow();
    this.#length = Math.min(length, this.#length);
    this.#plain.cut(this.#length);
    this.#size = this.#length;
  }

  readBefore(end: number, count: number): Uint8Array {
    this.#settle();
    const bytes = this.#plain.readBefore(end, count);
    const begin = end - Math.min(count, end);
    return bytes.subarray(0, Math.max(0, this.#length - begin));
  }

  isInPlace(): boolean {
    this.#assertOpen();
    return this.#plain.isInPlace();
  }

  sync(): Promise<void> {
    this.#assertOpen();
    return this.#plain.sync();
  }

  syncNow(): void {
    this.#assertOpen();
    this.#plain.syncNow();
  }

  close(): void {
    if (this.#isClosed) return;
    try {
      if (this.length() < this.#size) this.cut(this.#length);
    } finally {
      this.#leaveWindow();
      this.#isClosed = true;
      this.#plain.close();
    }
  }

  /** Looks whether others changed the size: who stores into a part that is gone dies. */
  #settle(): void {
    this.#assertOpen();
    const size = this.#mapper.size(this.#fd);
    if (size === this.#size) return;
    this.#leaveWindow();
    const strange = this.#plain.readBefore(size, Math.max(0, size - this.#size));
    this.#length = Math.min(this.#length, size);
    this.#plain.cut(this.#length);
    this.#size = this.#length;
    // Others append behind the zeros: their bytes belong where the zeros began.
    if (strange.length > 0) this.append(strange.filter((byte) => byte !== 0));
  }

  /** Makes the file at least `end` bytes long. */
  #reserve(end: number): void {
    if (end <= this.#size) return;
    const target = Math.ceil(end / this.#chunkBytes) * this.#chunkBytes;
    this.#size = fillWithZeros(this.#plain, this.#size, end, target);
    assertSame(this.#path, this.#mapper.size(this.#fd), this.#size, Infinity);
  }

  #copy(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const window = this.#windowAtEnd();
      const at = this.#length - this.#begin;
      const count = Math.min(bytes.length - from, window.length - at);
      window.set(count === bytes.length ? bytes : bytes.subarray(from, from + count), at);
      from += count;
      this.#length += count;
    }
  }

  /** The window that the next byte goes to. */
  #windowAtEnd(): Uint8Array {
    if (this.#window !== undefined && this.#length < this.#end) return this.#window.bytes;
    this.#leaveWindow();
    const begin = this.#length - this.#length % this.#chunkBytes;
    const end = Math.min(begin + this.#chunkBytes, this.#size);
    this.#window = this.#mapper.map(this.#fd, begin, end - begin);
    this.#begin = begin;
    this.#end = end;
    return this.#window.bytes;
  }

  #leaveWindow(): void {
    this.#window?.unmap();
    this.#window = undefined;
  }

  #assertOpen(): void {
    if (!this.#isClosed) return;
    throw new Error(`The output "${this.#path}" is closed: open it again to write to it`);
  }
}
