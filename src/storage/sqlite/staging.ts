import type { InputMark, LogChunk } from "../store.ts";

/** A chunk of lines on its way into the table. */
export interface StagedChunk {
  /** The lines, as readers get them. */
  readonly chunk: LogChunk;
  /** The byte after each line's LF. */
  readonly ends: readonly number[];
  /** The last place of each input met in these lines. */
  readonly marks: ReadonlyMap<string, InputMark>;
}

const encoder = new TextEncoder();

/** Gathers lines into chunks of at most so many bytes, or one line. */
export class Staging {
  readonly #maxChunkBytes: number;
  #buffer = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #firstSeq = 0;
  #ends: number[] = [];
  #marks = new Map<string, InputMark>();
  #chunks: StagedChunk[] = [];
  #chunkBytes = 0;

  constructor(maxChunkBytes: number) {
    this.#maxChunkBytes = maxChunkBytes;
  }

  /** Bytes staged. */
  get bytes(): number {
    return this.#chunkBytes + this.#end - this.#start;
  }

  /** Adds a line, which gets the sequence number `seq`. */
  add(line: string, seq: number, mark: InputMark | undefined): void {
    if (this.#end - this.#start + line.length > this.#maxChunkBytes) this.#close();
    let written = this.#encode(line);
    if (written === undefined || this.#end - this.#start + written > this.#maxChunkBytes) {
      this.#close();
      this.#makeRoom(3 * line.length);
      written = this.#encode(line)!;
    }
    if (this.#ends.length === 0) this.#firstSeq = seq;
    this.#end += written;
    this.#ends.push(this.#end - this.#start);
    if (mark !== undefined) this.#marks.set(mark.file, mark);
  }

  /** The bytes of the line, now behind the others; undefined if there is no room. */
  #encode(line: string): number | undefined {
    const { read, written } = encoder.encodeInto(line, this.#buffer.subarray(this.#end));
    return read === line.length ? written : undefined;
  }

  /** Chunks share a buffer as long as there is room. */
  #makeRoom(bytes: number): void {
    if (this.#buffer.length - this.#end >= bytes) return;
    this.#buffer = new Uint8Array(Math.max(this.#maxChunkBytes, bytes));
    this.#start = this.#end = 0;
  }

  #close(): void {
    const count = this.#ends.length;
    if (count === 0) return;
    const bytes = this.#buffer.subarray(this.#start, this.#end);
    const chunk = { firstSeq: this.#firstSeq, count, bytes };
    this.#chunks.push({ chunk, ends: this.#ends, marks: this.#marks });
    this.#chunkBytes += bytes.length;
    this.#start = this.#end;
    this.#ends = [];
    this.#marks = new Map();
  }

  /** The chunks, oldest first, the one that is being filled closed. They stay until `shift`. */
  chunks(): readonly StagedChunk[] {
    this.#close();
    return this.#chunks;
  }

  /** Forgets all that is staged. */
  clear(): void {
    this.shift(this.chunks().length);
  }

  /** The oldest `count` chunks are in the table. */
  shift(count: number): void {
    for (const { chunk } of this.#chunks.splice(0, count)) this.#chunkBytes -= chunk.bytes.length;
  }
}
