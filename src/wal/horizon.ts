import type { Clock } from "../clock.ts";

/** So long after the last sync the log itself tells how far it is durable. */
const HORIZON_MS = 50;

/**
 * Waits for a log to be at rest. Then a frame without records tells how far it is durable, so that damage
 * in the last records can be told from a write that was cut.
 */
export class HorizonTimer {
  readonly #clock: Clock;
  readonly #write: () => void;
  #syncs = 0;
  #cancel: (() => void) | undefined;

  /** @param write Writes the frame, if there is something new to tell */
  constructor(clock: Clock, write: () => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Something was synced: the wait begins anew. No timer is set while one runs. */
  synced(): void {
    this.#syncs++;
    this.#cancel ??= this.#wait();
  }

  #wait(): () => void {
    const syncs = this.#syncs;
    return this.#clock.setTimer(() => {
      const isAtRest = syncs === this.#syncs;
      this.#cancel = isAtRest ? undefined : this.#wait();
      if (isAtRest) this.#write();
    }, HORIZON_MS);
  }

  /** Ends the timer. */
  stop(): void {
    this.#cancel?.();
  }
}
