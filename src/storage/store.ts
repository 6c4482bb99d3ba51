/**
 * The two contracts of storage. A {@linkcode FileStore} keeps bytes and knows nothing of records; the
 * write-ahead log is built on it. A {@linkcode LogStore} is a whole log of lines with sequence numbers;
 * pipeline, lanes and dead letters are built on it.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { LatencyStats } from "../metrics/histogram.ts";

/** A file of a {@linkcode FileStore}. One writer; any number of reads at once. */
export interface StoreFile {
  /** The name within the store. */
  readonly name: string;
  /** Bytes in the file: those found when it was opened and those written since. */
  readonly size: number;
  /**
   * Appends bytes at once, as one write(2), and returns how many were taken, which may be fewer.
   * The caller never changes the bytes afterwards.
   */
  writeSync(bytes: Uint8Array): number;
  /** Writes all bytes at an offset, at once. */
  writeAtSync(bytes: Uint8Array, offset: number): void;
  /**
   * Makes room behind the end, at once, so that the next appends change no size: a sync then has less to
   * do. The room reads as zeros, `size` does not count it, and `truncate` gives it back. Optional.
   */
  reserveSync?(bytes: number): void;
  /** Reads into `into` from `offset`; returns the count, 0 at the end of the file. */
  read(into: Uint8Array, offset: number): Promise<number>;
  /**
   * As `read`, at once: for a few bytes of each of many files, where the way to another thread and back
   * takes longer than the read. Optional.
   */
  readSync?(into: Uint8Array, offset: number): number;
  /** Makes everything written so far survive a power cut (fdatasync). */
  sync(): Promise<void>;
  /**
   * As `sync`, at once. Never called while a `sync` of the same file is under way: a system may tell a
   * failure to one of the two alone. There if the store has `syncFolderSync`.
   */
  syncSync?(): void;
  /** Cuts the file to `size` bytes; gives back what was reserved. */
  truncate(size: number): Promise<void>;
  /** As `truncate`, at once. There if the store has `syncFolderSync`. */
  truncateSync?(size: number): void;
  /** Gives the descriptor back. A second call does nothing. */
  close(): void;
}

/** A name and a size, as `FileStore.list` gives them. */
export interface StoreEntry {
  /** The name within the store. */
  readonly name: string;
  /** Bytes in the file. */
  readonly size: number;
}

/** Bytes under the write-ahead log: one flat folder of files. */
export interface FileStore {
  /** How messages call this store: the folder's path, or "memory". */
  readonly label: string;
  /** What synced bytes survive: the end of nothing (`process`), or of process and power (`disk`). */
  readonly keeps: "process" | "disk";
  /**
   * Names the run of the machine that keeps unsynced bytes: while it is the same, nothing that was
   * written is lost, synced or not. Empty if unknown.
   */
  readonly boot: string;
  /** Makes the store ready (creates the folder) and takes its lock for this process. */
  open(): Promise<void>;
  /**
   * Whether the lock that `open` took is still ours. Asked before each acknowledgement, so that a process
   * that slept while another one took its place never promises what that one does not know of.
   */
  isHeld(): boolean;
  /** All files, in no order. */
  list(): Promise<StoreEntry[]>;
  /** Creates a file that must not exist, at once. */
  createSync(name: string): StoreFile;
  /**
   * Opens an existing file.
   *
   * @param access What it is opened for; for `read` no permission to write is needed
   */
  openFile(name: string, access: "read" | "write"): Promise<StoreFile>;
  /** Gives a file another name, in place of one that may have it. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. */
  remove(name: string): Promise<void>;
  /** Makes created and removed names survive a power cut. */
  syncFolder(): Promise<void>;
  /**
   * As `syncFolder`, at once. Optional: a store that has it, and `syncSync` and `truncateSync` in its
   * files, can keep a log whose records are durable when the call that writes them returns.
   */
  syncFolderSync?(): void;
  /** CRC-32 (IEEE) of the bytes. */
  crc32(bytes: Uint8Array): number;
  /** Calls `spill` when the process is about to end; the answer withdraws it. */
  onExit(spill: () => void): () => void;
  /** A store of the same kind inside this one, under the same lock (for the dead letters). */
  inner(name: string): FileStore;
  /** Gives the lock back. */
  close(): Promise<void>;
}

/** Where in a followed or piped file a record came from; rides in the log with the record. */
export interface InputMark {
  /**
   * What the input is called in the log: for a file that is followed the path at which it was first seen,
   * absolute, and its device and inode, so that it is the same after a rotation.
   */
  readonly file: string;
  /** The byte offset after the record's line. */
  readonly offset: number;
  /** What tells the file from another of the same name: device, inode and a fingerprint. */
  readonly id: string;
}

/** A run of records without holes: `count` of them, from `firstSeq`. */
export interface SeqRun {
  /** The sequence number of the first. */
  readonly firstSeq: number;
  /** How many. */
  readonly count: number;
}

/** Lines that stand one after another in the log. `bytes` holds `count` lines, each ended by LF. */
export interface LogChunk extends SeqRun {
  /** The lines, UTF-8; never changed afterwards. */
  readonly bytes: Uint8Array;
}

/** Records that the log no longer holds, met by a reader. */
export interface LogGap extends SeqRun {
  /** `damaged`: checksum failed; `trimmed`: the segment was removed to stay within the limit. */
  readonly reason: "damaged" | "trimmed";
}

/** What a read gives: lines, or the news that there are none at this place. */
export type LogRead =
  | { readonly kind: "lines"; readonly chunk: LogChunk }
  | { readonly kind: "gap"; readonly gap: LogGap }
  | { readonly kind: "end" };

/** A reader's own place in a log: it remembers where it was, so that going on costs no search. */
export interface LogReader {
  /** The sequence number of the next record this reader gives. */
  readonly nextSeq: number;
  /**
   * The next lines, at most a frame of them; answers without a promise where they are in memory.
   * Never waits for new records: at the end of the log it says so.
   */
  next(): LogRead | Promise<LogRead>;
  /** Moves to another place. */
  seek(seq: number): void;
  /** Gives descriptors back. */
  close(): void;
}

/** A lane's place and counts, stored together so that they hold after a crash. */
export interface CursorRow {
  /** The lane's name. */
  readonly lane: string;
  /** The lane began to owe records at this sequence number. */
  readonly since: number;
  /** Every record below this one is settled. */
  readonly nextSeq: number;
  /** Records delivered, below `nextSeq`. */
  readonly delivered: number;
  /** Records in the dead letters, below `nextSeq`. */
  readonly deadLettered: number;
  /** Records dropped, by reason; `overflow` ones never had a sequence number. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Records that the lane's filter left out. */
  readonly filtered: number;
  /** Records sent again after a send that may have succeeded. No state: repeats. */
  readonly redelivered: number;
  /** Those of the delivered that the fallback sink took. */
  readonly fallback?: number;
  /** Since when no sink of this name was there, in milliseconds since 1970. */
  readonly orphanedAt?: number;
  /** What the sink asked to remember, at most 256 bytes. */
  readonly checkpoint?: string;
}

/** What happened to a log, told to the pipeline's `onEvent`. */
export interface LogNotice {
  /** What kind of thing happened. */
  readonly kind: "torn-tail" | "damage" | "clamped" | "limit" | "write-failed" | "failed";
  /** One sentence for people. */
  readonly message: string;
}

/** Figures of a log. */
export interface LogStats {
  /** Bytes in all segments. */
  readonly bytes: number;
  /** The size at which the log is full; undefined if the store does not tell. */
  readonly maxBytes?: number;
  /** Segments that exist. */
  readonly segments: number;
  /** Records from the oldest to the newest, damaged ones included. */
  readonly entries: number;
  /** Those of them that were found to be damaged, since the log was opened. */
  readonly damaged: number;
  /** fdatasync calls that ended well. */
  readonly syncs: number;
  /** write(2) calls. */
  readonly writes: number;
  /**
   * How long syncs took that ended well; undefined if the store does not tell. A sync that a caller waits
   * for at once, as `appendSync` does, is counted and not timed.
   */
  readonly syncLatency?: LatencyStats;
}

/** What a log was asked to be. */
export interface LogSettings {
  /**
   * When a record counts as durable: `always` after fdatasync (group commit; survives a power cut),
   * `interval` and `never` after write(2) (survives a kill).
   *
   * @default {"always"}
   */
  readonly sync?: SyncPolicy;
  /** With `interval`: the longest time in milliseconds that a record stays unsynced. @default {500} */
  readonly syncIntervalMs?: number;
  /** Bytes of delivered records to keep for history and replay, or "all". @default {67108864} */
  readonly retain?: number | "all";
  /** Delivered records older than this go even when `retain` has room. @default {Infinity} */
  readonly retainAgeMs?: number;
  /** The log is full at this size. @default {4294967296} (4 GiB) */
  readonly maxBytes?: number;
  /**
   * Asks for `appendSync`. With `sync: "always"` every sync of records is then done at once, in the
   * calling thread, so that none is ever under way when another one begins.
   *
   * @default {false}
   */
  readonly atOnce?: boolean;
  /** Told of repairs, damage and limits. */
  readonly onNotice?: (notice: LogNotice) => void;
  /** Time. */
  readonly clock?: Clock;
}

/** When written records are synced: before they are acknowledged, every so often, or never. */
export type SyncPolicy = "always" | "interval" | "never";

/** A store that keeps whole logs by itself, such as tables of a database, rather than bytes. */
export interface LogProvider {
  /** How messages call this store. */
  readonly label: string;
  /** What synced lines survive: the end of nothing (`process`), or of process and power (`disk`). */
  readonly keeps: "process" | "disk";
  /** Opens the log of this name, which is created if it is missing; one opening at a time. */
  openLog(name: string, settings: LogSettings): Promise<LogStore>;
}

/** A record and its place. */
export interface LogEntry {
  /** Its sequence number. */
  readonly seq: number;
  /** Its line, without the LF. */
  readonly line: string;
}

/** A whole log: lines in order, each with a sequence number; one writer, many readers. */
export interface LogStore {
  /** Names the log for ever: 16 hexadecimal digits. */
  readonly logId: string;
  /** `logId` and the number of this opening: changes with every start. */
  readonly run: string;
  /** What an acknowledgement (`sync`) means: lines survive nothing, a kill, or a power cut. */
  readonly acknowledges: "memory" | "kill" | "power-cut";
  /** Whether a caller may write inline when the buffer is full. */
  readonly absorbs: boolean;
  /** The oldest sequence number that can still be read. */
  readonly firstSeq: number;
  /** The sequence number that the next staged line gets. */
  readonly nextSeq: number;
  /** Every line below this one is written: readers see it. */
  readonly writtenSeq: number;
  /** Every line below this one is durable as `acknowledges` says. */
  readonly durableSeq: number;
  /** Bytes that are staged and not written. */
  readonly stagedBytes: number;
  /** Set once the log can take no more: disk errors that are not of the passing kind. */
  readonly failure: Error | undefined;
  /** Whether the limit of the log is reached, so that nothing may be staged. */
  readonly full: boolean;
  /** Records below this one would have to be given up to free the oldest segment. */
  readonly evictTo: number;
  /** The last known place of each input. */
  readonly inputs: ReadonlyMap<string, InputMark>;
  /** Stages a line (ended by LF, no other LF in it) and returns its sequence number. No I/O. */
  stage(line: string, mark?: InputMark): number;
  /**
   * The same for a line that the caller encoded, who vouches for the LF: to look at the last character of
   * a text that was just put together makes the engine copy it whole. Left out, `stage` is used.
   */
  stageEncoded?(line: string, mark?: InputMark): number;
  /** Writes what is staged, at once. True if all of it was written; false while the disk refuses. */
  flushSync(): boolean;
  /** Writes what is staged and resolves when it is durable. One promise a commit. */
  sync(): Promise<void>;
  /**
   * Takes one line (as `stage` does) behind all that is staged, writes it and, where `acknowledges` is
   * `power-cut`, syncs it, at once. True if it is acknowledged when this returns. False if that cannot be
   * now, whatever the reason: then the log does not have the line, no number was given to it and nobody
   * was told of it; only a process that ends before the next line was taken may leave it behind. There if
   * the log was opened with `atOnce` on a store that can.
   */
  appendSync?(line: string, mark?: InputMark): boolean;
  /** Calls `listener` after each write with the lines written; the answer withdraws it. */
  onWritten(listener: (chunk: LogChunk) => void): () => void;
  /** A reader that starts at `fromSeq`. */
  reader(fromSeq: number): LogReader;
  /** The stored cursors. */
  cursors(): readonly CursorRow[];
  /** Stores the cursors, at once, without a sync. */
  saveCursorsSync(rows: readonly CursorRow[]): void;
  /** Syncs the cursors. */
  syncCursors(): Promise<void>;
  /**
   * No lane needs the records below `seq` any more: they need not be kept in memory for those that keep
   * up.
   */
  release?(seq: number): void;
  /** Whether `trim` would remove something. */
  canTrim(seq: number): boolean;
  /** Removes whole segments of which all records are below `seq`, as far as `retain` allows. */
  trim(seq: number): Promise<void>;
  /**
   * Gives up every record below `seq`, whatever `retain` says; durable when resolved. Space may come back
   * later than that.
   */
  truncateBefore(seq: number): Promise<void>;
  /**
   * Gives up every record above `seq`; durable when resolved. The next record gets the number `seq + 1`.
   *
   * @throws {RangeError} If `seq` is below the record before the oldest
   */
  truncateAfter(seq: number): Promise<void>;
  /** Gives back space that holds no record, and joins what many short runs have left. */
  compact(): Promise<void>;
  /** Figures. */
  stats(): LogStats;
  /** Flushes, syncs, and gives everything back. */
  close(): Promise<void>;
}
