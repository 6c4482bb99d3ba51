import type { Clock } from "../clock.ts";

/** How long work may hold the event loop before it gives others their turn. */
const TURN_MS = 20;

/** Cuts long work into turns of the event loop, so that it slows no writer. */
export class Turns {
  readonly #clock: Clock;
  #endMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#endMs = clock.monotonic() + TURN_MS;
  }

  /** Whether this turn has lasted long enough. */
  get isOver(): boolean {
    return this.#clock.monotonic() >= this.#endMs;
  }

  /** Resolves when it is our turn again. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.defer(resolve));
    this.#endMs = this.#clock.monotonic() + TURN_MS;
  }
}
