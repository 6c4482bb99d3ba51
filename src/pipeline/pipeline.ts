import type { DeadLetters } from "../delivery/dead_letters.ts";
import type { BreakerRegistry } from "../delivery/circuit_breaker_registry.ts";
import type { Logger } from "../logger.ts";
import type { Level } from "../record/level.ts";
import type { Fields, LogRecord, RecordInput } from "../record/record.ts";
import type { InputMark } from "../storage/store.ts";
import type { Tail } from "../tail/hub.ts";
import type { Lanes } from "./lanes.ts";
import type { PipelineStats } from "./stats.ts";

/** How long to wait, and what ends the wait early. */
export interface WaitOptions {
  /** Ends the wait; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** The longest wait in milliseconds. */
  readonly timeoutMs?: number;
}

/** What became of the records when a drain or a close ended. */
export interface DrainReport {
  /** Whether every lane had settled everything in time. */
  readonly drained: boolean;
  /** Records settled (delivered, dead-lettered, filtered) during the drain, by lane. */
  readonly flushed: Readonly<Record<string, number>>;
  /** Records that stay in the log for the next start, by lane. */
  readonly onDisk: Readonly<Record<string, number>>;
  /**
   * Records that are lost once the pipeline is closed, by lane: pending ones of a pipeline without a disk,
   * and those that the disk did not take.
   */
  readonly lost: Readonly<Record<string, number>>;
}

/** Which records a subscriber gets, and how it is called where it fails. */
export interface SubscribeFilter {
  /** How `stats()` and events call it. @default {the function's name, or "subscriber" and a number} */
  readonly name?: string;
  /** The lowest level; `trace` unless given. */
  readonly level?: Level;
  /** Keeps a record when it returns true. */
  readonly filter?: (record: LogRecord) => boolean;
  /**
   * Told of each failure, instead of one event (`subscriber-failed`) an episode: `fn` or `filter` threw
   * or rejected at this record, or, without a record, the log could not be read. It is waited for.
   */
  readonly onError?: (error: unknown, record: LogRecord | undefined) => void | Promise<void>;
}

/** A running subscription. */
export interface Subscription extends Disposable {
  /** Ends it: no further call. A second call does nothing. */
  unsubscribe(): void;
  /** Records handed over. */
  readonly delivered: number;
  /** Calls that threw or rejected, of the handler or of its filter. */
  readonly failed: number;
  /** Records that the log gave up before the subscriber came to them, whatever their level. */
  readonly missed: number;
  /** Records in the log that the subscriber has not come to. */
  readonly lag: number;
  /** How events and `stats()` call it. */
  readonly name: string;
}

/**
 * A durable, back-pressured log pipeline. No method throws because of a sink, a disk or a full buffer,
 * and only `append`, `durable`, `writable`, `drain` and `close` wait.
 */
export interface Pipeline extends AsyncDisposable {
  /** A logger that writes here; `fields` go into each of its records. */
  logger(name?: string, fields?: Fields): Logger;
  /**
   * Offers one record: an object, a line of text (a JSON object with `msg` keeps its own keys), or the
   * bytes of a JSON record. `mark` is the place of the line in its input and is stored with it.
   * Never waits. Returns true if the record was accepted or left out by the level, false if refused.
   * Empty text is ignored.
   *
   * @throws {SyntaxError} If bytes are not the JSON of a record
   * @throws {TypeError} If the value is none of the three
   */
  write(record: RecordInput | string | Uint8Array, mark?: InputMark): boolean;
  /**
   * Waits for room, hands the record over, and resolves when it is durable as the store defines it.
   * An abort after acceptance rejects, and the record stays.
   *
   * @throws {BufferFullError} If there was no room within `timeoutMs` (0: at once)
   * @throws {NotAcceptedError} If the pipeline takes no records
   * @throws {StoreFailedError} If the store failed before the record was durable
   * @throws {RangeError} If `timeoutMs` is negative or not a number
   */
  append(record: RecordInput | string, options?: WaitOptions): Promise<void>;
  /** Resolves when everything accepted before this call is durable as the store defines it. */
  durable(): Promise<void>;
  /** Resolves when the buffer has room again; at once if it has, and always at once when it may drop. */
  readonly ready: Promise<void>;
  /** A stream whose `write` resolves when the record is taken and there is room for the next. */
  readonly writable: WritableStream<RecordInput | string>;
  /**
   * Hands records that are accepted after the call to `fn`, in the background, in order, one at a time.
   * A slow or failing subscriber delays nobody and holds one chunk of the log in memory, no more: a slow
   * one reads on in the log, and what that no longer keeps is missed, counted and told once
   * (`subscriber-missed`). Without a log on disk that is what came more than 16 MiB ago.
   *
   * @throws {TypeError} If `fn`, or the filter's own `filter`, is no function
   * @throws {RangeError} If there is no such level
   */
  subscribe(filter: SubscribeFilter, fn: (record: LogRecord) => void | Promise<void>): Subscription;
  /** The live tail. */
  readonly tail: Tail;
  /** The sinks: to add and remove, pause and resume while the pipeline runs. */
  readonly lanes: Lanes;
  /** The circuit breakers of the sinks, by their names: to look at, to force and to reset. */
  readonly breakers: BreakerRegistry;
  /** Records that could not be delivered. */
  readonly deadLetters: DeadLetters;
  /** The last stored place of an input file, so that reading can go on there. */
  inputMark(file: string): InputMark | undefined;
  /** The last stored places of all inputs; those that were noted longest ago come first. */
  inputMarks(): readonly InputMark[];
  /** Takes records again after `stop`. Throws an Error when it runs already. */
  start(): void;
  /** Takes no more records (`write` returns false) and resolves when those accepted are durable. */
  stop(): Promise<void>;
  /** Whether records are accepted. */
  readonly running: boolean;
  /** Sets the lowest level that is accepted. */
  setLevel(level: Level): void;
  /**
   * Waits until every lane has settled what was accepted before, or the time is over. Ends early when the
   * lanes that are left will settle nothing in that time: they are paused or parked, or their breaker is
   * open for longer.
   */
  drain(options?: WaitOptions): Promise<DrainReport>;
  /**
   * Stops, drains (10 seconds unless told otherwise), and gives everything back. A sink that is in the
   * middle of a batch then has its signal aborted, and up to one second more to end; one that goes on all
   * the same keeps the process alive until the `graceMs` of its lane (5 seconds unless told otherwise)
   * are over. Idempotent.
   */
  close(options?: WaitOptions): Promise<DrainReport>;
  /** Everything counted. */
  stats(): PipelineStats;
}
