import type { Clock } from "../clock.ts";
import { type Level, LEVEL_RANK } from "../record/level.ts";
import type { DropListeners, Overflow } from "./overflow.ts";
import { ReserveShelf } from "./reserve_shelf.ts";
import type { RingBounds } from "./ring.ts";
import { PlainShelf, type Shelf } from "./shelf.ts";

/** How a buffer is bounded, and what it does when it is full. */
export interface BufferOptions<T> extends DropListeners<T> {
  /**
   * The bound in the terms of Web streams: the buffer is full when the sizes of its items sum up to
   * `highWaterMark`. Without `size` every item counts one.
   *
   * @default {{ highWaterMark: 10_000 }}
   */
  readonly strategy?: QueuingStrategy<T>;
  /**
   * A bound in items that grows: storage doubles from `min` up to `max` as the buffer fills, and is
   * halved for every 10 seconds in which not more than a quarter of it was used. Items are taken up to
   * `max`. Not together with `strategy`.
   */
  readonly capacity?: RingBounds;
  /** What to do when it is full. @default {"block"} */
  readonly overflow?: Overflow;
  /** A second bound, on the sum of `bytesOf`. @default {Infinity} */
  readonly maxBytes?: number;
  /** Bytes of an item, for `maxBytes`; asked when it comes and when it goes, with the same answer. */
  readonly bytesOf?: (item: T) => number;
  /**
   * Room, in sizes, that only items at level `error` and above may use, and the same share of the bytes;
   * needs `levelOf`. Such an item is never given up for one of a lower level.
   *
   * @default {0}
   */
  readonly reserve?: number;
  /** The level of an item, for `reserve` and for the counts of drops. @default {() => "info"} */
  readonly levelOf?: (item: T) => Level;
  /** With `sample`: one in this many is taken while the buffer is full. @default {10} */
  readonly sampleEvery?: number;
  /** Items that may wait in `append` at once; more are refused. @default {10_000} */
  readonly maxWaiters?: number;
  /** Most items of a batch that `readable` gives. @default {1000} */
  readonly batchItems?: number;
  /** Time. @default {systemClock} */
  readonly clock?: Clock;
  /** Chance, 0 up to 1, for `sample`. @default {Math.random} */
  readonly random?: () => number;
}

const DEFAULT_MARK = 10_000;
/** With sizes of their own, items may be small and many: only their sum is bounded. */
const SIZED_SLOTS: RingBounds = { min: 64, max: 2 ** 30 };

/** All policies. */
export const POLICIES: readonly Overflow[] = [
  "block",
  "drop-oldest",
  "drop-newest",
  "sample",
  "warn",
];

/**
 * Makes the shelf that options ask for, and checks the other options.
 *
 * @throws {RangeError | TypeError} If an option is out of range, or two of them do not go together
 */
export function shelfOf<T>(options: BufferOptions<T>): Shelf<T> {
  const { overflow = "block", strategy, maxBytes = Infinity, bytesOf, reserve = 0 } = options;
  if (!POLICIES.includes(overflow)) {
    throw new RangeError(`Unknown overflow "${overflow}": use one of ${POLICIES.join(", ")}`);
  }
  if (options.capacity !== undefined && strategy !== undefined) {
    throw new TypeError("Cannot use both strategy and capacity: pass one of them");
  }
  if (maxBytes !== Infinity && bytesOf === undefined) {
    throw new TypeError(
      "Cannot use maxBytes without bytesOf: pass a function that measures an item",
    );
  }
  if (!(maxBytes >= 1)) {
    throw new RangeError(`Cannot use maxBytes ${maxBytes}: allowed are 1 and more`);
  }
  atLeastOne("sampleEvery", options.sampleEvery);
  atLeastOne("maxWaiters", options.maxWaiters);
  atLeastOne("batchItems", options.batchItems);
  const mark = markOf(options);
  const slots = options.capacity ??
    (strategy?.size === undefined ? { min: mark, max: mark } : SIZED_SLOTS);
  const limits = { mark, sizeOf: strategy?.size, maxBytes, bytesOf, slots };
  return reserve === 0
    ? new PlainShelf(limits)
    : new ReserveShelf(limits, reserveOf(reserve, mark, options.levelOf), urgencyOf(options));
}

/**
 * A bound in items, in the terms of a buffer: one number, or two between which it grows.
 *
 * @throws {RangeError} If it is neither
 */
export function boundOf(capacity: number | RingBounds): Pick<
  BufferOptions<unknown>,
  "strategy" | "capacity"
> {
  if (typeof capacity === "object" && capacity !== null) return { capacity };
  if (typeof capacity === "number" && capacity >= 1 && capacity < Infinity) {
    return { strategy: { highWaterMark: capacity } };
  }
  throw new RangeError(
    `Cannot use a capacity of ${capacity}: allowed are finite numbers from 1, and { min, max }`,
  );
}

function markOf<T>({ strategy, capacity }: BufferOptions<T>): number {
  const mark = capacity?.max ?? strategy?.highWaterMark ?? DEFAULT_MARK;
  if (!(mark >= 1 && mark < Infinity)) {
    throw new RangeError(
      `Cannot use a ${
        capacity ? "capacity.max" : "highWaterMark"
      } of ${mark}: allowed are finite numbers from 1`,
    );
  }
  return strategy?.size === undefined ? Math.floor(mark) : mark;
}

function reserveOf(reserve: number, mark: number, levelOf: unknown): number {
  if (levelOf === undefined) {
    throw new TypeError("Cannot use reserve without levelOf: pass a function that tells a level");
  }
  if (reserve >= 1 && reserve < mark) return reserve;
  throw new RangeError(
    `Cannot use a reserve of ${reserve}: allowed is 0 up to, not including, the capacity of ${mark}`,
  );
}

/** Whether an item may use the reserve. */
export function urgencyOf<T>({ reserve = 0, levelOf }: BufferOptions<T>): (item: T) => boolean {
  if (reserve === 0 || levelOf === undefined) return () => false;
  return (item) => LEVEL_RANK[levelOf(item)] >= LEVEL_RANK.error;
}

function atLeastOne(name: string, value: number = 1): void {
  if (value === Infinity || (Number.isSafeInteger(value) && value >= 1)) return;
  throw new RangeError(`Cannot use ${name} ${value}: allowed are whole numbers from 1`);
}
