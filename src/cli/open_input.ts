import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { crc32 } from "../platform/fs.ts";

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
  /** The id of the file when it began with these bytes, of which it may have had more. */
  idOf(beginning: Uint8Array): string;
  /** The id as it is now: the fingerprint of a file that was shorter than what it covers grows. */
  identify(): Promise<string>;
  /** Whether this is the file that had `id`, perhaps grown since. */
  matches(id: string): Promise<boolean>;
  /** Whether it begins as the file that had `id` did, which it may be a copy of. */
  startsLike(id: string): Promise<boolean>;
  /** So many bytes of its beginning as a fingerprint covers, fewer of a shorter file. */
  beginning(): Promise<Uint8Array>;
  /** Gives the descriptor back. */
  close(): Promise<void>;
}

/** So much of the beginning tells files apart: a removed file's inode is soon given to another. */
const FINGERPRINT_BYTES = 1024;

/** Opens a file for reading. */
export async function openInput(file: string): Promise<OpenInput> {
  const path = resolve(file);
  const handle = await open(path, "r");
  try {
    return await inputOf(path, handle);
  } catch (error) {
    // What became a folder can be opened, and not be read.
    await handle.close();
    throw error;
  }
}

async function inputOf(path: string, handle: FileHandle): Promise<OpenInput> {
  const stat = await handle.stat({ bigint: true });
  const place = `${stat.dev}:${stat.ino}`;
  const isRegular = stat.isFile();
  const idOf = (bytes: Uint8Array) =>
    isRegular ? `${place}:${fingerprint(bytes.subarray(0, FINGERPRINT_BYTES))}` : place;
  const beginning = (count: number = FINGERPRINT_BYTES) => readBeginning(handle, count);
  const identify = async () => isRegular ? idOf(await beginning()) : place;
  const startsLike = async (id: string) => {
    const [, , count = "", crc] = id.split(":");
    return fingerprint(await beginning(Number(count))) === `${count}:${crc}`;
  };
  return {
    path,
    place,
    id: await identify(),
    isRegular,
    idOf,
    identify,
    async read(into, offset) {
      const position = isRegular ? offset : null;
      return (await handle.read(into, 0, into.length, position)).bytesRead;
    },
    size: async () => (await handle.stat()).size,
    matches: async (id) => id.startsWith(`${place}:`) && await startsLike(id),
    startsLike,
    beginning: () => beginning(),
    close: () => handle.close(),
  };
}

/** Whether the fingerprint in an id covers as much as it may. */
export function isIdWhole(id: string): boolean {
  return Number(id.split(":")[2]) === FINGERPRINT_BYTES;
}

/** Whether the fingerprint in an id covers all up to an offset. */
export function isCovered(id: string, offset: number): boolean {
  return Number(id.split(":")[2]) >= offset;
}

/** Whether the fingerprint in an id covers nothing, as that of an empty file. */
export function isIdEmpty(id: string): boolean {
  return Number(id.split(":")[2]) === 0;
}

/** The first `count` bytes, fewer of a shorter file. */
async function readBeginning(handle: FileHandle, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.min(count, FINGERPRINT_BYTES));
  if (bytes.length === 0) return bytes;
  return bytes.subarray(0, (await handle.read(bytes, 0, bytes.length, 0)).bytesRead);
}

/** `<count>:<crc>` of a beginning. */
function fingerprint(bytes: Uint8Array): string {
  return `${bytes.length}:${crc32(bytes).toString(16)}`;
}
