import type { Clock } from "../../clock.ts";
import type { CursorRow } from "../store.ts";
import type { Database } from "./database.ts";
import { rowBytes, type Slice } from "./slices.ts";
import type { StagedChunk } from "./staging.ts";
import type { LogTables } from "./tables.ts";

/** How much of a log is kept. */
export interface SliceLimits {
  /** Bytes of settled rows to keep, or "all". */
  readonly retain: number | "all";
  /** Settled rows older than this go all the same. */
  readonly retainAgeMs: number;
  /** The log is full at this size. */
  readonly maxBytes: number;
}

/** How long the longest slice may be: removing one holds the event loop for about 3 ms. */
const MAX_SLICE_BYTES = 1024 * 1024;

/**
 * The rows of a log, cut into slices, so that old rows go in steps of bounded length. Every change is one
 * transaction, and counts only once it is committed.
 */
export class SlicedRows {
  /** A slice is followed by a new one at this size. */
  readonly maxSliceBytes: number;
  readonly #database: Database;
  readonly #tables: LogTables;
  readonly #limits: SliceLimits;
  readonly #clock: Clock;
  /** Oldest first; the last one is being written. There is always one. */
  readonly #slices: Slice[];
  #bytes: number;

  constructor(
    database: Database,
    tables: LogTables,
    slices: Slice[],
    limits: SliceLimits,
    clock: Clock,
  ) {
    this.#database = database;
    this.#tables = tables;
    this.#slices = slices;
    this.#limits = limits;
    this.#clock = clock;
    this.maxSliceBytes = Math.min(MAX_SLICE_BYTES, Math.floor(limits.maxBytes / 16));
    this.#bytes = slices.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The sequence number of the oldest row. */
  get firstSeq(): number {
    return this.#slices[0]!.first;
  }

  /** Where the second slice begins. */
  get secondFirstSeq(): number | undefined {
    return this.#slices[1]?.first;
  }

  /** Bytes of all rows. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many slices. */
  get count(): number {
    return this.#slices.length;
  }

  /** The size at which the log is full. */
  get maxBytes(): number {
    return this.#limits.maxBytes;
  }

  /** Whether the log, with so many bytes more, is at its limit. */
  isFull(stagedBytes: number): boolean {
    return this.#bytes + stagedBytes >= this.#limits.maxBytes;
  }

  /** Puts chunks of lines behind the others. */
  insert(chunks: readonly StagedChunk[]): void {
    const last = this.#slices.at(-1)!;
    const next = last.bytes >= this.maxSliceBytes
      ? { first: chunks[0]!.chunk.firstSeq, bytes: 0, createdMs: this.#clock.now() }
      : undefined;
    const bytes = bytesOf(chunks);
    this.#database.write(bytes, () => {
      if (next !== undefined) {
        this.#tables.sealSlice(last);
        this.#tables.addSlice(next);
      }
      for (const chunk of chunks) this.#tables.insert(chunk);
    });
    if (next !== undefined) this.#slices.push(next);
    (next ?? last).bytes += bytes;
    this.#bytes += bytes;
  }

  /** Whether the oldest slice may go: it is settled, and beyond what is kept or in the way. */
  canRemove(seq: number, full: boolean): boolean {
    const [oldest, next] = this.#slices;
    if (oldest === undefined || next === undefined || next.first > seq) return false;
    if (full) return true;
    const { retain, retainAgeMs } = this.#limits;
    if (retain === "all") return false;
    return this.#bytes - oldest.bytes >= retain ||
      this.#clock.now() - next.createdMs > retainAgeMs;
  }

  /** Removes the oldest slice; there must be another one. */
  removeOldest(): void {
    const [oldest, next] = this.#slices;
    this.#database.write(oldest!.bytes, () => {
      this.#tables.remove(oldest!.first, next!.first);
      this.#tables.removeSlice(oldest!);
      this.#tables.forgetInputsBelow(next!.first);
    });
    this.#slices.shift();
    this.#bytes -= oldest!.bytes;
  }

  /** Removes the rows below `seq`, which lies in the oldest slice or right behind it. */
  removeBelow(seq: number): void {
    const oldest = this.#slices[0]!;
    const bytes = this.#tables.bytesBetween(oldest.first, seq);
    const rest = { ...oldest, first: seq, bytes: oldest.bytes - bytes };
    this.#database.write(bytes, () => {
      this.#tables.remove(oldest.first, seq);
      this.#tables.removeSlice(oldest);
      this.#tables.addSlice(rest);
      this.#tables.forgetInputsBelow(seq);
    });
    this.#slices[0] = rest;
    this.#bytes -= bytes;
  }

  /** Removes the rows from `seq` up to `endSeq`, where the log ends, and stores what cursors are left. */
  removeFrom(seq: number, endSeq: number, cursors: readonly CursorRow[]): void {
    const later = this.#slices.findIndex(({ first }, i) => i > 0 && first >= seq);
    const kept = later < 0 ? this.#slices.length : later;
    const last = this.#slices[kept - 1]!;
    const bytes = this.#tables.bytesBetween(last.first, seq);
    this.#database.write(0, () => {
      this.#tables.remove(seq, endSeq);
      for (const slice of this.#slices.slice(kept)) this.#tables.removeSlice(slice);
      this.#tables.forgetInputsFrom(seq);
      this.#tables.saveCursors(cursors);
    });
    this.#slices.length = kept;
    last.bytes = bytes;
    this.#bytes = this.#slices.reduce((sum, slice) => sum + slice.bytes, 0);
  }
}

function bytesOf(chunks: readonly StagedChunk[]): number {
  return chunks.reduce((sum, { chunk }) => sum + rowBytes(chunk.bytes.length, chunk.count), 0);
}
