import type { Clock } from "../clock.ts";
import { BufferFullError } from "../errors.ts";

/** How long to wait for room. */
export interface RoomOptions {
  /** Ends the wait: the promise rejects with its reason, and the item is never taken. */
  readonly signal?: AbortSignal;
  /** The longest wait in milliseconds; 0 does not wait. @default {Infinity} */
  readonly timeoutMs?: number;
  /** Wait with a policy that drops, too: nothing is dropped for this item. @default {false} */
  readonly waits?: boolean;
  /** Called at the moment when the item is taken, before the promise resolves. */
  readonly onTaken?: () => void;
}

interface Waiter<T> {
  readonly item: T;
  /** Ends the wait: the item was taken, or the waits were ended. */
  end(taken: boolean): void;
  /** Ends the wait with an error. */
  fail(reason: unknown): void;
}

/** Items that wait for room: first come, first served, the urgent ones before the others. */
export class Waiters<T> {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #isUrgent: (item: T) => boolean;
  // Sets keep their order and forget one in the middle at no cost.
  readonly #urgent = new Set<Waiter<T>>();
  readonly #ordinary = new Set<Waiter<T>>();

  constructor(max: number, clock: Clock, isUrgent: (item: T) => boolean) {
    this.#max = max;
    this.#clock = clock;
    this.#isUrgent = isUrgent;
  }

  /** How many wait. */
  get size(): number {
    return this.#urgent.size + this.#ordinary.size;
  }

  /**
   * Lines an item up. Resolves to true when it was taken, to false when the waits were ended.
   *
   * @throws {BufferFullError} If there was no room in time, or too many wait already
   */
  wait(item: T, options: RoomOptions): Promise<boolean> {
    const { signal, timeoutMs = Infinity, onTaken } = options;
    if (timeoutMs <= 0) return Promise.reject(lateError(timeoutMs));
    if (this.size >= this.#max) return Promise.reject(this.#crowdedError());
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const line = this.#isUrgent(item) ? this.#urgent : this.#ordinary;
    const leave = (): void => {
      line.delete(waiter);
      cancel?.();
      signal?.removeEventListener("abort", abort);
    };
    const waiter: Waiter<T> = {
      item,
      end(taken) {
        leave();
        if (taken) onTaken?.();
        resolve(taken);
      },
      fail(reason) {
        leave();
        reject(reason);
      },
    };
    const abort = (): void => waiter.fail(signal!.reason);
    const cancel = timeoutMs === Infinity
      ? undefined
      : this.#clock.setTimer(() => waiter.fail(lateError(timeoutMs)), timeoutMs);
    signal?.addEventListener("abort", abort, { once: true });
    line.add(waiter);
    return promise;
  }

  /** Offers the items in their order until one is not taken. */
  serve(take: (item: T) => boolean): void {
    for (const line of [this.#urgent, this.#ordinary]) {
      for (const waiter of line) {
        try {
          if (!take(waiter.item)) break;
          waiter.end(true);
        } catch (error) {
          // An item that cannot be measured: its owner's error, not that of whoever made room.
          waiter.fail(error);
        }
      }
    }
  }

  /** Ends all waits, with an error if one is given; none of the items is taken. */
  end(error?: Error): void {
    for (const waiter of [...this.#urgent, ...this.#ordinary]) {
      if (error === undefined) waiter.end(false);
      else waiter.fail(error);
    }
  }

  #crowdedError(): BufferFullError {
    return new BufferFullError(
      `No room in the buffer, and ${this.#max} wait for some already: the record was not accepted; ` +
        `wait for earlier ones first, or give the buffer more capacity`,
    );
  }
}

/**
 * Checks how long to wait. A timer takes NaN for no time or for ever, each in its own way.
 *
 * @throws {RangeError} If it is negative or not a number
 */
export function assertTimeoutMs(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined || (typeof timeoutMs === "number" && timeoutMs >= 0)) return;
  throw new RangeError(
    `Cannot use timeoutMs ${timeoutMs}: allowed are milliseconds from 0, and Infinity`,
  );
}

function lateError(timeoutMs: number): BufferFullError {
  return new BufferFullError(
    `No room in the buffer within ${timeoutMs} ms: the record was not accepted; ` +
      `wait longer, or give the buffer more capacity`,
  );
}
