import type { Clock } from "../clock.ts";
import type { RecordInput } from "../record/record.ts";
import type { LogChunk, LogReader } from "../storage/store.ts";
import type { TailCursor, TailGap } from "./cursor.ts";
import type { TailFrom } from "./from.ts";
import type { TailBatch } from "./lines.ts";
import type { TailFilterInput } from "./matching.ts";
import type { TailReadableOptions } from "./readable.ts";
import type { SeekBackOptions } from "./seek_back.ts";
import type { TailHandler, TailSubscribeOptions, TailSubscription } from "./subscription.ts";

export type { TailFrom } from "./from.ts";
export type { TailReadableOptions } from "./readable.ts";

/** What a tail is made with. */
export interface TailOptions {
  /** The most bytes kept; 16 KiB unless given (4 MiB once mounted), 256 at least. */
  readonly maxBytes?: number;
  /** What is left when `maxBytes` is passed; half of it unless given, 128 at least. */
  readonly keepBytes?: number;
  /**
   * Names this run of the writer, so that readers see a restart: 1 to 64 letters, digits, dots, `_` or
   * `-`; random unless given.
   */
  readonly run?: string;
  /** The sequence number of the first line to come; 1 unless given. */
  readonly nextSeq?: number;
  /** Opens a reader over older records, for places that the ring has left. */
  readonly history?: (fromSeq: number) => LogReader;
  /**
   * Tells the oldest sequence number that `history` can read now, so that clients know how far back they
   * may ask; that of the ring unless given.
   */
  readonly oldestSeq?: () => number;
  /** Time; the system's unless given. */
  readonly clock?: Clock;
}

/** Figures of a tail. */
export interface TailStats {
  /** Readers that are open, those of streams and subscribers included. */
  readonly clients: number;
  /** Those of them that are subscribers. */
  readonly subscribers: number;
  /** Records between the newest and the reader that is furthest behind. */
  readonly maxLag: number;
  /** Bytes kept. */
  readonly bytes: number;
  /** The most bytes kept. */
  readonly maxBytes: number;
  /** The sequence number of the oldest line kept. */
  readonly firstSeq: number;
  /** The sequence number that the next line will have. */
  readonly nextSeq: number;
  /** Gaps that readers were told. */
  readonly gaps: number;
  /** Records that readers were told they missed. */
  readonly missed: number;
  /** Calls of subscribers that failed. */
  readonly failed: number;
}

/**
 * A live tail. Writers never wait: `push` and `write` copy into the ring and return. A reader that falls
 * behind reads from history, or is told exactly how many records it missed. Waiting readers are woken
 * together, at most once in 50 ms. A tail keeps no process alive.
 */
export interface Tail extends Disposable, AsyncIterable<TailBatch | TailGap> {
  /** Names this run of the writer. */
  readonly run: string;
  /** The sequence number of the first line of this run. */
  readonly startSeq: number;
  /** Whether older records than the ring keeps can be read. */
  readonly hasHistory: boolean;
  /** The oldest sequence number that can be read, of the ring or of the history behind it. */
  readonly oldestSeq: number;
  /** Whether `close` was called. */
  readonly closed: boolean;
  /** Takes lines of a log. Copies at most what is kept; does nothing on a closed tail. */
  push(chunk: LogChunk): void;
  /**
   * Takes a record, or text or bytes, one line or several with LF between them, and numbers the lines
   * itself: for a tail without a pipeline. Bytes are kept as they are; the LF at the end may be missing.
   * Empty input is ignored, and so is everything on a closed tail. The caller may change what it passed.
   *
   * @throws {TypeError} If a record is malformed
   * @throws {Error} If the lines come from a log, as those of a pipeline do: write there
   */
  write(line: string | Uint8Array | RecordInput): void;
  /**
   * Opens a reader; `"kept"` unless told otherwise. Close it when done. Lines that have no time count for
   * `{ since }` as the ones before them; in history, times are taken to be in order.
   *
   * @throws {RangeError | TypeError} If there can be no such place
   */
  cursor(from?: TailFrom): TailCursor;
  /**
   * Lines and gaps as a stream that is pulled (highWaterMark 0); it ends when the tail is closed and
   * all is read.
   *
   * @throws {RangeError | TypeError} If an option is out of range or of the wrong kind
   */
  readable(options?: TailReadableOptions): ReadableStream<TailBatch | TailGap>;
  /** As `readable()`, for `for await`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TailBatch | TailGap>;
  /** Hands lines that come after the call to `fn`; see the other form. */
  subscribe(fn: TailHandler): TailSubscription;
  /**
   * Hands lines to `fn`, in the background, in order, one call at a time. A slow or failing subscriber
   * delays nobody and holds one batch of 64 KiB, no more: it falls behind, as every reader, and what
   * the tail no longer has is a gap. An object without a key of the options is a filter.
   *
   * @throws {RangeError | TypeError} If an option is out of range or of the wrong kind
   */
  subscribe(
    options: TailSubscribeOptions | TailFilterInput,
    fn: TailHandler,
  ): TailSubscription;
  /**
   * The newest `n` lines that the ring keeps and the filter lets pass, oldest first, without their LF.
   *
   * @throws {RangeError | TypeError} If `n` or the filter is not allowed
   */
  recent(n: number, filter?: TailFilterInput): string[];
  /**
   * Looks back through ring and history for a place with `matches` matching records from it on, and
   * resolves to its sequence number; to the oldest that was looked at if there are fewer. Works in turns
   * of at most 20 ms, so that it holds up nobody.
   *
   * @throws {RangeError} If a number is out of range
   */
  seekBack(options: SeekBackOptions): Promise<number>;
  /** Changes the bound of the ring; cuts at once when more is held. */
  resize(maxBytes: number, keepBytes?: number): void;
  /**
   * The tail is shown to people: the ring grows to 4 MiB, unless `maxBytes` was given or `resize` was
   * called. A second call does nothing.
   */
  mount(): void;
  /** Figures. Counts the lines kept, so it is not for every record. */
  stats(): TailStats;
  /** Takes nothing more; readers get what is left and then end. A second call does nothing. */
  close(): void;
}
