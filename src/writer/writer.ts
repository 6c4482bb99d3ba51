import type { Logger } from "../logger.ts";
import type { Level } from "../record/level.ts";
import type { Fields, RecordInput } from "../record/record.ts";
import type { AppendOptions } from "./intake.ts";
import type { WriterStats } from "./stats.ts";

/** How long to wait for what was accepted. */
export interface StopOptions {
  /** The longest wait in milliseconds; 0 does not wait. */
  readonly timeoutMs?: number;
}

/** What became of the records when `stop` or `close` ended. */
export interface StopReport {
  /** Whether everything accepted before has its outcome. */
  readonly drained: boolean;
  /** Records that still waited: after `stop` they go on waiting for `start`, after `close` they are lost. */
  readonly left: number;
}

/**
 * A background writer: a bounded buffer and one function that does the work. Nothing is kept on disk; for
 * that, for retries and for several destinations there is `openPipeline`.
 */
export interface Writer extends AsyncDisposable {
  /**
   * Offers one record: an object, a line of text (a JSON object with `msg` keeps its own keys), or the
   * bytes of a JSON record. Never waits. Returns true if the record was accepted or left out by the level,
   * false if it was refused: the buffer is full, or the writer does not run. Empty text is ignored. What
   * the caller changes afterwards does not show.
   *
   * @throws {SyntaxError} If bytes are not the JSON of a record
   * @throws {TypeError} If the value is none of the three
   */
  write(record: RecordInput | string | Uint8Array): boolean;
  /**
   * Waits for room, whatever the policy is, first come, first served; resolves when the record is accepted
   * or left out by the level. An abort of `signal` ends the wait, and the record is never accepted. What
   * was accepted may be given up later, where the policy is `drop-oldest` or `sample`.
   *
   * @throws {BufferFullError} If there was no room within `timeoutMs` (0: at once; for ever unless given)
   * @throws {NotAcceptedError} If the writer does not run, or stops before there is room
   * @throws {SyntaxError | TypeError} If it is no record
   * @throws {RangeError} If `timeoutMs` is negative or not a number
   */
  append(record: RecordInput | string | Uint8Array, options?: AppendOptions): Promise<void>;
  /** A logger that writes here; `fields` go into each of its records. */
  logger(name?: string, fields?: Fields): Logger;
  /**
   * A stream whose `write` waits as `append` does, so that a piped source is slowed down. Closing it leaves
   * the writer open.
   */
  readonly writable: WritableStream<RecordInput | string | Uint8Array>;
  /** The lowest level that is accepted. */
  readonly level: Level;
  /**
   * Sets the lowest level that is accepted, at any time.
   *
   * @throws {RangeError} If there is no such level
   */
  setLevel(level: Level): void;
  /**
   * The same as `setLevel`, and returns this writer.
   *
   * @throws {RangeError} If there is no such level
   */
  withLevel(level: Level): Writer;
  /**
   * Takes records, again if it was stopped. What waits since then comes first.
   *
   * @throws {Error} If the writer runs already, is closed, or was ended by its signal
   */
  start(): void;
  /**
   * Takes no more records, and resolves when those accepted have their outcome. When `timeoutMs` is over
   * the signal of the call in hand is aborted, it has `graceMs` to end, and the rest waits for `start`.
   * Idempotent.
   *
   * @throws {RangeError} If `timeoutMs` is out of range
   */
  stop(options?: StopOptions): Promise<StopReport>;
  /**
   * Stops for ever; `timeoutMs` is 10 seconds unless given. What is left then is dropped and counted as
   * `closed`. Idempotent.
   *
   * @throws {RangeError} If `timeoutMs` is out of range
   */
  close(options?: StopOptions): Promise<StopReport>;
  /** Whether records are accepted. */
  readonly running: boolean;
  /** Everything counted. */
  stats(): WriterStats;
}
