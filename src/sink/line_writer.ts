import type { Buffer } from "../buffer/buffer.ts";
import { type Clock, systemClock } from "../clock.ts";
import { codeOf, messageOf } from "../errors.ts";
import { isolated } from "../isolated.ts";
import type { AppendFile } from "../platform/append_file.ts";
import { onProcessExit } from "../platform/exit.ts";
import { onHangup } from "../platform/hangup.ts";
import { fileOpener, rotationMaker, tellOnConsole } from "./file_opener.ts";
import { FileTarget } from "./file_target.ts";
import type { FileWriter, FileWriterStats } from "./file_writer_face.ts";
import {
  type FileWriterOptions,
  type WriterSettings,
  writerSettings,
} from "./file_writer_options.ts";
import { LF } from "./line_ends.ts";
import { createQueue, endedLine, type Line, queuedLine } from "./line_queue.ts";
import { Outlet } from "./outlet.ts";

/** A look at the path takes up to 20 µs, as long as a write of 64 KiB. */
const LOOK_EVERY_MS = 50;
/** How long a disk that refuses is left alone. */
const RETRY_EVERY_MS = 250;

/** The machine behind a file writer: decides when lines go out. */
export class LineWriter implements FileWriter {
  readonly path: string;
  readonly #settings: WriterSettings;
  readonly #clock: Clock;
  readonly #target: FileTarget;
  readonly #outlet: Outlet;
  /** Lines that wait behind those of the outlet: in mode `manual`, or while the disk refuses. */
  readonly #queue: Buffer<Line>;
  readonly #onWrite: ((lines: number) => void) | undefined;
  readonly #onFlush: ((_: undefined) => void) | undefined;
  readonly #onError: (error: Error) => void;
  readonly #withdraw: (() => void)[] = [];
  /** Whether a line may go straight to the outlet: nothing waits that came before it. */
  #flows = false;
  #isScheduled = false;
  #cancelTick: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #retryAtMs = 0;
  /** What the disk said last; undefined while it takes lines. */
  #refusal: Error | undefined;
  #isTold = false;
  #isFlushed = true;
  #isEnding = false;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  #queuedLength = 0;
  // What was sent is the sum of these and of what waits: the hot path counts nothing twice.
  readonly #counts = {
    refused: 0,
    written: 0,
    lost: 0,
    bytes: 0,
    writes: 0,
    failed: 0,
    retries: 0,
    rotations: 0,
  };

  /** `open` stands in for the file system in tests. */
  constructor(path: string, options: FileWriterOptions, open?: () => AppendFile) {
    const settings = writerSettings(options);
    const { clock = systemClock, onWrite, onFlush, onError } = options;
    this.path = path;
    this.#settings = settings;
    this.#clock = clock;
    this.#queue = createQueue(options, settings, clock);
    this.#onWrite = onWrite && isolated("onWrite", onWrite);
    this.#onFlush = onFlush && isolated("onFlush", onFlush);
    this.#onError = isolated("onError", onError ?? tellOnConsole);
    this.#target = new FileTarget({
      open: open ?? fileOpener(path, settings.strategy),
      rotation: rotationMaker(path, options, {
        clock,
        onError: this.#onError,
        onRotate: () => void this.#counts.rotations++,
      }),
      durable: options.durable ?? false,
      marks: false,
      maxWriteBytes: options.maxBytes ?? Infinity,
      lookEveryMs: LOOK_EVERY_MS,
      clock,
    });
    this.#outlet = this.#createOutlet();
    this.#target.open();
    this.#withdraw.push(onProcessExit(() => this.#end()));
    if (options.reopenOnHangup) this.#withdraw.push(onHangup(() => this.#hangUp()));
    this.#resume();
  }

  #createOutlet(): Outlet {
    const target = this.#target;
    const host = {
      append: (bytes: Uint8Array) => target.append(bytes),
      get taken() {
        return target.taken;
      },
      wrote: (lines: number, bytes: number) => this.#wrote(lines, bytes),
      refused: (error: unknown) => this.#refused(error),
    };
    return new Outlet(host, this.#settings.strategy === "line" ? 1 : this.#settings.blockBytes);
  }

  // The hot path: one addition to a text, and once a block a write.
  send(line: Line): boolean {
    if (!this.#flows || typeof line !== "string" || line === "") return this.#sendOther(line);
    return this.sendLine(line.charCodeAt(line.length - 1) === LF ? line : line + "\n");
  }

  /** Hands in text that is known to end in LF. */
  sendLine(line: string): boolean {
    if (!this.#flows) return this.#sendOther(line);
    this.#outlet.take(line);
    if (!this.#isScheduled) this.#schedule();
    return true;
  }

  /** Bytes, empty input, and all lines while they have to wait. */
  #sendOther(given: Line): boolean {
    assertLine(given);
    if (given.length === 0) return true;
    if (this.#isClosed) return this.#refuse();
    if (this.#isRetryDue()) this.#drain();
    if (!this.#flows) return this.#wait(queuedLine(given));
    this.#give(endedLine(given));
    if (!this.#isScheduled) this.#schedule();
    return true;
  }

  /** A caller that does not yield keeps the timer from running. */
  #isRetryDue(): boolean {
    return this.#refusal !== undefined && this.#settings.mode !== "manual" &&
      this.#clock.monotonic() >= this.#retryAtMs;
  }

  #refuse(): false {
    this.#counts.refused++;
    return false;
  }

  #give(line: Line): void {
    if (typeof line === "string") this.#outlet.take(line);
    else this.#outlet.takeBytes(line);
  }

  /** Queues a line, and sees to it that it goes out when its mode says so. */
  #wait(line: Line): boolean {
    if (!this.#queue.push(line) && !(this.#makesRoom() && this.#queue.push(line))) {
      return this.#refuse();
    }
    if (this.#isEnding) this.#drain();
    else if (this.#settings.mode === "loop") this.#countQueued(line.length);
    return true;
  }

  /** A healthy disk makes room at once, where nothing is dropped and nobody has to say when. */
  #makesRoom(): boolean {
    const { overflow, mode } = this.#settings;
    return overflow === "block" && mode !== "manual" && this.#refusal === undefined &&
      this.#drain();
  }

  #countQueued(length: number): void {
    this.#queuedLength += length;
    if (this.#refusal === undefined && this.#queuedLength >= this.#settings.blockBytes) {
      this.#drain();
    } else if (!this.#isScheduled) this.#schedule();
  }

  #schedule(): void {
    this.#isScheduled = true;
    if (this.#settings.mode === "loop") {
      this.#cancelTick = this.#clock.setTimer(() => this.#turn(), this.#settings.tickMs);
    } else this.#clock.defer(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    // Whatever the exit hooks were called for, the event loop still runs.
    this.#isEnding = false;
    // A disk that refuses has a timer of its own.
    if (this.#isClosed || this.#refusal !== undefined) return;
    if (this.#settings.mode !== "manual") this.#drain();
  }

  trigger(): boolean {
    return this.#isClosed || this.#drain();
  }

  /** Writes all that waits, in its order; false if the disk refuses. */
  #drain(): boolean {
    if (this.#refusal !== undefined) this.#counts.retries++;
    this.#queuedLength = 0;
    let isFree = this.#outlet.flush();
    while (isFree && this.#queue.size > 0) {
      this.#give(this.#queue.shift()!);
      isFree = this.#refusal === undefined;
    }
    if (!isFree || !this.#outlet.flush()) return false;
    this.#isTold = false;
    this.#resume();
    if (!this.#isFlushed) this.#tellFlush();
    return true;
  }

  #tellFlush(): void {
    this.#isFlushed = true;
    this.#onFlush?.(undefined);
  }

  /** Nothing waits: lines may go straight to the outlet, if they ever may. */
  #resume(): void {
    const { mode, strategy } = this.#settings;
    this.#flows = mode !== "manual" && !(mode === "loop" && strategy === "line") &&
      !this.#isEnding && !this.#isClosed;
  }

  #wrote(lines: number, bytes: number): void {
    this.#counts.written += lines;
    this.#counts.bytes += bytes;
    this.#counts.writes++;
    this.#refusal = undefined;
    this.#isFlushed = false;
    if (this.#onWrite !== undefined) this.#onWrite(lines);
  }

  #refused(error: unknown): void {
    this.#counts.failed++;
    this.#counts.bytes += this.#target.taken;
    this.#flows = false;
    this.#refusal = refusalOf(this.path, error);
    this.#retryAtMs = this.#clock.monotonic() + RETRY_EVERY_MS;
    if (this.#settings.mode !== "manual") this.#retryLater();
    if (this.#isTold) return;
    this.#isTold = true;
    this.#onError(this.#refusal);
  }

  #retryLater(): void {
    this.#cancelRetry ??= this.#clock.setTimer(() => {
      this.#cancelRetry = undefined;
      if (this.#refusal !== undefined) this.#drain();
    }, RETRY_EVERY_MS);
  }

  /** The process is ending: from now on each line is written at once. */
  #end(): void {
    this.#isEnding = true;
    this.#flows = false;
    // If the process goes on after all, the next turn of its event loop takes this back.
    if (!this.#isScheduled) this.#schedule();
    this.#drain();
    if (this.#settings.strategy === "mapped") this.#target.trim();
  }

  #hangUp(): void {
    try {
      this.reopen();
    } catch (error) {
      this.#onError(refusalOf(this.path, error));
    }
  }

  reopen(): void {
    if (!this.#isClosed) this.#target.reopen();
  }

  async sync(): Promise<void> {
    if (this.#isClosed) return await this.close();
    if (!this.#drain()) throw this.#refusal;
    await this.#target.sync();
  }

  stats(): FileWriterStats {
    const { refused, written, lost } = this.#counts;
    const { evicted } = this.#queue;
    // What is lost still lies where it waited.
    const waiting = this.#outlet.lines + this.#queue.size - lost;
    const sent = refused + evicted + written + waiting + lost;
    return { ...this.#counts, sent, evicted, waiting };
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#flows = false;
    this.#drain();
    this.#cancelTick?.();
    this.#cancelRetry?.();
    for (const withdraw of this.#withdraw) withdraw();
    this.#queue.close();
    const lost = this.#counts.lost = this.#outlet.lines + this.#queue.size;
    await this.#target.close();
    if (lost === 0) return;
    const what = lost === 1 ? "The last line is lost" : `The last ${lost} lines are lost`;
    throw new Error(`${what}: ${messageOf(this.#refusal)}`, { cause: this.#refusal });
  }
}

/** Something else has no bytes: it would be counted as written, and be missing. */
function assertLine(given: unknown): void {
  if (typeof given === "string" || given instanceof Uint8Array) return;
  throw new TypeError(
    `Cannot write ${given === null ? "null" : `a value of type ${typeof given}`} as a line: ` +
      "pass text or bytes (Uint8Array); for records there is init()",
  );
}

/** What the disk said, in a sentence. */
function refusalOf(path: string, error: unknown): Error {
  // Without a code of the system it is a sentence of ours.
  if (error instanceof Error && codeOf(error) === "") return error;
  return new Error(`Cannot write to "${path}": ${messageOf(error)}`, { cause: error });
}
