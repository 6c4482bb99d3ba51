import type { DeadLetter, DeadLetterFailure } from "./dead_letter.ts";
import type { DeadLetterFilter, DeadLetterListOptions } from "./dead_letter_filter.ts";
import type { DeadLetterEvictions } from "./dead_letter_limits.ts";
import type { ReplayOptions, ReplayReport } from "./dead_letter_replay.ts";
import type { ImportReport, LetterLines } from "./dead_letter_transfer.ts";

/** Figures of the dead letters. Counters run since this process opened them. */
export interface DeadLetterStats {
  /** Entries held. */
  readonly held: number;
  /** Bytes of their lines. */
  readonly bytes: number;
  /** Entries added, updates of held ones not counted. */
  readonly added: number;
  /** Failures that updated a held entry, those of replays included. */
  readonly updated: number;
  /** Entries delivered by a replay, and removed for it. */
  readonly replayed: number;
  /** Entries removed by `remove` and `purge`. */
  readonly removed: number;
  /** Entries given up, by the limit that they passed. */
  readonly evicted: DeadLetterEvictions;
  /** Lines that could not be read or understood. */
  readonly unreadable: number;
}

/**
 * Records that could not be delivered, over a log of their own. All methods may be called at any time,
 * also during a replay; changes are made one after another.
 */
export interface DeadLetters extends AsyncDisposable {
  /** Entries held. */
  readonly size: number;
  /** Entries added since this process opened it, updates of held ones not counted. */
  readonly added: number;
  /**
   * Adds failures, and resolves when they are durable as the log defines it: a lane moves on only then.
   * One whose id is held updates that entry: its first times stay, its attempts add up.
   *
   * @throws {DeadLettersFullError} If there is no room and `onFull` is `park`; nothing was added
   * @throws {StoreFailedError} If the log cannot be written
   */
  add(failures: readonly DeadLetterFailure[]): Promise<void>;
  /**
   * The entries that fit, the one that failed first at first. Those added after the call are left out,
   * those removed meanwhile too; nothing is read ahead by more than a frame of the log.
   */
  list(options?: DeadLetterListOptions): AsyncIterable<DeadLetter>;
  /** An entry; undefined if it is not held. */
  get(id: string): Promise<DeadLetter | undefined>;
  /**
   * Sends entries again, the oldest first, one after another. An entry is removed, durably, after its
   * sink took it, and not before; one that fails stays and counts a replay more. A crash in between may
   * deliver a record twice, and loses none. Replayed records come after all that were delivered
   * meanwhile: a replay never restores order. Works on the entries held when it is called.
   *
   * @throws {Error} If a replay is under way, or there is nowhere to send to
   * @throws {RangeError} If `limit` or `ratePerSecond` is out of its range
   */
  replay(options?: ReplayOptions): Promise<ReplayReport>;
  /** Removes entries, by their ids or by what they are; answers how many, when that is durable. */
  remove(which: readonly string[] | DeadLetterFilter): Promise<number>;
  /** Removes all entries; answers how many there were, when that is durable. */
  purge(): Promise<number>;
  /** The entries that fit as NDJSON, oldest first: a line each, ended by LF. */
  exportLines(filter?: DeadLetterFilter): AsyncIterable<string>;
  /** The same as a stream of bytes. */
  readable(filter?: DeadLetterFilter): ReadableStream<Uint8Array>;
  /**
   * Takes entries in that were exported: lines of text, or the bytes of a stream. Ids and first times
   * stay. An id that is held is updated with the later failure; to import the same twice changes nothing.
   *
   * @throws {SyntaxError} If a line is no entry; those before it were imported
   * @throws {DeadLettersFullError} If there is no room and `onFull` is `park`
   */
  importFrom(lines: LetterLines): Promise<ImportReport>;
  /** Figures. */
  stats(): DeadLetterStats;
  /** Ends a replay under way and gives the log back. A second call does nothing. */
  close(): Promise<void>;
}
