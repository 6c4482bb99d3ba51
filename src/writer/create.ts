import { type Clock, systemClock } from "../clock.ts";
import { isolated } from "../isolated.ts";
import { createLogger, type Logger } from "../logger.ts";
import { assertLevel, type Level, LEVEL_RANK, LEVELS } from "../record/level.ts";
import type { Fields, RecordInput } from "../record/record.ts";
import { type AppendOptions, WriterIntake } from "./intake.ts";
import { duration, workSettings, type WriterOptions } from "./options.ts";
import type { WriterStats } from "./stats.ts";
import { errorVoice } from "./voice.ts";
import { Waits } from "./waits.ts";
import { Worker } from "./worker.ts";
import type { StopOptions, StopReport, Writer } from "./writer.ts";

/** How long `close` waits for the processor, unless told otherwise. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Creates a writer, which takes records at once unless `start` is false.
 *
 * With `async`, what is in the buffer when the process ends is lost: close it first. With `sync` nothing
 * waits, as long as `process` returns no promise.
 *
 * @throws {TypeError} If not exactly one of `process` and `processBatch` is given
 * @throws {RangeError | TypeError} If an option is out of range, or two of them do not go together
 *
 * @example
 * ```ts
 * import { createWriter } from "@logflume/logflume";
 *
 * const lines: string[] = [];
 * await using writer = createWriter({ process: (record) => void lines.push(record.msg) });
 * writer.logger("shop").info("order placed", { order: 42 });
 * writer.write("a line of text");
 * await writer.stop();
 * console.assert(lines.join() === "order placed,a line of text");
 * ```
 *
 * @example Batches of up to 500 records, at least every 100 ms, five seconds each
 * ```ts
 * import { createWriter } from "@logflume/logflume";
 *
 * await using writer = createWriter({
 *   processBatch: async (records, { signal }) => {
 *     await fetch("data:,", { signal });
 *     console.assert(records[0]?.msg === "order placed");
 *   },
 *   batch: { maxRecords: 500, maxIntervalMs: 100 },
 *   processTimeoutMs: 5_000,
 * });
 * await writer.append({ msg: "order placed" }, { timeoutMs: 100 });
 * ```
 */
export function createWriter(options: WriterOptions): Writer {
  return new BackgroundWriter(options);
}

class BackgroundWriter implements Writer {
  readonly #clock: Clock;
  readonly #intake: WriterIntake;
  readonly #worker: Worker;
  readonly #mode: "async" | "sync";
  readonly #waits: Waits;
  readonly #forgetSignal: () => void;
  #writable: WritableStream<RecordInput | string | Uint8Array> | undefined;
  #closing: Promise<StopReport> | undefined;
  #isAborted = false;

  constructor(options: WriterOptions) {
    const settings = workSettings(options);
    const { level, clock = systemClock, start = true } = options;
    if (level !== undefined) assertLevel(level);
    const onError = options.onError ?? errorVoice(clock);
    const report = isolated("onError", onError);
    this.#clock = clock;
    this.#waits = new Waits(clock);
    this.#mode = settings.isSync ? "sync" : "async";
    const intake = this.#intake = new WriterIntake(options, () => this.#worker.arrived());
    this.#worker = new Worker(settings, clock, {
      get size() {
        return intake.size;
      },
      get isFull() {
        return intake.isFull;
      },
      take: (max) => intake.take(max),
      report: (error, records) => report(error, records),
      settled: () => this.#waits.check(),
    });
    this.#intake.running = start;
    this.#forgetSignal = this.#heed(options.signal);
  }

  /** Ends the writer when the signal is aborted; the answer ends that. */
  #heed(signal: AbortSignal | undefined): () => void {
    if (signal === undefined) return () => {};
    const abort = (): void => this.#abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    return () => signal.removeEventListener("abort", abort);
  }

  write(record: RecordInput | string | Uint8Array): boolean {
    return this.#intake.write(record);
  }

  append(record: RecordInput | string | Uint8Array, options?: AppendOptions): Promise<void> {
    return this.#intake.append(record, options);
  }

  logger(name?: string, fields?: Fields): Logger {
    return createLogger(this.#intake, name, fields);
  }

  get writable(): WritableStream<RecordInput | string | Uint8Array> {
    return this.#writable ??= new WritableStream({
      write: (record, { signal }) => this.#intake.append(record, { signal }),
    });
  }

  get level(): Level {
    return LEVELS[this.#intake.threshold]!;
  }

  setLevel(level: Level): void {
    assertLevel(level);
    this.#intake.threshold = LEVEL_RANK[level];
  }

  withLevel(level: Level): Writer {
    this.setLevel(level);
    return this;
  }

  get running(): boolean {
    return this.#intake.running;
  }

  start(): void {
    if (this.#closing !== undefined) throw new Error("The writer is closed: make another one");
    if (this.#isAborted) throw new Error("The writer was ended by its signal: make another one");
    if (this.running) throw new Error("The writer is running already");
    this.#intake.running = true;
    this.#worker.resume();
  }

  async stop({ timeoutMs = Infinity }: StopOptions = {}): Promise<StopReport> {
    const drained = await this.#drain(duration("timeoutMs", timeoutMs));
    return { drained, left: this.#intake.size };
  }

  async close({ timeoutMs = CLOSE_TIMEOUT_MS }: StopOptions = {}): Promise<StopReport> {
    return await (this.#closing ??= this.#close(duration("timeoutMs", timeoutMs)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {});
  }

  async #close(timeoutMs: number): Promise<StopReport> {
    const report = await this.stop({ timeoutMs });
    this.#intake.close();
    this.#intake.giveUp("closed");
    this.#forgetSignal();
    this.#waits.check();
    return report;
  }

  /** Stops, and waits for what was accepted; false if not everything has its outcome in time. */
  async #drain(timeoutMs: number): Promise<boolean> {
    const target = this.#intake.accepted;
    const isDone = (): boolean => this.#settledCount >= target;
    this.#intake.stop();
    this.#worker.flush();
    const release = this.#clock.hold();
    try {
      if (await this.#waits.until(isDone, timeoutMs)) return true;
      // Who started it again wants the rest to be done.
      if (this.running) return false;
      this.#worker.halt(new DOMException("The writer was stopped", "AbortError"));
      await this.#waits.until(() => this.#worker.inHand === 0, Infinity);
      return isDone();
    } finally {
      release();
    }
  }

  get #settledCount(): number {
    return this.#worker.processed + this.#worker.failed + this.#intake.droppedCount;
  }

  #abort(reason: unknown): void {
    this.#isAborted = true;
    this.#intake.close();
    this.#worker.halt(reason);
    this.#intake.giveUp("aborted");
    this.#waits.check();
  }

  stats(): WriterStats {
    const intake = this.#intake;
    const { inHand, processed, failed, abandoned, late } = this.#worker;
    return {
      mode: this.#mode,
      running: this.running,
      capacity: intake.capacity,
      depth: intake.size,
      utilisation: intake.size / intake.capacity,
      waiting: intake.waiting,
      offered: intake.offered,
      refused: intake.refused,
      filtered: intake.filtered,
      accepted: intake.accepted,
      processed,
      failed,
      abandoned,
      late,
      dropped: intake.dropped,
      pending: intake.size + inHand,
      droppedByPolicy: intake.droppedByPolicy,
    };
  }
}
