import type { Clock } from "../clock.ts";

/** A clock that stands still until it is moved. */
export interface FakeClock extends Clock {
  /**
   * Moves time on by `ms`, runs every timer that falls due on the way, in order, and lets promises and
   * deferred calls settle after each of them.
   */
  advance(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly pending: number;
}

interface Timer {
  readonly at: number;
  readonly fn: () => void;
}

/**
 * Makes a clock for tests. `defer` runs on the real event loop, so that file and network calls go on;
 * only time is moved by hand.
 *
 * @param startMs Milliseconds since 1970 at the beginning
 *
 * @example
 * ```ts
 * import { fakeClock } from "@logflume/logflume/testing";
 *
 * const clock = fakeClock();
 * let rang = false;
 * clock.setTimer(() => rang = true, 60_000);
 * await clock.advance(60_000);
 * console.assert(rang);
 * ```
 */
export function fakeClock(startMs = 1_767_225_600_000): FakeClock {
  const timers = new Set<Timer>();
  let elapsed = 0;
  const nextDue = (until: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  };
  return {
    now: () => startMs + elapsed,
    monotonic: () => elapsed,
    setTimer(fn, delayMs) {
      const timer = { at: elapsed + Math.max(0, delayMs), fn };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    defer: (fn) => void setImmediate(fn),
    hold: () => () => {},
    get pending() {
      return timers.size;
    },
    async advance(ms) {
      const until = elapsed + ms;
      await settle();
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        elapsed = Math.max(elapsed, timer.at);
        timers.delete(timer);
        timer.fn();
        await settle();
      }
      elapsed = until;
    },
  };
}

declare function setImmediate(fn: () => void): unknown;

/** Lets what is under way in promises and deferred calls come to rest. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}
