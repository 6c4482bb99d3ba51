import { createRing, type Ring } from "./ring.ts";

/**
 * What a full buffer does with one more item: `block` refuses it and makes `ready` wait, `drop-newest`
 * refuses it, `drop-oldest` takes it and gives up the oldest.
 */
export type Overflow = "block" | "drop-oldest" | "drop-newest";

/** How a buffer is bounded. */
export interface BufferOptions<T> {
  /**
   * The bound in the terms of Web streams: the buffer is full when the sizes of its items sum up to
   * `highWaterMark`. Without `size` every item counts one.
   *
   * @default {{ highWaterMark: 10_000 }}
   */
  readonly strategy?: QueuingStrategy<T>;
  /** What to do when it is full. @default {"block"} */
  readonly overflow?: Overflow;
  /** A second bound, on the sum of `bytesOf`. @default {Infinity} */
  readonly maxBytes?: number;
  /** Bytes of an item, for `maxBytes`. */
  readonly bytesOf?: (item: T) => number;
  /** Told of each item that `drop-oldest` gave up. */
  readonly onDrop?: (item: T) => void;
}

/** A bounded buffer that speaks the words of Web streams. */
export interface Buffer<T> {
  /** Room that is left; zero or less when full. */
  readonly desiredSize: number;
  /** Resolves when there is room. With a policy that drops it never waits. */
  readonly ready: Promise<void>;
  /** Items held. */
  readonly size: number;
  /** Items that can be held when each counts one. */
  readonly capacity: number;
  /** Items refused because the buffer was full. */
  readonly refused: number;
  /** Items given up by `drop-oldest`. */
  readonly evicted: number;
  /** Offers an item; false if it was refused. Never waits. */
  push(item: T): boolean;
  /** Takes the oldest item. */
  shift(): T | undefined;
  /** Ends the waits for `ready`, room or not: there will be no room, and those who wait should know. */
  wake(): void;
}

/**
 * Makes a bounded buffer.
 *
 * @throws {RangeError} If `highWaterMark` is not 1 or more
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
  readonly #ring: Ring<T>;
  readonly #highWaterMark: number;
  readonly #sizeOf: ((item: T) => number) | undefined;
  readonly #maxBytes: number;
  readonly #bytesOf: (item: T) => number;
  readonly #overflow: Overflow;
  readonly #onDrop: (item: T) => void;
  #sum = 0;
  #bytes = 0;
  #waiting: { promise: Promise<void>; resolve: () => void } | undefined;
  refused = 0;
  evicted = 0;

  constructor(options: BufferOptions<T>) {
    const mark = options.strategy?.highWaterMark ?? 10_000;
    if (!(mark >= 1)) {
      throw new RangeError(`Cannot use a highWaterMark of ${mark}: allowed are 1 and more`);
    }
    this.#highWaterMark = mark;
    this.#sizeOf = options.strategy?.size;
    // With sizes of their own, items may be smaller than one: the ring then only bounds their number.
    this.#ring = createRing<T>(this.#sizeOf ? Math.max(65_536, Math.ceil(mark)) : Math.floor(mark));
    this.#maxBytes = options.maxBytes ?? Infinity;
    this.#bytesOf = options.bytesOf ?? (() => 0);
    this.#overflow = options.overflow ?? "block";
    this.#onDrop = options.onDrop ?? (() => {});
  }

  get size(): number {
    return this.#ring.size;
  }

  get capacity(): number {
    return this.#ring.capacity;
  }

  get desiredSize(): number {
    if (this.#bytes >= this.#maxBytes) return 0;
    return this.#highWaterMark - (this.#sizeOf ? this.#sum : this.#ring.size);
  }

  get ready(): Promise<void> {
    if (this.#overflow !== "block" || this.desiredSize > 0) return Promise.resolve();
    this.#waiting ??= Promise.withResolvers<void>();
    return this.#waiting.promise;
  }

  push(item: T): boolean {
    if (this.desiredSize <= 0) {
      if (this.#overflow !== "drop-oldest") {
        this.refused++;
        return false;
      }
      this.#evict();
    }
    if (!this.#ring.push(item)) {
      this.refused++;
      return false;
    }
    this.#bytes += this.#bytesOf(item);
    if (this.#sizeOf) this.#sum += this.#sizeOf(item);
    return true;
  }

  #evict(): void {
    while (this.desiredSize <= 0 && this.#ring.size > 0) {
      const item = this.#take()!;
      this.evicted++;
      this.#onDrop(item);
    }
  }

  shift(): T | undefined {
    const item = this.#take();
    if (this.#waiting !== undefined && this.desiredSize > 0) this.wake();
    return item;
  }

  wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  #take(): T | undefined {
    if (this.#ring.size === 0) return undefined;
    const item = this.#ring.shift() as T;
    this.#bytes -= this.#bytesOf(item);
    if (this.#sizeOf) this.#sum -= this.#sizeOf(item);
    return item;
  }
}
