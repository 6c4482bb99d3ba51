import type { Clock } from "../clock.ts";

/** How long pushes gather before waiting readers are woken: 20 wakes a second, whatever the rate. */
const WINDOW_MS = 50;

/** Readers that wait for more; they are woken together, at most once in a window. */
export class Wake {
  readonly #clock: Clock;
  readonly #waiting = new Map<() => void, object>();
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Says that there is more. One comparison when nobody waits. */
  notify(): void {
    if (this.#waiting.size === 0 || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#clock.setTimer(() => this.now(), WINDOW_MS);
  }

  /** Wakes everybody who waits. */
  now(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const woken = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const wake of woken) wake();
  }

  /** Ends the waits of one owner, who will not read any more. */
  release(owner: object): void {
    for (const [wake, waiter] of this.#waiting) if (waiter === owner) wake();
  }

  /** Resolves at the next wake or after `timeoutMs`; rejects with the signal's reason on abort. */
  wait(
    owner: object,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
  ): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const wake = () => settle(resolve);
      const abort = () => settle(() => reject(signal?.reason));
      const cancel = timeoutMs === undefined ? undefined : this.#clock.setTimer(wake, timeoutMs);
      const settle = (end: () => void) => {
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", abort);
        cancel?.();
        end();
      };
      this.#waiting.set(wake, owner);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }
}
