/**
 * The live tail: a small ring of the newest lines, and any number of readers that each are no more than
 * a place in it.
 *
 * @module
 */
import { type Clock, systemClock } from "../clock.ts";
import type { RecordInput } from "../record/record.ts";
import type { LogChunk, LogReader } from "../storage/store.ts";
import { type CursorHost, RingCursor, type TailCursor, type TailGap } from "./cursor.ts";
import type { Follow } from "./follow.ts";
import { assertCount, assertFrom, assertSeq, type TailFrom } from "./from.ts";
import type { TailBatch } from "./lines.ts";
import { matcherOf, type TailFilterInput } from "./matching.ts";
import { readableOf, type TailReadableOptions } from "./readable.ts";
import { LineRing } from "./ring.ts";
import { seekBack, type SeekBackOptions } from "./seek_back.ts";
import { LOG_ID_LENGTH, startOf } from "./start.ts";
import {
  subscribeOptions,
  SubscriptionLoop,
  type TailHandler,
  type TailSubscribeOptions,
  type TailSubscription,
} from "./subscription.ts";
import type { Tail, TailOptions, TailStats } from "./tail.ts";
import { Turns } from "./turns.ts";
import { Wake } from "./wake.ts";
import { WrittenLines } from "./written.ts";

export type { TailCursor, TailGap, TailGapReason, TailRead } from "./cursor.ts";
export type { TailFrom } from "./from.ts";
export type { TailBatch, TailLines } from "./lines.ts";
export type { TailFilterInput, TailMatcher } from "./matching.ts";
export type { TailReadableOptions } from "./readable.ts";
export type { SeekBackOptions, SeekProgress } from "./seek_back.ts";
export type { TailHandler, TailSubscribeOptions, TailSubscription } from "./subscription.ts";
export type { Tail, TailOptions, TailStats } from "./tail.ts";

const MAX_BYTES = 16 * 1024;
const MOUNTED_MAX_BYTES = 4 * 1024 * 1024;
const MIN_MAX_BYTES = 256;
const MIN_KEEP_BYTES = 128;
/** How long history that failed is left alone by a subscriber, unless there is more before. */
const RETRY_MS = 1_000;

/**
 * Makes a live tail over a ring of 16 KiB, cut to its newest 8 KiB at a record border when it is full. A
 * record larger than the ring is kept in a cut form that says its size.
 *
 * @throws {RangeError} If a size or `nextSeq` is not an integer in its range, or `run` cannot be a name
 *
 * @example
 * ```ts
 * import { createTail } from "@logflume/logflume";
 *
 * using tail = createTail();
 * tail.write("first");
 * tail.write("second\nthird");
 * console.log(tail.recent(2)); // ["second", "third"]
 *
 * using subscription = tail.subscribe((line, seq) => console.log(seq, line));
 * tail.write({ msg: "a record", level: "warn", fields: { order: 42 } });
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
  readonly #oldestSeq: (() => number) | undefined;
  readonly #clock: Clock;
  readonly #written: WrittenLines;
  readonly #cursors = new Set<TailCursor>();
  readonly #subscriptions = new Set<TailSubscription>();
  /** What a mounted tail keeps, if it may grow. */
  #mountedKeepBytes: number | undefined;
  #gaps = 0;
  #missed = 0;
  #failed = 0;
  #closed = false;

  constructor(options: TailOptions) {
    const { maxBytes = MAX_BYTES, nextSeq = 1, clock = systemClock } = options;
    const keepBytes = options.keepBytes ?? Math.ceil(maxBytes / 2);
    assertSizes(maxBytes, keepBytes);
    assertSeq(nextSeq, "nextSeq");
    assertRun(options.run);
    if (options.maxBytes === undefined) {
      this.#mountedKeepBytes = options.keepBytes ?? MOUNTED_MAX_BYTES / 2;
    }
    this.run = options.run ?? randomRun();
    this.startSeq = nextSeq;
    this.ring = new LineRing(maxBytes, keepBytes, nextSeq);
    this.wake = new Wake(clock);
    this.history = options.history;
    this.#oldestSeq = options.oldestSeq;
    this.#clock = clock;
    this.#written = new WrittenLines(clock);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get hasHistory(): boolean {
    return this.history !== undefined;
  }

  get oldestSeq(): number {
    const { firstSeq } = this.ring;
    return this.history === undefined
      ? firstSeq
      : Math.min(firstSeq, this.#oldestSeq?.() ?? firstSeq);
  }

  push(chunk: LogChunk): void {
    this.#take(chunk, false);
  }

  write(line: string | Uint8Array | RecordInput): void {
    if (this.#closed) return;
    if (this.history !== undefined) {
      throw new Error("This tail shows a log, which numbers its lines: write to the pipeline");
    }
    const written = this.#written.of(line);
    if (written === undefined) return;
    const { bytes, count, raw } = written;
    this.#take({ firstSeq: this.ring.nextSeq, count, bytes }, raw);
  }

  cursor(from: TailFrom = "kept"): TailCursor {
    assertFrom(from);
    const cursor = new RingCursor(this, startOf(from, this));
    this.#cursors.add(cursor);
    return cursor;
  }

  readable(options: TailReadableOptions = {}): ReadableStream<TailBatch | TailGap> {
    const follow = this.#follow(options.from ?? "kept", options.filter, options.maxBytes);
    return readableOf(follow, options.signal);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<TailBatch | TailGap> {
    return this.readable()[Symbol.asyncIterator]();
  }

  subscribe(
    first: TailSubscribeOptions | TailFilterInput | TailHandler,
    handler?: TailHandler,
  ): TailSubscription {
    const [options, fn] = subscribeOptions(first, handler);
    const follow = this.#follow(options.from ?? "live", options.filter, undefined);
    const subscription = new SubscriptionLoop(fn, options, follow, {
      pause: (signal) => this.wake.wait(follow.cursor, signal, RETRY_MS),
      failed: () => void this.#failed++,
      forget: (ended) => void this.#subscriptions.delete(ended),
    });
    this.#subscriptions.add(subscription);
    return subscription;
  }

  recent(n: number, filter?: TailFilterInput): string[] {
    assertCount(n, "n");
    return this.ring.recent(n, matcherOf(filter));
  }

  seekBack(options: SeekBackOptions): Promise<number> {
    const quiet: CursorHost = {
      ring: this.ring,
      wake: this.wake,
      history: this.history,
      closed: false,
      missed: () => {},
      forget: () => {},
    };
    return seekBack({
      clock: this.#clock,
      nextSeq: this.ring.nextSeq,
      open: (seq) => new RingCursor(quiet, { seq }),
    }, options);
  }

  resize(maxBytes: number, keepBytes: number = Math.ceil(maxBytes / 2)): void {
    assertSizes(maxBytes, keepBytes);
    this.#mountedKeepBytes = undefined;
    this.ring.resize(maxBytes, keepBytes);
  }

  mount(): void {
    if (this.#mountedKeepBytes !== undefined) {
      this.resize(MOUNTED_MAX_BYTES, this.#mountedKeepBytes);
    }
  }

  stats(): TailStats {
    const { bytes, maxBytes, firstSeq, nextSeq } = this.ring;
    let maxLag = 0;
    for (const { lag } of this.#cursors) if (lag > maxLag) maxLag = lag;
    return {
      clients: this.#cursors.size,
      subscribers: this.#subscriptions.size,
      maxLag,
      bytes,
      maxBytes,
      firstSeq,
      nextSeq,
      gaps: this.#gaps,
      missed: this.#missed,
      failed: this.#failed,
    };
  }

  close(): void {
    this.#closed = true;
    this.wake.now();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  missed(count: number): void {
    this.#gaps++;
    this.#missed += count;
  }

  forget(cursor: TailCursor): void {
    this.#cursors.delete(cursor);
  }

  #take(chunk: LogChunk, raw: boolean): void {
    if (this.#closed || chunk.count === 0) return;
    this.ring.push(chunk, raw);
    this.wake.notify();
  }

  #follow(
    from: TailFrom,
    filter: TailFilterInput | undefined,
    maxBytes: number | undefined,
  ): Omit<Follow, "signal"> {
    const matches = matcherOf(filter);
    if (maxBytes !== undefined && !(maxBytes >= 1)) {
      throw new RangeError(`Invalid maxBytes ${maxBytes} of a batch: use a number of at least 1`);
    }
    return {
      cursor: this.cursor(from),
      matches,
      turns: new Turns(this.#clock),
      maxBytes,
      isClosed: () => this.#closed,
    };
  }
}

function assertSizes(maxBytes: number, keepBytes: number): void {
  if (!Number.isSafeInteger(maxBytes) || maxBytes < MIN_MAX_BYTES) {
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

/** The name stands in URLs and in the identity of events, which a line break would forge. */
function assertRun(run: string | undefined): void {
  if (run === undefined || (typeof run === "string" && /^[\w.-]{1,64}$/.test(run))) return;
  throw new RangeError(
    `Invalid run ${JSON.stringify(run)} of a tail: use 1 to 64 letters, digits, ".", "_" or "-"`,
  );
}

function randomRun(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, LOG_ID_LENGTH);
}
