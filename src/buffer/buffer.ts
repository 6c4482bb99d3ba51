import { type Clock, systemClock } from "../clock.ts";
import { NotAcceptedError } from "../errors.ts";
import { type BufferOptions, shelfOf, urgencyOf } from "./buffer_options.ts";
import { IdleShrink } from "./idle.ts";
import { type DropCounts, Drops, type Overflow } from "./overflow.ts";
import type { Shelf } from "./shelf.ts";
import { type BufferStreams, createStreams } from "./stream.ts";
import { assertTimeoutMs, type RoomOptions, Waiters } from "./waiters.ts";
import { createSampler } from "../sampler.ts";

/** A bounded buffer that speaks the words of Web streams. Only `append` and the streams wait. */
export interface Buffer<T> {
  /** Room that is left, in sizes; zero or less when full. */
  readonly desiredSize: number;
  /** Resolves when there is room again. With a policy that drops it never waits. */
  readonly ready: Promise<void>;
  /** Resolves when there is something to take, or the buffer is closed. */
  readonly filled: Promise<void>;
  /** Items held. */
  readonly size: number;
  /** Items that can be held when each counts one; with `capacity: {min, max}` at its present growth. */
  readonly capacity: number;
  /** Items taken since the beginning. */
  readonly accepted: number;
  /** Items refused: the buffer was full, or closed. */
  readonly refused: number;
  /** Items that were taken and given up later, by `drop-oldest` or `sample`. */
  readonly evicted: number;
  /** Items dropped, new or old, by policy and level. What `block` refuses is not dropped. */
  readonly dropped: DropCounts;
  /** Whether the buffer takes nothing more in. */
  readonly closed: boolean;
  /** Items that wait in `append`. */
  readonly waiting: number;
  /** Offers an item; false if it was refused. Never waits. */
  push(item: T): boolean;
  /**
   * Offers items as one: all are taken, in their order, or none and false is returned. More than the
   * capacity are refused whole, whatever the policy, and nothing is given up for them. Never waits.
   */
  pushMany(items: readonly T[]): boolean;
  /**
   * Waits for room, first come, first served, and hands an item over. Resolves to true when it was
   * taken, to false if the policy dropped it or `wake` ended the wait. Once the promise has rejected the
   * item is never taken. Only the policy `block` waits, unless `waits` is set.
   *
   * @throws {BufferFullError} If there was no room within `timeoutMs`, or too many wait already
   * @throws {NotAcceptedError} If the buffer is closed
   * @throws {RangeError} If `timeoutMs` is negative or not a number
   */
  append(item: T, options?: RoomOptions): Promise<boolean>;
  /** Takes the oldest item. */
  shift(): T | undefined;
  /** Takes up to `max` items, oldest first. @default {Infinity} */
  popMany(max?: number): T[];
  /** Ends the waits for room, room or not: there will be none, and those who wait should know. */
  wake(): void;
  /** Takes nothing more in; what is held can still be taken out. Idempotent. */
  close(): void;
  /**
   * The buffer as a destination: a write resolves when the item was taken and there is room for the
   * next, so that a piped source is slowed down and the stream itself holds no more than one. Closing it
   * closes the buffer.
   */
  readonly writable: WritableStream<T>;
  /**
   * The buffer as a source: each read takes what is there, up to `batchItems`, and none is taken ahead
   * of a read. Ends when the buffer is closed and empty, with the error of a source that failed.
   */
  readonly readable: ReadableStream<readonly T[]>;
}

/**
 * Makes a bounded buffer.
 *
 * @throws {RangeError | TypeError} If an option is out of range, or two of them do not go together
 *
 * @example
 * ```ts
 * import { createBuffer } from "@logflume/logflume";
 *
 * const buffer = createBuffer<string>({
 *   strategy: new CountQueuingStrategy({ highWaterMark: 2 }),
 *   overflow: "drop-oldest",
 * });
 * for (const line of ["a", "b", "c"]) buffer.push(line);
 * console.assert(buffer.shift() === "b" && buffer.evicted === 1);
 * ```
 */
export function createBuffer<T>(options: BufferOptions<T> = {}): Buffer<T> {
  return new BoundedBuffer(options);
}

class BoundedBuffer<T> implements Buffer<T> {
  readonly #overflow: Overflow;
  readonly #shelf: Shelf<T>;
  readonly #drops: Drops<T>;
  readonly #sampled: () => boolean;
  readonly #waiters: Waiters<T>;
  readonly #idle: IdleShrink | undefined;
  readonly #batchItems: number;
  #streams: BufferStreams<T> | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  #reader: PromiseWithResolvers<void> | undefined;
  // One look instead of three at every item that is taken: does anything depend on there being room?
  #isWatched = false;
  closed = false;
  accepted = 0;
  refused = 0;
  evicted = 0;

  constructor(options: BufferOptions<T>) {
    const { clock = systemClock, levelOf = () => "info" as const } = options;
    this.#shelf = shelfOf(options);
    this.#overflow = options.overflow ?? "block";
    this.#drops = new Drops(this.#overflow, levelOf, options);
    this.#sampled = createSampler(options.sampleEvery ?? 10, options.random ?? Math.random);
    this.#waiters = new Waiters(options.maxWaiters ?? 10_000, clock, urgencyOf(options));
    this.#batchItems = options.batchItems ?? 1000;
    this.#idle = this.#idleOf(options, clock);
  }

  #idleOf({ strategy, capacity }: BufferOptions<T>, clock: Clock): IdleShrink | undefined {
    if (capacity === undefined && strategy?.size === undefined) return undefined;
    return new IdleShrink(this.#shelf, clock, () => this.accepted);
  }

  get size(): number {
    return this.#shelf.size;
  }

  get capacity(): number {
    return this.#shelf.capacity;
  }

  get desiredSize(): number {
    return this.#shelf.room;
  }

  get dropped(): DropCounts {
    return this.#drops.counts;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  get ready(): Promise<void> {
    if (this.#overflow !== "block" || this.closed || this.desiredSize > 0) {
      return Promise.resolve();
    }
    this.#isWatched = true;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  get filled(): Promise<void> {
    if (this.closed || this.size > 0) return Promise.resolve();
    this.#reader ??= Promise.withResolvers<void>();
    return this.#reader.promise;
  }

  get writable(): WritableStream<T> {
    return (this.#streams ??= createStreams(this, this.#batchItems)).writable;
  }

  get readable(): ReadableStream<readonly T[]> {
    return (this.#streams ??= createStreams(this, this.#batchItems)).readable;
  }

  push(item: T): boolean {
    if (this.closed || !this.#shelf.takes(item)) return this.#offerFull([item]);
    this.#put(item);
    return true;
  }

  pushMany(items: readonly T[]): boolean {
    if (items.length === 0) return true;
    if (this.closed || !this.#shelf.takesAll(items)) return this.#offerFull(items);
    for (const item of items) this.#put(item);
    return true;
  }

  async append(item: T, options: RoomOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    assertTimeoutMs(options.timeoutMs);
    if (this.closed) throw closedError();
    if ((options.waits || this.#overflow === "block") && !this.#shelf.takes(item)) {
      this.#isWatched = true;
      return await this.#waiters.wait(item, options);
    }
    const taken = this.push(item);
    if (taken) options.onTaken?.();
    return taken;
  }

  #put(item: T): void {
    this.#shelf.put(item);
    this.accepted++;
    if (this.#reader !== undefined) this.#wakeReader();
    if (this.#idle !== undefined) this.#idle.notice();
  }

  /** What the policy does with items that do not fit. */
  #offerFull(items: readonly T[]): boolean {
    if (this.closed || !this.#mayEvictFor(items)) return this.#refuse(items);
    const victims: T[] = [];
    while (!this.#shelf.takesAll(items)) victims.push(this.#shelf.evictFor(items)!);
    for (const item of items) this.#put(item);
    this.evicted += victims.length;
    this.#dropAll(victims);
    return true;
  }

  #mayEvictFor(items: readonly T[]): boolean {
    return (this.#overflow === "drop-oldest" || (this.#overflow === "sample" && this.#sampled())) &&
      this.#shelf.couldTakeAll(items);
  }

  #refuse(items: readonly T[]): false {
    this.refused += items.length;
    if (this.#overflow !== "block" && !this.closed) this.#dropAll(items);
    return false;
  }

  #dropAll(items: readonly T[]): void {
    this.#isWatched = true;
    for (const item of items) this.#drops.add(item);
  }

  shift(): T | undefined {
    const item = this.#shelf.shift();
    if (this.#isWatched) this.#useRoom();
    return item;
  }

  popMany(max: number = Infinity): T[] {
    const items: T[] = [];
    while (this.#shelf.size > 0 && items.length < max) items.push(this.#shelf.shift()!);
    if (this.#isWatched) this.#useRoom();
    return items;
  }

  /** Something was taken: serves those who wait for room, as far as there is some. */
  #useRoom(): void {
    this.#waiters.serve((item) => {
      if (!this.#shelf.takes(item)) return false;
      this.#put(item);
      return true;
    });
    if (this.desiredSize > 0) this.#wakeRoom();
    const isRecovered = this.#shelf.fullness <= 0.5;
    this.#isWatched = this.#waiters.size > 0 || this.#room !== undefined ||
      (this.#drops.isOpen && !isRecovered);
    // Last, since the listener may push.
    if (isRecovered) this.#drops.recover();
  }

  #wakeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #wakeReader(): void {
    this.#reader?.resolve();
    this.#reader = undefined;
  }

  wake(): void {
    this.#waiters.end();
    this.#wakeRoom();
  }

  close(): void {
    this.closed = true;
    this.#waiters.end(closedError());
    this.#wakeRoom();
    this.#wakeReader();
    this.#idle?.stop();
  }
}

function closedError(): NotAcceptedError {
  return new NotAcceptedError("The buffer is closed: make another one", "closed");
}
