import type { LogChunk } from "../storage/store.ts";

/** The byte that ends a line. */
export const LF = 10;

/** Lines of a tail, of which a filter may have left some out. Shared between readers: never changed. */
export interface TailBatch {
  /** Tells it from a gap and from the end. */
  readonly kind: "lines";
  /** The sequence number of the first record that was looked at. */
  readonly from: number;
  /** The sequence number of the last record that was looked at: the next batch goes on behind it. */
  readonly to: number;
  /** Whether the lines are any text that was written; otherwise each is the JSON of a record. */
  readonly raw: boolean;
  /** The lines as bytes, each ended by LF; not to be changed. */
  readonly bytes: Uint8Array;
  /** The lines as text without their LF; what is no UTF-8 shows as U+FFFD. */
  lines(): readonly string[];
  /** The sequence number of the line at an index of `lines()`. */
  seqAt(index: number): number;
}

/** All lines from one sequence number to another; decoded once, however many readers ask. */
export interface TailLines extends TailBatch {
  /** The lines in the form of a log. */
  readonly chunk: LogChunk;
}

/** How many lines the bytes hold; the last one must be ended. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}

/** The offset behind the first `count` lines, the length of the bytes if there are fewer. */
export function offsetOfLine(bytes: Uint8Array, count: number): number {
  let offset = 0;
  for (let i = 0; i < count; i++) {
    const at = bytes.indexOf(LF, offset);
    if (at === -1) return bytes.length;
    offset = at + 1;
  }
  return offset;
}

/** The offset of the last `count` lines, 0 if there are fewer. */
export function offsetOfLast(bytes: Uint8Array, count: number): number {
  let offset = bytes.length;
  for (let i = 0; i < count && offset > 0; i++) offset = lineStart(bytes, offset);
  return offset;
}

/** Where the line begins that ends, LF included, at `end`. */
export function lineStart(bytes: Uint8Array, end: number): number {
  return end < 2 ? 0 : bytes.lastIndexOf(LF, end - 2) + 1;
}

/** The end of the whole lines in `bytes` from `start` that fit `maxBytes`; one line always fits. */
export function endOfLines(bytes: Uint8Array, start: number, maxBytes: number): number {
  if (start + maxBytes >= bytes.length) return bytes.length;
  const end = bytes.lastIndexOf(LF, start + maxBytes - 1) + 1;
  return end > start ? end : bytes.indexOf(LF, start) + 1;
}

/** Gives a chunk the form in which readers get it. */
export function tailLines(chunk: LogChunk, raw: boolean): TailLines {
  let decoded: readonly string[] | undefined;
  return {
    kind: "lines",
    chunk,
    bytes: chunk.bytes,
    from: chunk.firstSeq,
    to: chunk.firstSeq + chunk.count - 1,
    raw,
    lines: () => decoded ??= decodeLines(chunk.bytes),
    seqAt: (index) => chunk.firstSeq + index,
  };
}

// A line that begins with a byte order mark keeps it, wherever a read begins.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text of lines or of one line; what is no UTF-8 becomes U+FFFD. */
export function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function decodeLines(bytes: Uint8Array): readonly string[] {
  const lines = decode(bytes).split("\n");
  lines.pop();
  return lines;
}
