import { SinkClosedError } from "../errors.ts";

/** One of the two standard outputs. */
export interface StandardOutput {
  /** Whether people look at it. */
  readonly isTerminal: boolean;
  /** Whether colour was asked not to be used (`NO_COLOR`). */
  readonly noColor: boolean;
  /**
   * Writes all bytes. A terminal and a file are written at once; a pipe or a socket in the
   * background, so that a slow reader never blocks this thread. One call at a time.
   *
   * @throws {SinkClosedError} If nobody reads any more
   */
  write(bytes: Uint8Array): void | Promise<void>;
  /**
   * Writes what an unfinished `write` has left, then all bytes, at once; for the moment the process
   * ends. A slice on its way in the background, 64 KiB at most, may come twice.
   *
   * @throws {SinkClosedError} If nobody reads any more
   */
  writeSync(bytes: Uint8Array): void;
  /** Resolves when no `write` is on its way, however it ended. */
  idle(): Promise<void>;
}

/** What is used of `node:fs`. Looked up, not imported, so that programs without it load this file. */
interface Fs {
  writeSync(fd: number, bytes: Uint8Array, offset: number, length: number): number;
  write(
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: null,
    done: (error: unknown, written: number) => void,
  ): void;
  fstatSync(fd: number): { isFIFO(): boolean; isSocket(): boolean };
}

interface Tty {
  isatty(fd: number): boolean;
}

interface Host {
  process?: {
    getBuiltinModule?(name: string): unknown;
    env?: Readonly<Record<string, string | undefined>>;
  };
  Deno?: {
    noColor: boolean;
    stdout: { write(bytes: Uint8Array): Promise<number> };
    stderr: { write(bytes: Uint8Array): Promise<number> };
  };
}

/** Writes one slice in the background and answers how many bytes were taken. */
type WriteSlice = (bytes: Uint8Array) => Promise<number>;

/** What a pipe holds on Linux: larger slices are only cut up by the kernel. */
const SLICE_BYTES = 64 * 1024;
/** How long a full, non-blocking descriptor is left alone. */
const FULL_PAUSE_MS = 5;

const host = globalThis as unknown as Host;

/** One of each in a process, as there is one descriptor: what is on its way is known to all users. */
const outputs = new Map<"stdout" | "stderr", StandardOutput | undefined>();

/**
 * The standard output or standard error of this process; `undefined` where there is none (a browser's
 * worker, an edge runtime).
 */
export function standardOutput(stream: "stdout" | "stderr"): StandardOutput | undefined {
  if (!outputs.has(stream)) outputs.set(stream, openOutput(stream === "stdout" ? 1 : 2));
  return outputs.get(stream);
}

function openOutput(fd: 1 | 2): StandardOutput | undefined {
  const fs = host.process?.getBuiltinModule?.("node:fs") as Fs | undefined;
  const tty = host.process?.getBuiltinModule?.("node:tty") as Tty | undefined;
  if (fs?.writeSync === undefined) return undefined;
  const look = { isTerminal: tty?.isatty(fd) ?? false, noColor: readNoColor() };
  const writer = isPipe(fs, fd) ? pipe(fs, fd, sliceWriter(fs, fd)) : direct(fs, fd);
  return { ...look, ...writer };
}

/** Deno is asked in its own way, because reading the environment there needs a permission. */
function readNoColor(): boolean {
  if (host.Deno !== undefined) return host.Deno.noColor;
  return (host.process?.env?.NO_COLOR ?? "") !== "";
}

function isPipe(fs: Fs, fd: number): boolean {
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

/** On Deno `fs.write` on a standard stream blocks the event loop while the pipe is full. */
function sliceWriter(fs: Fs, fd: number): WriteSlice {
  const own = fd === 1 ? host.Deno?.stdout : host.Deno?.stderr;
  if (own !== undefined) return (bytes) => own.write(bytes);
  return (bytes) =>
    new Promise((resolve, reject) => {
      fs.write(fd, bytes, 0, bytes.length, null, (error, written) => {
        if (error) reject(error);
        else resolve(written);
      });
    });
}

type Writer = Pick<StandardOutput, "write" | "writeSync" | "idle">;

function direct(fs: Fs, fd: number): Writer {
  const write = (bytes: Uint8Array) => writeAllSync(fs, fd, bytes);
  return { write, writeSync: write, idle: () => Promise.resolve() };
}

function pipe(fs: Fs, fd: number, writeSlice: WriteSlice): Writer {
  let left: Uint8Array | undefined;
  let last: Promise<void> = Promise.resolve();
  const writeSlices = async (bytes: Uint8Array) => {
    left = bytes;
    try {
      while (left !== undefined && left.length > 0) {
        const taken = await writeOrPause(writeSlice, left.subarray(0, SLICE_BYTES));
        left = left?.subarray(taken);
      }
    } finally {
      left = undefined;
    }
  };
  return {
    write: (bytes) => last = writeSlices(bytes),
    writeSync(bytes) {
      const unfinished = left;
      left = undefined;
      if (unfinished !== undefined) writeAllSync(fs, fd, unfinished);
      writeAllSync(fs, fd, bytes);
    },
    idle: () => last.catch(() => {}),
  };
}

async function writeOrPause(writeSlice: WriteSlice, bytes: Uint8Array): Promise<number> {
  try {
    return await writeSlice(bytes);
  } catch (error) {
    refuseUnlessFull(error);
    await new Promise((resolve) => setTimeout(resolve, FULL_PAUSE_MS));
    return 0;
  }
}

function writeAllSync(fs: Fs, fd: number, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.length) {
    try {
      offset += fs.writeSync(fd, bytes, offset, bytes.length - offset);
    } catch (error) {
      refuseUnlessFull(error);
      // The thread sleeps: asking a full descriptor again and again would take the reader's processor.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PAUSE_MS);
    }
  }
}

/** Returns when the descriptor is only full for now; throws otherwise. */
function refuseUnlessFull(error: unknown): void {
  const { code, name } = error as { code?: string; name?: string };
  if (code === "EAGAIN" || name === "WouldBlock") return;
  if (code === "EPIPE" || code === "ECONNRESET" || name === "BrokenPipe") {
    throw new SinkClosedError("The reader of this program's output has gone", {
      cause: error,
      isExpected: true,
    });
  }
  throw error;
}
