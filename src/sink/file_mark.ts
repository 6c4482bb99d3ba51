import type { AppendFile } from "../platform/append_file.ts";
import { crc32 } from "../platform/fs.ts";

/** Enough bytes that another file of the same length does not end in the same ones by chance. */
export const TAIL_BYTES = 1024;

/** A place in a file, and what tells the file from others: what a file sink remembers with its cursor. */
export interface FileMark {
  /** Device and inode. */
  readonly id: string;
  /** Bytes of the file that hold delivered records. */
  readonly length: number;
  /** How many bytes before `length` the checksum covers. */
  readonly tail: number;
  /** Their CRC-32. */
  readonly crc: number;
}

/** The mark of a file after `length` bytes that end in `tail`. */
export function markOf(id: string, length: number, tail: Uint8Array): FileMark {
  return { id, length, tail: tail.length, crc: crc32(tail) };
}

/** Whether the file is the one of the mark and still begins with what the mark saw. */
export function holds(file: AppendFile, mark: FileMark): boolean {
  if (mark.id !== file.id || file.length() < mark.length) return false;
  const tail = file.readBefore(mark.length, mark.tail);
  return tail.length === mark.tail && crc32(tail) === mark.crc;
}

/** Reads a mark from a checkpoint; undefined if it is none of ours. */
export function parseMark(checkpoint: string | undefined): FileMark | undefined {
  if (checkpoint === undefined) return undefined;
  try {
    const mark = JSON.parse(checkpoint) as Partial<FileMark> | null;
    const isWhole = typeof mark?.id === "string" && isCount(mark.length) &&
      isCount(mark.tail) && mark.tail <= TAIL_BYTES && isCount(mark.crc);
    return isWhole ? mark as FileMark : undefined;
  } catch {
    // Another kind of sink stood under this name before: its checkpoint says nothing about our file.
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** The last bytes of what ended in `before` and then got `added`. */
export function lastBytes(before: Uint8Array, added: Uint8Array): Uint8Array {
  if (added.length >= TAIL_BYTES) return added.slice(added.length - TAIL_BYTES);
  const kept = before.subarray(Math.max(0, before.length + added.length - TAIL_BYTES));
  const joined = new Uint8Array(kept.length + added.length);
  joined.set(kept);
  joined.set(added, kept.length);
  return joined;
}
