import type { LogChunk } from "../storage/store.ts";

/** The byte that ends a line. */
export const LF = 10;

/** Lines read from a tail, with their sequence numbers. Shared between readers: never changed. */
export interface TailLines {
  /** Tells it from a gap and from the end. */
  readonly kind: "lines";
  /** The lines as bytes, each ended by LF. */
  readonly chunk: LogChunk;
  /** The sequence number of the first line. */
  readonly from: number;
  /** The sequence number of the last line. */
  readonly to: number;
  /** Whether the lines may be any text; otherwise each is the JSON of a record. */
  readonly raw: boolean;
  /** The lines as text without their LF; decoded once, however many readers ask. */
  lines(): readonly string[];
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

/** The end of the whole lines in `bytes` from `start` that fit `maxBytes`; one line always fits. */
export function endOfLines(bytes: Uint8Array, start: number, maxBytes: number): number {
  if (start + maxBytes >= bytes.length) return bytes.length;
  const end = bytes.lastIndexOf(LF, start + maxBytes - 1) + 1;
  return end > start ? end : bytes.indexOf(LF, start) + 1;
}

/** The chunk without the records below `seq`; undefined if nothing is left. */
export function chunkFrom(chunk: LogChunk, seq: number): LogChunk | undefined {
  const skip = seq - chunk.firstSeq;
  if (skip <= 0) return chunk;
  if (skip >= chunk.count) return undefined;
  const bytes = chunk.bytes.subarray(offsetOfLine(chunk.bytes, skip));
  return { firstSeq: seq, count: chunk.count - skip, bytes };
}

/** Gives a chunk the form in which readers get it. */
export function tailLines(chunk: LogChunk, raw: boolean): TailLines {
  let decoded: readonly string[] | undefined;
  return {
    kind: "lines",
    chunk,
    from: chunk.firstSeq,
    to: chunk.firstSeq + chunk.count - 1,
    raw,
    lines: () => decoded ??= decodeLines(chunk.bytes),
  };
}

function decodeLines(bytes: Uint8Array): readonly string[] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  lines.pop();
  return lines;
}
