import type { DeadLetterOptions } from "../delivery/dead_letters.ts";
import type { Drop, Overflow } from "../buffer/overflow.ts";
import type { RingBounds } from "../buffer/ring.ts";
import type { Clock } from "../clock.ts";
import type { Level } from "../record/level.ts";
import type { LogRecord } from "../record/record.ts";
import type { SinkLike } from "../sink/sink.ts";
import type { FileStore, LogProvider } from "../storage/store.ts";
import type { DamagePolicy } from "../wal/damage.ts";
import type { WalOptions } from "../wal/wal.ts";
import type { LaneOptions } from "./lane_options.ts";

/** Something an operator may want to know. */
export interface PipelineEvent {
  /** What kind of thing happened, for example `delivery-failed`. */
  readonly kind: string;
  /** One sentence for people. */
  readonly message: string;
  /** The sink's name, where it is about one. */
  readonly lane?: string;
}

/** The buffer between callers and log. */
export interface PipelineBufferOptions {
  /** Records; with `min` and `max` it grows under load and shrinks when idle. @default {10000} */
  readonly capacity?: number | RingBounds;
  /** Bytes, counted as 2 × length + 64 a record. @default {16777216} */
  readonly maxBytes?: number;
  /**
   * What a full buffer does. When records were dropped and the buffer is half empty again, one record of
   * level `warn` says how many.
   *
   * @default {"block"}
   */
  readonly overflow?: Overflow;
  /** Records, and the same share of the bytes, that only level `error` and above may use. @default {0} */
  readonly reserve?: number;
  /** With `sample`: one in this many is taken while the buffer is full. @default {10} */
  readonly sampleEvery?: number;
  /** Calls of `append` that may wait for room at once; more are refused. @default {10000} */
  readonly maxWaiters?: number;
  /** Told of the line of each record that was dropped. What `block` refuses is not dropped. */
  readonly onDrop?: (line: string, drop: Drop) => void;
}

/** The write-ahead log of a pipeline. */
export interface PipelineWalOptions extends Omit<WalOptions, "atOnce" | "onDamage"> {
  /**
   * Where it is kept: bytes in files, or whole logs. With whole logs there are no segments, so
   * `segmentBytes`, `maxSegments`, `windowBytes` and `onDamage` are refused.
   */
  readonly store: FileStore | LogProvider;
  /**
   * What happens at the log's limit: `drop` takes the oldest segment from the lanes that still need it
   * (counted as `wal_limit`), `block` refuses new records.
   *
   * @default {"drop"}
   */
  readonly onLimit?: "drop" | "block";
  /**
   * What is done about damage: `quarantine` keeps a copy, skips exactly what is damaged, tells, and keeps
   * everything else; `refuse` throws, at opening and when a reader comes to it. Unlike `openWal`, a
   * pipeline does not stay down for records that nothing can bring back. Dead letters are always
   * quarantined.
   *
   * @default {"quarantine"}
   */
  readonly onDamage?: DamagePolicy;
}

/** How many calls of sinks may be under way at once, of all sinks together. */
export interface PipelinePoolOptions {
  /** With it the pool finds its size by itself, from here on. @default {max} */
  readonly min?: number;
  /**
   * The most. Each lane has a worker of its own, so that no sink can keep another one waiting: with more
   * lanes than this there are as many workers as lanes.
   *
   * @default {8}
   */
  readonly max?: number;
}

/** How a pipeline is made. Everything has a default; without `wal` it runs in memory. */
export interface PipelineOptions {
  /** Destinations by name; the name is the lane's for ever. @default {{ console: consoleSink() }} */
  readonly sinks?: Readonly<Record<string, SinkLike | LaneOptions>>;
  /** The write-ahead log. Without it promises 2, 4 and 7 do not hold. */
  readonly wal?: PipelineWalOptions;
  /**
   * When a record is written. `async`: soon after the call, many at once. `sync`: before `log.info` or
   * `write` returns true, which then means that it survives a kill and, with `sync: "always"`, a power
   * cut; the call waits for the disk. What the disk does not take is refused (`unwritten`) and false is
   * returned, so that the buffer's policy has no say. Delivery is the same in both, and so is `append`.
   * `sync` needs a log on a store that can: `fileStore()` and `sqliteStore()`. Fixed once it is open.
   *
   * @default {"async"}
   */
  readonly mode?: "sync" | "async";
  /**
   * What to do when the log cannot be opened: `throw`, or run in `memory` and say so.
   *
   * @default {"throw"}
   */
  readonly onStoreFailure?: "throw" | "memory";
  /** How many records that could not be delivered are kept, and how long. */
  readonly deadLetters?: Omit<DeadLetterOptions, "resend" | "clock" | "onEvicted">;
  /** Workers that call the sinks. */
  readonly pool?: PipelinePoolOptions;
  /** Records below this level are left out. @default {"trace"} */
  readonly level?: Level;
  /** Changes a record before it is encoded, or leaves it out with null: redaction belongs here. */
  readonly transform?: (record: LogRecord) => LogRecord | null;
  /** The buffer between callers and log. */
  readonly buffer?: PipelineBufferOptions;
  /** A longer record is cut and marked. @default {1048576} */
  readonly maxRecordBytes?: number;
  /**
   * The live tail's ring. Unless `maxBytes` is given it grows to 4 MiB when the tail is shown over HTTP.
   *
   * @default {{ maxBytes: 16384, keepBytes: 8192 }}
   */
  readonly tail?: { readonly maxBytes?: number; readonly keepBytes?: number };
  /** Told what an operator may want to know; by default one rate-limited line on standard error. */
  readonly onEvent?: (event: PipelineEvent) => void;
  /** Spill on SIGTERM, SIGINT and SIGHUP before they end the process. @default {false} */
  readonly handleSignals?: boolean;
  /** Time. */
  readonly clock?: Clock;
  /** Chance, 0 up to 1. */
  readonly random?: () => number;
}
