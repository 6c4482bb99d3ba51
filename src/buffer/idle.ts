import type { Clock } from "../clock.ts";

/** How long the load has to be low before slots are given back. */
const IDLE_MS = 10_000;

/** What is looked after. */
export interface Shrinkable {
  /** Items held. */
  readonly size: number;
  /** Items that can be held at present. */
  readonly capacity: number;
  /** Gives slots back; false if it cannot. */
  shrink(): boolean;
}

/**
 * Gives memory back in quiet times: every 10 seconds it halves the slots if not more than a quarter of
 * them can have been in use. No timer runs while there is nothing to give back.
 */
export class IdleShrink {
  readonly #shelf: Shrinkable;
  readonly #clock: Clock;
  readonly #taken: () => number;
  readonly #least: number;
  #takenBefore = 0;
  #heldBefore = 0;
  #cancel: (() => void) | undefined;

  /** `taken` tells how many items were taken so far. */
  constructor(shelf: Shrinkable, clock: Clock, taken: () => number) {
    this.#shelf = shelf;
    this.#clock = clock;
    this.#taken = taken;
    this.#least = shelf.capacity;
  }

  /** An item was put: the shelf may have grown. */
  notice(): void {
    if (this.#cancel !== undefined || this.#shelf.capacity === this.#least) return;
    this.#takenBefore = this.#taken();
    this.#heldBefore = this.#shelf.size;
    this.#cancel = this.#clock.setTimer(() => this.#look(), IDLE_MS);
  }

  #look(): void {
    this.#cancel = undefined;
    // Never more were held at once than there were before and came since.
    const most = this.#heldBefore + this.#taken() - this.#takenBefore;
    if (most <= this.#shelf.capacity / 4) this.#shelf.shrink();
    this.notice();
  }

  /** Ends the timer. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
