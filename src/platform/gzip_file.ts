import * as fs from "node:fs";
import { codeOf, fdatasync, removeSync } from "./fs.ts";

/** What was compressed, and into what. */
export interface Compressed {
  /** Device and inode of the original. */
  readonly sourceId: string;
  /** Bytes of the original that the copy holds. */
  readonly sourceBytes: number;
  /** Device and inode of the copy. */
  readonly id: string;
}

/** Few enough that compressing them (about 2 ms) does not hold the event loop up for long. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Writes a compressed copy of a file, with its permissions and its time, and syncs it. A file that has
 * the name is removed before. In the background, a chunk at a time.
 *
 * @returns `undefined` if there is no such file
 * @throws If the system refuses; what there is of the copy is removed
 */
export async function compressFile(from: string, to: string): Promise<Compressed | undefined> {
  const source = openIfThere(from);
  if (source === undefined) return undefined;
  try {
    removeSync(to);
    // Not the one that was there: another process may have it open.
    const copy = fs.openSync(to, "wx", 0o600);
    try {
      const sourceBytes = await pour(source, copy);
      return { sourceId: likeSource(source, copy), sourceBytes, id: await synced(copy) };
    } catch (error) {
      removeSync(to);
      throw error;
    } finally {
      fs.closeSync(copy);
    }
  } finally {
    fs.closeSync(source);
  }
}

/** Whether a compressed file is whole and holds exactly what the other one holds. */
export async function isCompressedCopy(compressed: string, original: string): Promise<boolean> {
  const [packed, plain] = [openIfThere(compressed), openIfThere(original)];
  try {
    return packed !== undefined && plain !== undefined && await holdsSame(packed, plain);
  } finally {
    for (const fd of [packed, plain]) if (fd !== undefined) fs.closeSync(fd);
  }
}

async function pour(source: number, copy: number): Promise<number> {
  let count = 0;
  const counted = chunksOf(source, (bytes) => count += bytes);
  for await (const chunk of counted.pipeThrough(new CompressionStream("gzip"))) {
    await writeAll(copy, chunk);
  }
  return count;
}

async function holdsSame(packed: number, plain: number): Promise<boolean> {
  const unpacked = chunksOf(packed).pipeThrough(new DecompressionStream("gzip"));
  let offset = 0;
  try {
    for await (const chunk of unpacked) {
      if (!await standsAt(plain, offset, chunk)) return false;
      offset += chunk.length;
    }
  } catch (error) {
    // The stream's own errors say that it is cut or damaged; the system's are no answer.
    if (error instanceof TypeError) return false;
    throw error;
  }
  return fs.fstatSync(plain).size === offset;
}

async function standsAt(fd: number, offset: number, expected: Uint8Array): Promise<boolean> {
  const found = new Uint8Array(expected.length);
  for (let filled = 0; filled < found.length;) {
    const count = await readAt(fd, found.subarray(filled), offset + filled);
    if (count === 0) return false;
    filled += count;
  }
  return found.every((byte, at) => byte === expected[at]);
}

/** The bytes of an open file, read when they are asked for, each chunk in memory of its own. */
function chunksOf(
  fd: number,
  onRead: (bytes: number) => void = () => {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  return new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const count = await readAt(fd, chunk, offset);
      offset += count;
      onRead(count);
      if (count === 0) controller.close();
      else controller.enqueue(chunk.subarray(0, count));
    },
  }, { highWaterMark: 0 });
}

/** Gives the copy the original's permissions and time; answers the original's id. */
function likeSource(source: number, copy: number): string {
  const { dev, ino, mode, mtimeNs } = fs.fstatSync(source, { bigint: true });
  const modified = Number(mtimeNs) / 1e9;
  fs.fchmodSync(copy, Number(mode) & 0o777);
  fs.futimesSync(copy, modified, modified);
  return `${dev}:${ino}`;
}

async function synced(fd: number): Promise<string> {
  await fdatasync(fd);
  const { dev, ino } = fs.fstatSync(fd, { bigint: true });
  return `${dev}:${ino}`;
}

function openIfThere(path: string): number | undefined {
  try {
    return fs.openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function writeAll(fd: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await new Promise<number>((resolve, reject) => {
      fs.write(fd, bytes, done, bytes.length - done, null, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }
}

function readAt(fd: number, into: Uint8Array, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, into, 0, into.length, offset, (error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
}
