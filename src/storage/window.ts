import type { LogChunk } from "./store.ts";

/** What a chunk costs beside its lines: its header in the slab, and the objects that describe it. */
const CHUNK_OVERHEAD_BYTES = 512;

/** What is kept while nobody looks: whoever comes back reads the disk up to here. */
const IDLE_BYTES = 256 * 1024;

/**
 * The newest lines of the log, kept in memory so that lanes and tail clients that keep up never read the
 * disk. Bounded by bytes; the oldest chunk goes first. When nobody found anything for as long as it takes
 * to fill it, it keeps little: lines that nobody takes, because a sink is dead, would grow old in it, and
 * an engine that collects old memory late holds many times as much.
 */
export class Window {
  readonly #maxBytes: number;
  #chunks: LogChunk[] = [];
  /** Chunks before this index are gone; the array is compacted when half of it is. */
  #head = 0;
  #bytes = 0;
  #bytesSinceFound = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Adds the lines just written. */
  push(chunk: LogChunk): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes.length + CHUNK_OVERHEAD_BYTES;
    this.#bytesSinceFound += chunk.bytes.length;
    const isIdle = this.#bytesSinceFound > this.#maxBytes;
    const maxBytes = isIdle ? Math.min(IDLE_BYTES, this.#maxBytes) : this.#maxBytes;
    while (this.#bytes > maxBytes && this.#head < this.#chunks.length - 1) {
      this.#bytes -= this.#chunks[this.#head++]!.bytes.length + CHUNK_OVERHEAD_BYTES;
    }
    if (this.#head > 4) this.#compact();
  }

  /** The chunk that holds the record `seq`, if it is still here. */
  find(seq: number): LogChunk | undefined {
    let low = this.#head;
    let high = this.#chunks.length - 1;
    if (low > high || seq < this.#chunks[low]!.firstSeq) return undefined;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#chunks[middle]!.firstSeq <= seq) low = middle;
      else high = middle - 1;
    }
    const chunk = this.#chunks[low]!;
    if (seq >= chunk.firstSeq + chunk.count) return undefined;
    this.#bytesSinceFound = 0;
    return chunk;
  }

  /** Forgets everything from `seq` on; a chunk that holds it goes as a whole. */
  forgetFrom(seq: number): void {
    while (this.#chunks.length > this.#head) {
      const { firstSeq, count, bytes } = this.#chunks.at(-1)!;
      if (firstSeq + count <= seq) return;
      this.#bytes -= bytes.length + CHUNK_OVERHEAD_BYTES;
      this.#chunks.pop();
    }
  }

  /** Forgets everything below `seq`. */
  forgetBelow(seq: number): void {
    while (this.#head < this.#chunks.length) {
      const chunk = this.#chunks[this.#head]!;
      if (chunk.firstSeq + chunk.count > seq) break;
      this.#bytes -= chunk.bytes.length + CHUNK_OVERHEAD_BYTES;
      this.#head++;
    }
    this.#compact();
  }

  /** An array that holds on to what was forgotten would hold on to its memory. */
  #compact(): void {
    if (this.#head * 2 <= this.#chunks.length) return;
    this.#chunks = this.#chunks.slice(this.#head);
    this.#head = 0;
  }
}
