import type { DropEpisode, Overflow } from "../buffer/overflow.ts";
import type { RingBounds } from "../buffer/ring.ts";
import type { Clock } from "../clock.ts";
import type { Level } from "../record/level.ts";
import type { LogRecord } from "../record/record.ts";

/** What comes with a record, or with a batch of them. */
export interface ProcessContext {
  /**
   * Aborted when the call has taken longer than `processTimeoutMs`, when `stop` or `close` has waited long
   * enough, and when the writer's own signal is aborted.
   */
  readonly signal: AbortSignal;
}

/** Why and at which level a record was dropped. */
export interface WriterDrop {
  /**
   * The policy of the full buffer; `aborted`: the writer's signal was; `closed`: the writer was closed
   * before its turn came.
   */
  readonly reason: Overflow | "aborted" | "closed";
  /** Its level. */
  readonly level: Level;
}

/** How a writer works. One of `process` and `processBatch` is needed; the rest has a default. */
export interface WriterOptions {
  /**
   * Does the work with one record. One call at a time, in order; a promise is waited for. What it throws
   * is counted and reported, and the next record follows. It must not wait for `stop` or `close`, which
   * wait for it.
   */
  readonly process?: (record: LogRecord, context: ProcessContext) => unknown;
  /** The same for several records at once. */
  readonly processBatch?: (records: readonly LogRecord[], context: ProcessContext) => unknown;
  /**
   * `async`: records are processed in the background. `sync`: before `write` returns; what is written from
   * within `process` comes after the record in hand. A `process` that returns a promise then works as with
   * `async`, and is reported once.
   *
   * @default {"async"}
   */
  readonly mode?: "async" | "sync";
  /** Whether the writer takes records from the beginning, or after `start()`. @default {true} */
  readonly start?: boolean;
  /** Records below this level are left out. @default {"trace"} */
  readonly level?: Level;
  /** Records; with `min` and `max` it grows under load and shrinks when idle. @default {1000} */
  readonly capacity?: number | RingBounds;
  /** Bytes, counted as 2 × length of the JSON form + 64 a record. @default {16777216} */
  readonly maxBytes?: number;
  /** A longer record is cut and marked. @default {1048576} */
  readonly maxRecordBytes?: number;
  /** What `write` does when the buffer is full; `append` waits with all of them. @default {"warn"} */
  readonly overflow?: Overflow;
  /** Records, and the same share of the bytes, that only level `error` and above may use. @default {0} */
  readonly reserve?: number;
  /** With `sample`: one in this many is taken while the buffer is full. @default {10} */
  readonly sampleEvery?: number;
  /** Calls of `append` that may wait for room at once; more are refused. @default {10000} */
  readonly maxWaiters?: number;
  /** Told of each record that was dropped. What `block` refuses is not dropped. */
  readonly onDrop?: (record: LogRecord, drop: WriterDrop) => void;
  /** With `warn`: told of the first drop of an episode. @default {console.warn} */
  readonly onWarn?: (episode: DropEpisode) => void;
  /** Told when the buffer that dropped is half empty again. */
  readonly onRecover?: (episode: DropEpisode) => void;
  /**
   * How much `processBatch` gets at once: up to `maxRecords`, after waiting up to `maxIntervalMs` for them.
   * A full buffer and `stop` end that wait; with `sync` there is none.
   *
   * @default {{ maxRecords: 100, maxIntervalMs: 0 }}
   */
  readonly batch?: { readonly maxRecords?: number; readonly maxIntervalMs?: number };
  /** How long a promise of the processor may take before its signal is aborted. @default {Infinity} */
  readonly processTimeoutMs?: number;
  /**
   * How long it may go on then. After that its records count as failed and abandoned, the next ones
   * follow, and its result is ignored.
   *
   * @default {1000}
   */
  readonly graceMs?: number;
  /** Ends the writer for ever: what waits is dropped and counted as `aborted`. */
  readonly signal?: AbortSignal;
  /**
   * Told what a call failed with, and of which records; with `sync` also, once, of a promise. By default
   * one line in ten seconds on standard error. An error it throws harms nothing.
   */
  readonly onError?: (error: unknown, records: readonly LogRecord[]) => void;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Chance, 0 up to 1, for `sample`. @default {Math.random} */
  readonly random?: () => number;
}

/** Hands records to whichever of the two functions was given. */
export type Processor = (records: readonly LogRecord[], context: ProcessContext) => unknown;

/** How records are handed over. */
export interface WorkSettings {
  /** The function that does the work. */
  readonly process: Processor;
  /** Whether it is called before `write` returns. */
  readonly isSync: boolean;
  /** Records a call. */
  readonly maxRecords: number;
  /** How long to wait for as many. */
  readonly maxIntervalMs: number;
  /** How long a promise may take. */
  readonly processTimeoutMs: number;
  /** How long it may go on after that. */
  readonly graceMs: number;
}

/**
 * Settles how records are handed over.
 *
 * @throws {TypeError} If not exactly one processor is given, or `batch` without `processBatch`
 * @throws {RangeError} If a number is out of range
 */
export function workSettings(options: WriterOptions): WorkSettings {
  const { mode = "async", batch, process, processBatch } = options;
  if (mode !== "async" && mode !== "sync") {
    throw new RangeError(`Unknown mode "${String(mode)}" of a writer: use async or sync`);
  }
  if (process !== undefined && batch !== undefined) {
    throw new TypeError("Cannot use batch with process, which gets one record: use processBatch");
  }
  const maxRecords = batch?.maxRecords ?? 100;
  if (!(maxRecords === Infinity || (Number.isSafeInteger(maxRecords) && maxRecords >= 1))) {
    throw new RangeError(
      `Cannot use batch.maxRecords ${maxRecords}: allowed are whole numbers from 1`,
    );
  }
  return {
    process: processorOf(process, processBatch),
    isSync: mode === "sync",
    maxRecords: process === undefined ? maxRecords : 1,
    maxIntervalMs: duration("batch.maxIntervalMs", batch?.maxIntervalMs ?? 0),
    processTimeoutMs: duration("processTimeoutMs", options.processTimeoutMs ?? Infinity),
    graceMs: duration("graceMs", options.graceMs ?? 1000),
  };
}

function processorOf(
  process: WriterOptions["process"],
  processBatch: WriterOptions["processBatch"],
): Processor {
  const given = process ?? processBatch;
  if (typeof given !== "function" || (process !== undefined && processBatch !== undefined)) {
    const wrong = process === undefined || processBatch === undefined ? "no processor" : "two";
    throw new TypeError(
      `A writer needs one function that does its work, and got ${wrong}: pass process or processBatch`,
    );
  }
  return process === undefined
    ? processBatch!
    : (records, context) => process(records[0]!, context);
}

/** The longest that the timers of all runtimes know; they take a longer one for none at all. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Checks a time that a timer is to measure.
 *
 * @throws {RangeError} If it is out of range
 */
export function duration(name: string, value: number): number {
  if (value === Infinity || (value >= 0 && value <= LONGEST_MS)) return value;
  throw new RangeError(
    `Cannot use ${name} ${value}: allowed are milliseconds from 0 to ${LONGEST_MS}, and Infinity`,
  );
}
