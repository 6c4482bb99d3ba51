import type { Clock } from "../clock.ts";

/** The time limit of one request, joined with the signal of whoever waits for it. */
export class Deadline {
  readonly #abort = new AbortController();
  readonly #cancelTimer: () => void;
  readonly #outer: AbortSignal;
  readonly #onOuter: () => void;
  #isOver = false;

  constructor(clock: Clock, timeoutMs: number, outer: AbortSignal) {
    this.#outer = outer;
    this.#onOuter = () => this.#abort.abort(outer.reason);
    this.#cancelTimer = clock.setTimer(() => {
      this.#isOver = true;
      this.#abort.abort(new DOMException("The time limit has passed", "TimeoutError"));
    }, timeoutMs);
    if (outer.aborted) this.#onOuter();
    else outer.addEventListener("abort", this.#onOuter, { once: true });
  }

  /** Aborted when the time is up, when nobody waits any more, or by `abort`. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether it was the time. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What `work` brings, unless the signal comes first; for what knows no signal. */
  async within<T>(work: T | PromiseLike<T>): Promise<T> {
    const { signal } = this;
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([work, aborted.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Nobody waits any more for what the signal would end. */
  abort(): void {
    this.#abort.abort(new DOMException("The sink is closed", "AbortError"));
  }

  /** Gives timer and listener back. */
  end(): void {
    this.#cancelTimer();
    this.#outer.removeEventListener("abort", this.#onOuter);
  }
}
