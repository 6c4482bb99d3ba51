/** A first-in, first-out queue of fixed capacity. */
export interface Ring<T> {
  /** How many items it can hold. */
  readonly capacity: number;
  /** How many it holds. */
  readonly size: number;
  /** Adds an item; false if the ring is full. */
  push(item: T): boolean;
  /** Takes the oldest item; undefined if there is none. */
  shift(): T | undefined;
  /** The oldest item, left in place; undefined if there is none. */
  peek(): T | undefined;
}

/**
 * A ring of exactly `capacity` items. The storage is the next power of two, so that a position wraps by
 * one bit mask instead of a division. Taken slots are cleared, so that nothing is kept alive.
 *
 * @param capacity A whole number, 1 or more
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
 * console.assert(ring.shift() === "a");
 * ```
 */
export function createRing<T>(capacity: number): Ring<T> {
  if (!Number.isSafeInteger(capacity) || capacity < 1 || capacity > 2 ** 30) {
    throw new RangeError(
      `Cannot make a ring of ${capacity}: capacity is a whole number from 1 to 2^30`,
    );
  }
  return new SlotRing<T>(capacity);
}

class SlotRing<T> implements Ring<T> {
  readonly capacity: number;
  readonly #slots: (T | undefined)[];
  readonly #mask: number;
  // Positions grow for ever and are exact up to 2^53; only their low bits address a slot.
  #head = 0;
  #tail = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    const slots = 2 ** Math.ceil(Math.log2(capacity));
    this.#slots = new Array<T | undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
  }

  get size(): number {
    return this.#tail - this.#head;
  }

  push(item: T): boolean {
    if (this.#tail - this.#head >= this.capacity) return false;
    this.#slots[this.#tail++ & this.#mask] = item;
    return true;
  }

  shift(): T | undefined {
    if (this.#head === this.#tail) return undefined;
    const at = this.#head++ & this.#mask;
    const item = this.#slots[at];
    this.#slots[at] = undefined;
    return item;
  }

  peek(): T | undefined {
    return this.#head === this.#tail ? undefined : this.#slots[this.#head & this.#mask];
  }
}
