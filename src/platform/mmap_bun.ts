import { fstatSync } from "node:fs";
import process from "node:process";
import { isHeld, LIBC_NAMES, LOCK_ALONE, type Mapper } from "./mmap_driver.ts";

type Mmap = (
  path: string,
  options: { shared: true; offset: number; size: number },
) => Uint8Array<ArrayBuffer>;

/** `bun:ffi`, as far as it is used here. */
interface BunFfi {
  dlopen(name: string, symbols: object): { readonly symbols: Readonly<Record<string, Call>> };
  readonly read: { i32(address: number): number };
}

type Call = (...args: number[]) => number;

const SEEK_END = 2;

/**
 * Maps files on Bun through `Bun.mmap`; undefined on another runtime, and on Windows.
 *
 * What `Bun.mmap` does beyond its documentation: it opens the path for reading and writing, takes
 * an offset down to a page without a word, a length down to the end of the file, and unmaps when the
 * array buffer is collected or transferred. A mapping left to the collector holds its memory for as long
 * as it likes, since the collector takes a buffer of any length for a small object.
 */
export function bunMapper(): Mapper | undefined {
  const { Bun } = globalThis as { Bun?: { mmap?: Mmap } };
  const mmap = Bun?.mmap;
  if (mmap === undefined || process.platform === "win32") return undefined;
  return {
    map(fd, offset, length) {
      // The path of the descriptor leads to the file itself, wherever its name was moved.
      const bytes = mmap(`/dev/fd/${fd}`, { shared: true, offset, size: length });
      if (bytes.length !== length) {
        throw new Error(`The system maps no ${length} bytes of an output at ${offset}`);
      }
      return {
        bytes,
        unmap() {
          if (bytes.length > 0) bytes.buffer.transfer(0);
        },
      };
    },
    ...fileCalls(),
  };
}

/** The size and the lock: through the C library, and as well as can be where that cannot be had. */
function fileCalls(): Pick<Mapper, "size" | "lock"> {
  const errnoName = process.platform === "darwin" ? "__error" : "__errno_location";
  const symbols = {
    flock: { args: ["i32", "i32"], returns: "i32" },
    lseek: { args: ["i32", "i64_fast", "i32"], returns: "i64_fast" },
    [errnoName]: { args: [], returns: "ptr" },
  };
  const ffi = process.getBuiltinModule("bun:ffi") as unknown as BunFfi | undefined;
  for (const name of ffi === undefined ? [] : LIBC_NAMES) {
    try {
      const { flock, lseek, [errnoName]: errno } = ffi!.dlopen(name, symbols).symbols;
      return {
        // Where the file ends is its size: half the time of fstatSync.
        size: (fd) => Number(lseek!(fd, 0, SEEK_END)),
        lock: (fd) => flock!(fd, LOCK_ALONE) === 0 || !isHeld(ffi!.read.i32(errno!())),
      };
    } catch {
      // Another system's name, or a Bun without a compiler for calls.
    }
  }
  return { size: (fd) => fstatSync(fd).size, lock: () => true };
}
