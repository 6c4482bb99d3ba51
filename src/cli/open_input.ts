import { accessSync, constants, type Stats, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import process from "node:process";
import { crc32 } from "../platform/fs.ts";
import { codeOf } from "../platform/fs.ts";
import { UsageError } from "./usage_error.ts";

/** An open input file. */
export interface OpenInput {
  /** The path, absolute. */
  readonly path: string;
  /** Device and inode. */
  readonly place: string;
  /** The place and a fingerprint of the beginning: what tells the file from another of its name. */
  readonly id: string;
  /** Whether it has places one can go back to; a pipe has none. */
  readonly isRegular: boolean;
  /** Reads at `offset`; 0 at the end. */
  read(into: Uint8Array, offset: number): Promise<number>;
  /** Bytes in the file now. */
  size(): Promise<number>;
  /** Whether this is the file that had `id`, perhaps grown since. */
  matches(id: string): Promise<boolean>;
  /** Gives the descriptor back. */
  close(): Promise<void>;
}

/** So much of the beginning tells files apart: a removed file's inode is soon given to another. */
const FINGERPRINT_BYTES = 1024;

/**
 * Checks that inputs can be read, before anything starts.
 *
 * @throws {UsageError} If one is missing, a folder, not readable, or named twice
 */
export function assertReadable(inputs: readonly string[]): void {
  const seen = new Set<string>();
  for (const input of inputs) {
    const key = input === "-" ? input : resolve(input);
    if (seen.has(key)) throw new UsageError(`Input "${input}" is named twice: name it once`);
    seen.add(key);
    if (input !== "-") assertReadableFile(input);
  }
}

/**
 * Checks that no input is the file that records go to, which would feed itself for ever.
 *
 * @throws {UsageError} If one is
 */
export function assertNoLoop(inputs: readonly string[], output: string | undefined): void {
  const target = output === undefined ? undefined : existing(output);
  if (target === undefined || !target.isFile()) return;
  for (const input of inputs.filter((name) => name !== "-")) {
    const { dev, ino } = statSync(input);
    if (dev === target.dev && ino === target.ino) {
      throw new UsageError(`Input "${input}" is the output too: send the records to another file`);
    }
  }
}

/** What is known of a file; undefined if there is none, of which whoever opens it will tell. */
function existing(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function assertReadableFile(path: string): void {
  try {
    accessSync(path, constants.R_OK);
    if (!statSync(path).isDirectory()) return;
  } catch (error) {
    throw new UsageError(`Cannot read input "${path}": ${reasonOf(error)}`, { cause: error });
  }
  throw new UsageError(`Cannot read input "${path}": it is a folder; name a file in it`);
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === "ENOENT") return `there is no such file in ${process.cwd()}; check the path`;
  if (code === "EACCES") return "permission denied; make it readable for this user";
  if (code === "ENOTDIR") return "a part of the path is a file; check the path";
  return (error as Error).message;
}

/** Opens a file for reading. */
export async function openInput(file: string): Promise<OpenInput> {
  const path = resolve(file);
  const handle = await open(path, "r");
  const stat = await handle.stat({ bigint: true });
  const place = `${stat.dev}:${stat.ino}`;
  const isRegular = stat.isFile();
  return {
    path,
    place,
    id: isRegular ? `${place}:${await fingerprint(handle, FINGERPRINT_BYTES)}` : place,
    isRegular,
    async read(into, offset) {
      const position = isRegular ? offset : null;
      return (await handle.read(into, 0, into.length, position)).bytesRead;
    },
    size: async () => (await handle.stat()).size,
    async matches(id) {
      if (!id.startsWith(`${place}:`)) return false;
      const mark = id.slice(place.length + 1);
      return await fingerprint(handle, Number.parseInt(mark)) === mark;
    },
    close: () => handle.close(),
  };
}

/** `<count>:<crc>` of the first `count` bytes, fewer in a shorter file. */
async function fingerprint(handle: FileHandle, count: number): Promise<string> {
  const bytes = new Uint8Array(Math.min(count, FINGERPRINT_BYTES));
  const filled = bytes.length === 0 ? 0 : (await handle.read(bytes, 0, bytes.length, 0)).bytesRead;
  return `${filled}:${crc32(bytes.subarray(0, filled)).toString(16)}`;
}
