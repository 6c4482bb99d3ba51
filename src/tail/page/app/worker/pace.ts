/** Calls a function soon, once for however many wishes, and not before a time since its last call. */
export class Pace {
  readonly #call: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt = Infinity;
  #calledAt = -Infinity;

  constructor(call: () => void) {
    this.#call = call;
  }

  /** Calls as soon as `stepMs` have passed since the last call. The earliest of several wishes counts. */
  soon(stepMs: number): void {
    const now = performance.now();
    const at = Math.max(now, this.#calledAt + stepMs);
    if (at >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = at;
    this.#timer = setTimeout(() => {
      this.#dueAt = Infinity;
      this.#calledAt = performance.now();
      this.#call();
    }, at - now);
  }
}

/**
 * The least time between two changes of a list that follows. Nobody reads thousands of lines a second:
 * they pass in larger steps, and the page stays calm.
 */
export function stepMs(rate: number): number {
  return rate > 2_000 ? 100 : rate > 200 ? 50 : 0;
}
