import { onProcessExit } from "../platform/exit.ts";
import { crc32Of } from "./crc32.ts";
import type { FileStore, StoreEntry, StoreFile } from "./store.ts";

/** What is in memory is there as long as this process. */
const BOOT = crypto.randomUUID();

/** Bytes kept as the pieces they were written in, so that writing copies nothing. */
class MemoryFile {
  readonly pieces: Uint8Array[] = [];
  readonly starts: number[] = [];
  size = 0;

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.pieces.push(bytes);
    this.starts.push(this.size);
    this.size += bytes.length;
  }

  /** The index of the piece that holds the byte at `offset`. */
  #pieceAt(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  read(into: Uint8Array, offset: number): number {
    const end = Math.min(offset + into.length, this.size);
    for (let at = offset, i = this.#pieceAt(offset); at < end; i++) {
      const piece = this.pieces[i]!;
      const part = piece.subarray(at - this.starts[i]!, end - this.starts[i]!);
      into.set(part, at - offset);
      at += part.length;
    }
    return Math.max(0, end - offset);
  }

  truncate(size: number): void {
    // A finished segment is cut to the size that it has.
    if (size >= this.size) return;
    const kept = new Uint8Array(Math.min(size, this.size));
    this.read(kept, 0);
    this.pieces.length = this.starts.length = this.size = 0;
    this.append(kept);
  }

  writeAt(bytes: Uint8Array, offset: number): void {
    const whole = new Uint8Array(Math.max(this.size, offset + bytes.length));
    this.read(whole.subarray(0, this.size), 0);
    whole.set(bytes, offset);
    this.pieces.length = this.starts.length = this.size = 0;
    this.append(whole);
  }
}

function handle(name: string, file: MemoryFile): StoreFile {
  return {
    name,
    get size() {
      return file.size;
    },
    writeSync(bytes) {
      file.append(bytes);
      return bytes.length;
    },
    writeAtSync: (bytes, offset) => file.writeAt(bytes, offset),
    read: (into, offset) => Promise.resolve(file.read(into, offset)),
    sync: () => Promise.resolve(),
    truncate: (size) => Promise.resolve(file.truncate(size)),
    close: () => {},
  };
}

/**
 * A store in memory: it runs everywhere, and what it holds ends with the process. Opening the same
 * store object again finds what was written before, which is what tests of recovery use.
 *
 * @example
 * ```ts
 * import { memoryStore, openWal } from "@logflume/logflume";
 *
 * const wal = await openWal(memoryStore());
 * await wal.close();
 * ```
 */
export function memoryStore(): FileStore {
  const files = new Map<string, MemoryFile>();
  const inner = new Map<string, FileStore>();
  const existing = (name: string): MemoryFile => {
    const file = files.get(name);
    if (file === undefined) throw new Error(`No file "${name}" in the memory store`);
    return file;
  };
  return {
    label: "memory",
    keeps: "process",
    boot: BOOT,
    open: () => Promise.resolve(),
    isHeld: () => true,
    list: () => Promise.resolve([...files].map(([name, { size }]): StoreEntry => ({ name, size }))),
    createSync(name) {
      if (files.has(name)) throw new Error(`File "${name}" exists in the memory store`);
      const file = new MemoryFile();
      files.set(name, file);
      return handle(name, file);
    },
    openFile: (name) => Promise.resolve().then(() => handle(name, existing(name))),
    rename: (from, to) =>
      Promise.resolve().then(() => {
        files.set(to, existing(from));
        files.delete(from);
      }),
    remove: (name) => Promise.resolve(void files.delete(name)),
    syncFolder: () => Promise.resolve(),
    crc32: crc32Of,
    onExit: onProcessExit,
    inner(name) {
      const found = inner.get(name) ?? memoryStore();
      inner.set(name, found);
      return found;
    },
    close: () => Promise.resolve(),
  };
}
