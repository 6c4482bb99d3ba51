/**
 * The kernel's own lock of a file (flock), which ends with the process that holds it, however it ends. Deno
 * has it and needs it, since it may be run without the permission to ask about other processes; Node and
 * Bun do not have it.
 *
 * @module
 */

interface LockableFile {
  tryLockSync(exclusive: boolean): boolean;
  close(): void;
}

interface DenoWithLocks {
  openSync(path: string, options: { read: true; write: true }): LockableFile;
  readonly FsFile: { readonly prototype: Partial<LockableFile> };
}

function denoWithLocks(): DenoWithLocks | undefined {
  const deno = (globalThis as { Deno?: DenoWithLocks }).Deno;
  return typeof deno?.FsFile?.prototype.tryLockSync === "function" ? deno : undefined;
}

/** Whether this runtime has the kernel's lock. */
export function hasKernelLock(): boolean {
  return denoWithLocks() !== undefined;
}

/**
 * Takes the kernel's lock of an existing file, at once.
 *
 * @returns A function that gives it back; undefined if another holder has it
 * @throws {Error} If the file cannot be opened, or the runtime has no such lock
 */
export function takeKernelLock(path: string): (() => void) | undefined {
  const deno = denoWithLocks();
  if (deno === undefined) throw new Error("This runtime has no lock of the kernel's");
  const file = deno.openSync(path, { read: true, write: true });
  if (file.tryLockSync(true)) return () => file.close();
  file.close();
  return undefined;
}
