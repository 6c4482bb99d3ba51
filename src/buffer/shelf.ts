import { createRing, type Ring, type RingBounds } from "./ring.ts";

/** How much a shelf holds, and how that is measured. */
export interface ShelfLimits<T> {
  /** Full when the sizes of the items sum up to this. */
  readonly mark: number;
  /** The size of an item; each counts one without it. */
  readonly sizeOf: ((item: T) => number) | undefined;
  /** Full when the bytes of the items sum up to this. */
  readonly maxBytes: number;
  /** The bytes of an item. */
  readonly bytesOf: ((item: T) => number) | undefined;
  /** The slots. */
  readonly slots: RingBounds;
}

/** What some items measure together. */
export interface Load {
  /** The sum of their sizes. */
  readonly size: number;
  /** The sum of their bytes. */
  readonly bytes: number;
}

/** Items in their order, within the limits. Decides what fits; what happens to the rest is not its part. */
export interface Shelf<T> {
  /** Items held. */
  readonly size: number;
  /** Items that can be held at the present number of slots. */
  readonly capacity: number;
  /** Room left for any item, in sizes; zero or less when full. */
  readonly room: number;
  /** How much of the limit is used that is nearest: 0 when empty, 1 when full. */
  readonly fullness: number;
  /** Whether this item fits now. As with Web streams, the last one may reach over the limit. */
  takes(item: T): boolean;
  /** Whether these items fit together now. Of several, none may reach over the limit. */
  takesAll(items: readonly T[]): boolean;
  /** Whether they would if all that may go for them were gone. */
  couldTakeAll(items: readonly T[]): boolean;
  /** Puts an item that fits. */
  put(item: T): void;
  /** Takes the oldest item. */
  shift(): T | undefined;
  /** Gives up the item that has to go first for these, if one may. */
  evictFor(items: readonly T[]): T | undefined;
  /** Gives slots back; false if it cannot. */
  shrink(): boolean;
}

/**
 * A shelf on which all items are equal. Sizes are remembered; bytes are asked for again when an item
 * goes, which for a string costs less than to keep them.
 */
export class PlainShelf<T> implements Shelf<T> {
  readonly #mark: number;
  readonly #maxBytes: number;
  readonly #sizeOf: ((item: T) => number) | undefined;
  readonly #bytesOf: ((item: T) => number) | undefined;
  readonly #items: Ring<T>;
  readonly #sizes: Ring<number> | undefined;
  /** The sum of the sizes. */
  used = 0;
  /** The sum of the bytes. */
  heldBytes = 0;

  constructor(limits: ShelfLimits<T>) {
    this.#mark = limits.mark;
    this.#maxBytes = limits.maxBytes;
    this.#sizeOf = limits.sizeOf;
    this.#bytesOf = limits.bytesOf;
    this.#items = createRing<T>(limits.slots);
    if (limits.sizeOf !== undefined) this.#sizes = createRing<number>(limits.slots);
  }

  get size(): number {
    return this.#items.size;
  }

  get capacity(): number {
    return this.#items.capacity;
  }

  get room(): number {
    return this.heldBytes >= this.#maxBytes ? 0 : this.#mark - this.used;
  }

  takes(_item: T): boolean {
    return this.used < this.#mark && this.heldBytes < this.#maxBytes;
  }

  get fullness(): number {
    return Math.max(this.used / this.#mark, this.heldBytes / this.#maxBytes);
  }

  takesAll(items: readonly T[]): boolean {
    return items.length === 1 ? this.room > 0 : this.takesLoad(this.loadOf(items), this.load);
  }

  couldTakeAll(items: readonly T[]): boolean {
    return items.length === 1 || this.takesLoad(this.loadOf(items), { size: 0, bytes: 0 });
  }

  /** What is held. */
  get load(): Load {
    return { size: this.used, bytes: this.heldBytes };
  }

  /** Whether a load fits beside another. */
  takesLoad(load: Load, beside: Load): boolean {
    return load.size <= this.#mark - beside.size && load.bytes <= this.#maxBytes - beside.bytes;
  }

  /** What items measure. */
  loadOf(items: readonly T[]): Load {
    let size = 0;
    let bytes = 0;
    for (const item of items) {
      size += this.#sizeOf === undefined ? 1 : measured(this.#sizeOf(item));
      bytes += this.#bytesOf === undefined ? 0 : measured(this.#bytesOf(item));
    }
    return { size, bytes };
  }

  put(item: T): void {
    // Both are measured before anything is changed: the caller's functions may throw.
    const size = this.#sizeOf === undefined ? 1 : measured(this.#sizeOf(item));
    if (this.#bytesOf !== undefined) this.heldBytes += measured(this.#bytesOf(item));
    if (this.#sizes !== undefined) this.#sizes.push(size);
    this.used += size;
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#items.size === 0) return undefined;
    if (this.#bytesOf !== undefined) this.heldBytes -= this.#bytesOf(this.#items.peek()!);
    this.used -= this.#sizes === undefined ? 1 : this.#sizes.shift()!;
    // Fractions do not add up exactly; an empty shelf holds nothing.
    if (this.#items.size === 1) this.used = this.heldBytes = 0;
    return this.#items.shift();
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#items.peek();
  }

  evictFor(_items: readonly T[]): T | undefined {
    return this.shift();
  }

  shrink(): boolean {
    this.#sizes?.shrink();
    return this.#items.shrink();
  }
}

/** A size that is none would break the sum for ever. */
function measured(size: number): number {
  if (size >= 0 && size < Infinity) return size;
  throw new RangeError(`Cannot buffer an item of size ${size}: allowed are finite numbers from 0`);
}
