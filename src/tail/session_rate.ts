import type { Clock } from "../clock.ts";

/** Bounds how many messages a client may send: so many at once, and so many a second. */
export class MessageRate {
  readonly #perSecond: number;
  readonly #clock: Clock;
  #left: number;
  #at: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = this.#left = perSecond;
    this.#clock = clock;
    this.#at = clock.monotonic();
  }

  /** Counts a message; false if it is one too many. */
  take(): boolean {
    const now = this.#clock.monotonic();
    const earned = this.#perSecond * (now - this.#at) / 1000;
    this.#left = Math.min(this.#perSecond, this.#left + earned);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
