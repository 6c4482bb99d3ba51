import type { Clock } from "../clock.ts";

interface Wait {
  isOver(): boolean;
  end(isOver: boolean): void;
}

/** Waits for what may be over whenever a record has its outcome. */
export class Waits {
  readonly #clock: Clock;
  readonly #all = new Set<Wait>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves to true as soon as a check finds it over, to false when the time is over first; 0 does not wait. */
  until(isOver: () => boolean, timeoutMs: number): Promise<boolean> {
    if (isOver() || timeoutMs <= 0) return Promise.resolve(isOver());
    return new Promise((resolve) => {
      const end = (isOver: boolean): void => {
        this.#all.delete(wait);
        cancel?.();
        resolve(isOver);
      };
      const wait = { isOver, end };
      const cancel = timeoutMs < Infinity
        ? this.#clock.setTimer(() => end(false), timeoutMs)
        : undefined;
      this.#all.add(wait);
    });
  }

  /** Some records have their outcome. */
  check(): void {
    for (const wait of this.#all) if (wait.isOver()) wait.end(true);
  }
}
