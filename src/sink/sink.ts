/**
 * What a destination for records is.
 *
 * @module
 */
import type { LogRecord } from "../record/record.ts";
import type { SeqRun } from "../storage/store.ts";

/** Records handed to a sink together. Decodes only what is asked for. */
export interface Batch {
  /** Where the records stand in the log: runs without holes, in order. */
  readonly runs: readonly SeqRun[];
  /** How many records. */
  readonly count: number;
  /** The records as NDJSON: `count` lines of UTF-8, each ended by LF. Never change them. */
  readonly bytes: Uint8Array;
  /** The sequence number of record `index`, 0 to `count - 1`. */
  seqAt(index: number): number;
  /** The records as text, one JSON line each, without the LF. */
  lines(): readonly string[];
  /** The records, parsed. */
  records(): readonly LogRecord[];
}

/** Where batches come from. With the sequence numbers it names each record for ever. */
export interface BatchSource {
  /** Names the log for ever: 16 hexadecimal digits. */
  readonly logId: string;
  /** The lane's name. */
  readonly lane: string;
  /** `logId`, a point, and the number of this opening of the log, which only grows. */
  readonly run: string;
  /**
   * The first sequence number that was given in this run. What an earlier run delivered from here on, a
   * power cut took from the log, and other records got the numbers.
   */
  readonly runFirstSeq: number;
}

/** What comes with a batch. */
export interface SinkContext {
  /** Aborted when the pipeline closes or the attempt runs out of time. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt at this batch. */
  readonly attempt: number;
  /** Where the batch comes from; missing where a sink is called by hand, and where `isForeign` is set. */
  readonly source?: BatchSource | undefined;
  /**
   * Whether the sequence numbers are those of another log, as with dead letters that were imported: this
   * log has other records with the same numbers, so nobody may take one for the other. @default {false}
   */
  readonly isForeign?: boolean;
}

/** What comes with the opening of a sink. */
export interface SinkOpening {
  /**
   * Whether checkpoints outlive the process. Without a log on disk they do not: nothing that was
   * delivered is ever sent again, and nothing need be kept for it.
   */
  readonly resumes: boolean;
}

/** One record that a sink did not take, by its index in the batch. */
export interface RejectedRecord {
  /** The index in the batch. */
  readonly index: number;
  /** Why, in one sentence. */
  readonly reason: string;
  /** Whether it is too large for the destination. @default {false} */
  readonly isTooLarge?: boolean;
  /** What was thrown, if anything was: its dead letter keeps name, status and causes of it. */
  readonly error?: unknown;
}

/** The outcome of a batch that was taken only in part. What is not named was delivered. */
export interface SinkResult {
  /** Indexes of records to send again. */
  readonly retry?: readonly number[];
  /** Records that can never be delivered: they go to the dead letters. */
  readonly reject?: readonly RejectedRecord[];
  /** Why those of `retry` were not delivered: what would have been thrown if none had been. */
  readonly error?: unknown;
}

/**
 * A destination. Resolving without a value means that every record was delivered; throwing means that
 * none was, and that the batch is sent again (a `RejectedError`: never again; a `SinkClosedError`: the
 * lane stops).
 */
export interface Sink {
  /**
   * How the lane sends: `strict` (one batch at a time, in order; the default) or `none` (several at
   * once, in any order).
   */
  readonly order?: "strict" | "none";
  /** Delivers a batch. */
  write(batch: Batch, context: SinkContext): void | SinkResult | Promise<void | SinkResult>;
  /**
   * Delivers a batch at once, for the moment the process ends. Only sinks that can do this keep
   * promise 7 in memory mode.
   */
  writeSync?(batch: Batch): void;
  /** Called once before the first batch, with the checkpoint stored last. */
  open?(checkpoint: string | undefined, opening?: SinkOpening): void | Promise<void>;
  /** What to remember about everything delivered so far, at most 256 bytes; stored with the cursor. */
  checkpoint?(): string | undefined;
  /** Makes what was delivered durable; called before the cursor is synced. */
  sync?(): void | Promise<void>;
  /** Called once at the end. */
  close?(): void | Promise<void>;
}

/** A sink, a function that takes a batch, or a `WritableStream` of batches. */
export type SinkLike =
  | Sink
  | ((batch: Batch, context: SinkContext) => void | SinkResult | Promise<void | SinkResult>)
  | WritableStream<Batch>;
