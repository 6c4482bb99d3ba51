import type { LogChunk } from "../store.ts";

/**
 * The newest chunks, kept in memory so that who keeps up never asks the database. Bounded by bytes; the
 * oldest goes first.
 */
export class Recent {
  readonly #maxBytes: number;
  readonly #chunks: LogChunk[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Adds a chunk, which follows the last one. */
  push(chunk: LogChunk): void {
    this.#chunks.push(chunk);
    this.#bytes += costOf(chunk);
    while (this.#bytes > this.#maxBytes) this.#bytes -= costOf(this.#chunks.shift()!);
  }

  /** The chunk that holds the record `seq`, if it is here. */
  find(seq: number): LogChunk | undefined {
    const oldest = this.#chunks[0];
    if (oldest === undefined || seq < oldest.firstSeq) return undefined;
    // Who reads here is near the end.
    const chunk = this.#chunks.findLast(({ firstSeq }) => firstSeq <= seq)!;
    return seq < chunk.firstSeq + chunk.count ? chunk : undefined;
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks.length = this.#bytes = 0;
  }
}

/** A small chunk is dearer than its bytes: the buffer it shares, and the objects that describe it. */
function costOf(chunk: LogChunk): number {
  return chunk.bytes.length + 512;
}

/** The part of a chunk from the record `seq` on. */
export function chunkFrom(chunk: LogChunk, seq: number): LogChunk {
  let skip = seq - chunk.firstSeq;
  if (skip <= 0) return chunk;
  const count = chunk.count - skip;
  let at = 0;
  while (skip-- > 0) at = chunk.bytes.indexOf(0x0a, at) + 1;
  return { firstSeq: seq, count, bytes: chunk.bytes.subarray(at) };
}
