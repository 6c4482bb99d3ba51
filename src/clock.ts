/** Time and timers, passed in, so that tests move time instead of waiting for it. */
export interface Clock {
  /** Milliseconds since 1970, as `Date.now()`; may jump. Stamps records only. */
  now(): number;
  /** Milliseconds that never run backwards; for every interval and deadline. */
  monotonic(): number;
  /**
   * Calls `fn` once after `delayMs`; the answer cancels it. A timer does not keep the process alive.
   */
  setTimer(fn: () => void, delayMs: number): () => void;
  /** Calls `fn` soon, after the running job and its microtasks; keeps the process alive until then. */
  defer(fn: () => void): void;
  /** Keeps the process alive until the answer is called: somebody waits for what timers will bring. */
  hold(): () => void;
}

interface Unrefable {
  unref?(): void;
}

type Immediate = (fn: () => void) => unknown;

/** What `setTimeout` can wait for; with more it calls back at once. */
const LONGEST_MS = 2 ** 31 - 1;

const immediate = (globalThis as { setImmediate?: Immediate }).setImmediate;

/** The clock of the system: `Date.now`, `performance.now`, unref'd `setTimeout`, `setImmediate`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(fn, delayMs) {
    let timer: unknown;
    const begin = (leftMs: number): void => {
      const isLast = leftMs <= LONGEST_MS;
      const next = isLast ? fn : () => begin(leftMs - LONGEST_MS);
      timer = setTimeout(next, isLast ? leftMs : LONGEST_MS);
      (timer as Unrefable).unref?.();
    };
    begin(delayMs);
    return () => clearTimeout(timer as number);
  },
  defer: immediate === undefined ? (fn) => void setTimeout(fn, 0) : (fn) => void immediate(fn),
  hold() {
    const timer = setInterval(() => {}, 2 ** 30);
    return () => clearInterval(timer);
  },
};
