/** A first-in, first-out queue of bounded length. */
export interface Ring<T> {
  /** How many items it can hold now: exactly the number it was made with, or between `min` and `max`. */
  readonly capacity: number;
  /** How many it holds. */
  readonly size: number;
  /** Adds an item; false if the ring is full. */
  push(item: T): boolean;
  /** Adds all items in their order, or none of them and returns false when they do not fit together. */
  pushMany(items: readonly T[]): boolean;
  /** Takes the oldest item; undefined if there is none. */
  shift(): T | undefined;
  /** Takes up to `max` items, oldest first. @default {Infinity} */
  popMany(max?: number): T[];
  /** The oldest item, left in place; undefined if there is none. */
  peek(): T | undefined;
  /** Halves the capacity, as far as `min` and the items held allow; false if it stays as it is. */
  shrink(): boolean;
}

/** Bounds of a ring that grows when it is full and shrinks when it is told to. */
export interface RingBounds {
  /** The capacity at the beginning, and the least. */
  readonly min: number;
  /** The most. */
  readonly max: number;
}

/** The longest that positions stay small integers, which engines count with fastest. */
const MAX_CAPACITY = 2 ** 30;

/**
 * A ring of exactly `capacity` items, or one whose capacity doubles from `min` up to `max` as it fills.
 * The storage is the next power of two, so that a position wraps by one bit mask instead of a division.
 * Taken slots are cleared, so that nothing is kept alive.
 *
 * @param capacity A whole number from 1 to 2^30, or two of them
 * @throws {RangeError} If it is not
 *
 * @example
 * ```ts
 * import { createRing } from "@logflume/logflume";
 *
 * const ring = createRing<string>(2);
 * ring.push("a");
 * ring.push("b");
 * console.assert(ring.push("c") === false);
 * console.assert(ring.popMany().join() === "a,b");
 * ```
 */
export function createRing<T>(capacity: number | RingBounds): Ring<T> {
  const { min, max } = typeof capacity === "number" ? { min: capacity, max: capacity } : capacity;
  for (const count of [min, max]) {
    if (!Number.isSafeInteger(count) || count < 1 || count > MAX_CAPACITY) {
      throw new RangeError(
        `Cannot make a ring of ${count}: capacity is a whole number from 1 to 2^30`,
      );
    }
  }
  if (min > max) {
    throw new RangeError(`Cannot make a ring of ${min} to ${max}: min is at most max`);
  }
  return new SlotRing<T>(min, max);
}

class SlotRing<T> implements Ring<T> {
  readonly #min: number;
  readonly #max: number;
  #slots: (T | undefined)[];
  #mask: number;
  // Position and number, not two positions: both stay small integers however long the ring lives.
  #head = 0;
  size = 0;
  capacity: number;

  constructor(min: number, max: number) {
    this.#min = min;
    this.#max = max;
    this.capacity = min;
    this.#slots = slotsFor<T>(min);
    this.#mask = this.#slots.length - 1;
  }

  push(item: T): boolean {
    if (this.size >= this.capacity && !this.#grow()) return false;
    this.#slots[(this.#head + this.size++) & this.#mask] = item;
    return true;
  }

  pushMany(items: readonly T[]): boolean {
    if (items.length > this.#max - this.size) return false;
    for (const item of items) this.push(item);
    return true;
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const at = this.#head;
    const item = this.#slots[at];
    this.#slots[at] = undefined;
    this.#head = (at + 1) & this.#mask;
    this.size--;
    return item;
  }

  popMany(max: number = Infinity): T[] {
    const items: T[] = [];
    while (this.size > 0 && items.length < max) items.push(this.shift()!);
    return items;
  }

  peek(): T | undefined {
    return this.#slots[this.#head];
  }

  #grow(): boolean {
    if (this.capacity >= this.#max) return false;
    this.#resize(Math.min(this.#max, this.capacity * 2));
    return true;
  }

  shrink(): boolean {
    const half = Math.max(this.#min, Math.ceil(this.capacity / 2));
    if (half === this.capacity || half < this.size) return false;
    this.#resize(half);
    return true;
  }

  #resize(capacity: number): void {
    const slots = slotsFor<T>(capacity);
    for (let i = 0; i < this.size; i++) slots[i] = this.#slots[(this.#head + i) & this.#mask];
    this.#slots = slots;
    this.#mask = slots.length - 1;
    this.#head = 0;
    this.capacity = capacity;
  }
}

function slotsFor<T>(capacity: number): (T | undefined)[] {
  return new Array<T | undefined>(2 ** Math.ceil(Math.log2(capacity))).fill(undefined);
}
