import type { LogChunk } from "../storage/store.ts";
import { batchOf, type LineBatch, splitChunk } from "./batch.ts";

/** How much a lane takes at once. */
export interface ClaimLimits {
  /** Records, at most. */
  readonly maxRecords: number;
  /** Bytes, at most; a single record may be larger. */
  readonly maxBytes: number;
}

/** A batch that is being filled with chunks that follow each other. */
export class BatchFill {
  readonly limits: ClaimLimits;
  readonly #chunks: LogChunk[] = [];
  #records = 0;
  #bytes = 0;

  constructor(limits: ClaimLimits) {
    this.limits = limits;
  }

  /** Whether nothing more goes in. */
  get isFull(): boolean {
    const { maxRecords, maxBytes } = this.limits;
    return this.#records >= maxRecords || this.#bytes >= maxBytes;
  }

  /**
   * Takes a chunk, and answers what is left of it. One that does not fit as a whole starts the next batch,
   * unless this one is empty.
   */
  add(chunk: LogChunk): LogChunk | undefined {
    const maxRecords = this.limits.maxRecords - this.#records;
    const maxBytes = this.limits.maxBytes - this.#bytes;
    const fits = chunk.count <= maxRecords && chunk.bytes.length <= maxBytes;
    if (!fits && this.#chunks.length > 0) return chunk;
    const [part, rest] = splitChunk(chunk, maxRecords, maxBytes);
    this.#chunks.push(part);
    this.#records += part.count;
    this.#bytes += part.bytes.length;
    return rest;
  }

  /** What was taken. */
  batch(): LineBatch {
    return batchOf(this.#chunks);
  }
}
