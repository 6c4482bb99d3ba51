import { isHeld, LIBC_NAMES, LOCK_ALONE, type Mapper, type Mapping } from "./mmap_driver.ts";

/** PROT_READ | PROT_WRITE and MAP_SHARED have these values on every system that has mmap(2). */
const READ_WRITE = 1 | 2;
const SHARED = 1;
const SEEK_END = 2;
/** What mmap(2) returns when it refuses. */
const MAP_FAILED = 2n ** 64n - 1n;

/** An address; null is none. */
type Pointer = object | null;

/** The calls of the C library that a mapper needs. */
interface Libc {
  mmap(at: null, bytes: number, access: number, flags: number, fd: number, from: number): Pointer;
  munmap(at: Pointer, bytes: number): number;
  lseek(fd: number, offset: bigint, whence: number): bigint;
  flock(fd: number, operation: number): number;
  /** Null where the library has no such symbol. */
  readonly __errno_location: (() => Pointer) | null;
  /** The same on macOS. */
  readonly __error: (() => Pointer) | null;
}

interface DenoWithFfi {
  dlopen(name: string, symbols: object): { readonly symbols: unknown };
  readonly UnsafePointer: { value(pointer: Pointer): bigint };
  readonly UnsafePointerView: {
    new (pointer: Pointer): { getInt32(): number };
    getArrayBuffer(pointer: Pointer, bytes: number): ArrayBuffer;
  };
}

const SYMBOLS = {
  mmap: {
    parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"],
    result: "pointer",
  },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer", optional: true },
  __error: { parameters: [], result: "pointer", optional: true },
};

/**
 * Maps files on Deno through the C library; undefined on another runtime.
 *
 * @throws {Error} If the permission is missing, or there is no C library of a known name
 */
export function denoMapper(): Mapper | undefined {
  const { Deno } = globalThis as { Deno?: DenoWithFfi };
  if (Deno === undefined) return undefined;
  const libc = loadLibc(Deno);
  const errno = (): number => {
    const at = libc.__errno_location?.() ?? libc.__error?.() ?? null;
    return at === null ? 0 : new Deno.UnsafePointerView(at).getInt32();
  };
  return {
    map: (fd, offset, length) => map(Deno, libc, errno, fd, offset, length),
    // Where the next write would go with SEEK_END is the size: a twentieth of the time of fstatSync here.
    size: (fd) => Number(libc.lseek(fd, 0n, SEEK_END)),
    lock: (fd) => libc.flock(fd, LOCK_ALONE) === 0 || !isHeld(errno()),
  };
}

function loadLibc(deno: DenoWithFfi): Libc {
  let reason: unknown;
  for (const name of LIBC_NAMES) {
    try {
      return deno.dlopen(name, SYMBOLS).symbols as Libc;
    } catch (error) {
      if (isRefused(error)) {
        throw new Error(
          'Deno maps files only with the permission --allow-ffi; grant it, or use the strategy "block"',
          { cause: error },
        );
      }
      reason = error;
    }
  }
  throw new Error(
    'this system has no C library of a known name to map files with; use the strategy "block"',
    { cause: reason },
  );
}

function isRefused(error: unknown): boolean {
  const { name } = error as Error;
  return name === "NotCapable" || name === "PermissionDenied";
}

function map(
  deno: DenoWithFfi,
  libc: Libc,
  errno: () => number,
  fd: number,
  offset: number,
  length: number,
): Mapping {
  const at = libc.mmap(null, length, READ_WRITE, SHARED, fd, offset);
  if (deno.UnsafePointer.value(at) === MAP_FAILED) {
    throw new Error(
      `The system maps no ${length} bytes of an output at ${offset}: errno ${errno()}`,
    );
  }
  const bytes = new Uint8Array(deno.UnsafePointerView.getArrayBuffer(at, length));
  return {
    bytes,
    unmap() {
      if (bytes.length === 0) return;
      // Detached first: a view of memory that is gone would read and write whatever comes there next.
      bytes.buffer.transfer(0);
      libc.munmap(at, length);
    },
  };
}
