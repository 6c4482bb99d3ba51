import type { Clock } from "../clock.ts";
import type { LogChunk, LogReader } from "../storage/store.ts";
import type { TailCursor, TailGap } from "./cursor.ts";
import type { TailLines } from "./lines.ts";

/** What a tail is made with. */
export interface TailOptions {
  /** The most bytes kept; 16 KiB unless given, 256 at least. 1 MiB suits a page that people watch. */
  readonly maxBytes?: number;
  /** What is left when `maxBytes` is passed; half of it unless given, 128 at least. */
  readonly keepBytes?: number;
  /** Names this run of the writer, so that readers see a restart; random unless given. */
  readonly run?: string;
  /** The sequence number of the first line to come; 1 unless given. */
  readonly nextSeq?: number;
  /** Opens a reader over older records, for places that the ring has left. */
  readonly history?: (fromSeq: number) => LogReader;
  /** Time; the system's unless given. */
  readonly clock?: Clock;
}

/**
 * Where a reader begins: at a sequence number (of an earlier run, if `run` says so), at the last `n`
 * records, at everything the ring keeps, or at the next record.
 */
export type TailFrom =
  | { readonly seq: number; readonly run?: string }
  | { readonly last: number }
  | "kept"
  | "live";

/** Options of {@linkcode Tail.readable}. */
export interface TailReadableOptions {
  /** Where to begin; `"kept"` unless given. */
  readonly from?: TailFrom;
  /** The most bytes in one batch; 64 KiB unless given. */
  readonly maxBytes?: number;
}

/** Figures of a tail. */
export interface TailStats {
  /** Readers that are open. */
  readonly clients: number;
  /** Bytes kept. */
  readonly bytes: number;
  /** The sequence number of the oldest line kept. */
  readonly firstSeq: number;
  /** The sequence number that the next line will have. */
  readonly nextSeq: number;
  /** Records that readers were told they missed. */
  readonly missed: number;
}

/**
 * A live tail. Writers never wait: `push` and `write` copy into the ring and return. A reader that falls
 * behind reads from history, or is told exactly how many records it missed.
 */
export interface Tail extends Disposable {
  /** Names this run of the writer. */
  readonly run: string;
  /** The sequence number of the first line of this run. */
  readonly startSeq: number;
  /** Whether `close` was called. */
  readonly closed: boolean;
  /** Takes lines of a log. Copies at most what is kept; does nothing on a closed tail. */
  push(chunk: LogChunk): void;
  /**
   * Takes text or bytes, one line or several with LF between them, and numbers the lines itself: for a
   * tail without a pipeline. The LF at the end may be missing; empty input is ignored.
   */
  write(line: string | Uint8Array): void;
  /** Opens a reader; `"kept"` unless told otherwise. Close it when done. */
  cursor(from?: TailFrom): TailCursor;
  /**
   * Lines and gaps as a stream that is pulled (highWaterMark 0); it ends when the tail is closed and
   * all is read.
   */
  readable(options?: TailReadableOptions): ReadableStream<TailLines | TailGap>;
  /** The newest `n` lines that the ring keeps, oldest first, without their LF. */
  recent(n: number): string[];
  /** Changes the bound of the ring; cuts at once when more is held. */
  resize(maxBytes: number, keepBytes?: number): void;
  /** Figures. Counts the lines kept, so it is not for every record. */
  stats(): TailStats;
  /** Takes nothing more; readers get what is left and then end. A second call does nothing. */
  close(): void;
}
