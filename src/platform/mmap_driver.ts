/** A part of a file in memory. */
export interface Mapping {
  /** The part. After `unmap` it has no bytes, so that nothing can reach memory that is gone. */
  readonly bytes: Uint8Array;
  /**
   * Gives the memory back, at once. A mapping that is dropped without it stays until the process ends,
   * or on Bun until a garbage collection that may never come.
   */
  unmap(): void;
}

/** What a runtime's own file gives. Files go by descriptor: one that was moved is still the one meant. */
export interface Mapper {
  /**
   * Maps `length` bytes from `offset` on, a multiple of 64 KiB. All of them must be in the file: a
   * store behind its last page ends the process with SIGBUS, and no exception tells of it.
   *
   * @throws {Error} If the system refuses
   */
  map(fd: number, offset: number, length: number): Mapping;
  /** The size of the file in bytes. */
  size(fd: number): number;
  /**
   * Takes the file for this descriptor alone (flock), until it is closed or the process ends; false if
   * another has it. Where a system or a file system has no such lock, it is as if it were free.
   */
  lock(fd: number): boolean;
}

/** Names of the C library: glibc, musl on its two main processors, macOS. The first that loads is it. */
export const LIBC_NAMES: readonly string[] = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "libSystem.B.dylib",
];

/** LOCK_EX and LOCK_NB of flock(2): alone, and without waiting for another holder. */
export const LOCK_ALONE: number = 2 | 4;

/** EWOULDBLOCK on Linux and on macOS. */
const WOULD_BLOCK: readonly number[] = [11, 35];

/** Whether this error number of flock(2) means another holder, and not a file system without locks. */
export function isHeld(errno: number): boolean {
  return WOULD_BLOCK.includes(errno);
}
