import type { Clock } from "../clock.ts";

/**
 * Lets those that have worked long go on one after the other, one in a turn of the event loop: however many
 * they are, whoever has little to do waits for one of them, not for all.
 */
export class TurnQueue {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves in a later turn of the event loop, which no other that waits here shares. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) this.#clock.defer(() => this.#advance());
    });
  }

  #advance(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) this.#clock.defer(() => this.#advance());
  }
}
