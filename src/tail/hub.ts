/**
 * The live tail: a small ring of the newest lines, and any number of readers that each are no more than
 * a place in it.
 *
 * @module
 */
import { systemClock } from "../clock.ts";
import type { LogChunk, LogReader } from "../storage/store.ts";
import {
  type CursorHost,
  type CursorStart,
  RingCursor,
  type TailCursor,
  type TailGap,
} from "./cursor.ts";
import { countLines, LF, type TailLines } from "./lines.ts";
import { LineRing } from "./ring.ts";
import type { Tail, TailFrom, TailOptions, TailReadableOptions, TailStats } from "./tail.ts";
import { Wake } from "./wake.ts";

export type { TailCursor, TailGap, TailGapReason, TailRead } from "./cursor.ts";
export type { TailLines } from "./lines.ts";
export type { Tail, TailFrom, TailOptions, TailReadableOptions, TailStats } from "./tail.ts";

const MIN_MAX_BYTES = 256;
const MIN_KEEP_BYTES = 128;
const LOG_ID_LENGTH = 16;

/**
 * Makes a live tail over a ring of 16 KiB, cut to its newest 8 KiB at a record border when it is full. A
 * record larger than the ring is kept in a cut form that says its size.
 *
 * @throws {RangeError} If a size is not an integer in its range
 *
 * @example
 * ```ts
 * import { createTail } from "@logflume/logflume";
 *
 * using tail = createTail();
 * tail.write("first");
 * tail.write("second\nthird");
 * console.log(tail.recent(2)); // ["second", "third"]
 * ```
 */
export function createTail(options: TailOptions = {}): Tail {
  return new LiveTail(options);
}

class LiveTail implements Tail, CursorHost {
  readonly run: string;
  readonly startSeq: number;
  readonly ring: LineRing;
  readonly wake: Wake;
  readonly history: ((fromSeq: number) => LogReader) | undefined;
  readonly #cursors = new Set<TailCursor>();
  #missed = 0;
  #closed = false;

  constructor(options: TailOptions) {
    const { maxBytes = 16 * 1024, nextSeq = 1 } = options;
    const keepBytes = options.keepBytes ?? Math.ceil(maxBytes / 2);
    assertSizes(maxBytes, keepBytes);
    this.run = options.run ?? randomRun();
    this.startSeq = nextSeq;
    this.ring = new LineRing(maxBytes, keepBytes, nextSeq);
    this.wake = new Wake(options.clock ?? systemClock);
    this.history = options.history;
  }

  get closed(): boolean {
    return this.#closed;
  }

  push(chunk: LogChunk): void {
    this.#take(chunk, false);
  }

  write(line: string | Uint8Array): void {
    const bytes = endedLines(line);
    if (bytes === undefined) return;
    this.#take({ firstSeq: this.ring.nextSeq, count: countLines(bytes), bytes }, true);
  }

  cursor(from: TailFrom = "kept"): TailCursor {
    const cursor = new RingCursor(this, this.#start(from));
    this.#cursors.add(cursor);
    return cursor;
  }

  readable(options: TailReadableOptions = {}): ReadableStream<TailLines | TailGap> {
    const cursor = this.cursor(options.from);
    const stop = new AbortController();
    return new ReadableStream<TailLines | TailGap>({
      pull: async (controller) => {
        try {
          const read = await this.#nextOf(cursor, stop.signal, options.maxBytes);
          if (read !== undefined) return controller.enqueue(read);
          if (!stop.signal.aborted) controller.close();
        } catch (error) {
          controller.error(error);
        }
        cursor.close();
      },
      cancel: () => {
        stop.abort();
        cursor.close();
      },
    }, { highWaterMark: 0 });
  }

  recent(n: number): string[] {
    if (n <= 0) return [];
    const { ring } = this;
    const from = Math.max(ring.firstSeq, ring.nextSeq - n);
    if (from >= ring.nextSeq) return [];
    return [...ring.read(ring.locate(from), from, Infinity).lines()];
  }

  resize(maxBytes: number, keepBytes: number = Math.ceil(maxBytes / 2)): void {
    assertSizes(maxBytes, keepBytes);
    this.ring.resize(maxBytes, keepBytes);
  }

  stats(): TailStats {
    const { bytes, firstSeq, nextSeq } = this.ring;
    return { clients: this.#cursors.size, bytes, firstSeq, nextSeq, missed: this.#missed };
  }

  close(): void {
    this.#closed = true;
    this.wake.now();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  missed(count: number): void {
    this.#missed += count;
  }

  forget(cursor: TailCursor): void {
    this.#cursors.delete(cursor);
  }

  /** Lines or a gap, waiting for them; undefined when the tail is closed or nobody reads any more. */
  async #nextOf(
    cursor: TailCursor,
    signal: AbortSignal,
    maxBytes: number | undefined,
  ): Promise<TailLines | TailGap | undefined> {
    while (!signal.aborted) {
      const read = await cursor.next(maxBytes);
      if (read.kind !== "end") return read;
      if (this.#closed) return undefined;
      await cursor.wait(signal).catch(() => {});
    }
    return undefined;
  }

  #take(chunk: LogChunk, raw: boolean): void {
    if (this.#closed || chunk.count === 0) return;
    this.ring.push(chunk, raw);
    this.wake.notify();
  }

  #start(from: TailFrom): CursorStart {
    const { nextSeq } = this.ring;
    if (from === "live") return { seq: nextSeq };
    if (from === "kept") return { seq: this.ring.firstSeq };
    if ("last" in from) return this.#lastRecords(from.last);
    if (from.run !== undefined && from.run !== this.run) {
      return this.#afterRestart(from.run, from.seq);
    }
    return { seq: Math.min(from.seq, nextSeq) };
  }

  #lastRecords(n: number): CursorStart {
    const oldest = this.history === undefined ? this.ring.firstSeq : 0;
    const seq = Math.max(oldest, this.ring.nextSeq - Math.max(0, n));
    return { seq, lenient: true };
  }

  /**
   * The reader's place is of another run. Of the same log: go on, and tell what it saw that the log did
   * not keep, for those numbers are in use again. Of another log: begin with this run.
   */
  #afterRestart(run: string, seq: number): CursorStart {
    const sameLog = run.slice(0, LOG_ID_LENGTH) === this.run.slice(0, LOG_ID_LENGTH);
    if (sameLog && seq <= this.startSeq) return { seq };
    const count = sameLog ? seq - this.startSeq : 0;
    const [from, to] = [this.startSeq, this.startSeq + count - 1];
    const owed: TailGap = { kind: "gap", from, to, count, reason: "restart" };
    return { seq: this.startSeq, owed };
  }
}

function assertSizes(maxBytes: number, keepBytes: number): void {
  if (!Number.isInteger(maxBytes) || maxBytes < MIN_MAX_BYTES) {
    throw new RangeError(
      `Invalid maxBytes ${maxBytes} of a tail: use an integer of at least ${MIN_MAX_BYTES}`,
    );
  }
  if (!Number.isInteger(keepBytes) || keepBytes < MIN_KEEP_BYTES || keepBytes > maxBytes) {
    throw new RangeError(
      `Invalid keepBytes ${keepBytes} of a tail: use an integer from ${MIN_KEEP_BYTES} to ${maxBytes}`,
    );
  }
}

function randomRun(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, LOG_ID_LENGTH);
}

function endedLines(line: string | Uint8Array): Uint8Array | undefined {
  if (line.length === 0) return undefined;
  if (typeof line === "string") {
    return new TextEncoder().encode(line.endsWith("\n") ? line : line + "\n");
  }
  if (line.at(-1) === LF) return line;
  const bytes = new Uint8Array(line.length + 1);
  bytes.set(line);
  bytes[line.length] = LF;
  return bytes;
}
