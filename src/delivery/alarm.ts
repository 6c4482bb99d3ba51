import type { Clock } from "../clock.ts";

/** A system timer that is set for longer rings at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Calls `fn` once after `delayMs`, however long that is; `Infinity` is never. The process stays alive until
 * then, or until the answer is called, which cancels it: somebody waits.
 */
export function alarm(clock: Clock, fn: () => void, delayMs: number): () => void {
  const due = clock.monotonic() + delayMs;
  const release = clock.hold();
  let isSet = true;
  let cancelTimer = (): void => {};
  const cancel = (): void => {
    if (!isSet) return;
    isSet = false;
    cancelTimer();
    release();
  };
  const ring = (): void => {
    const leftMs = due - clock.monotonic();
    if (leftMs > 0) return set(leftMs);
    cancel();
    fn();
  };
  const set = (leftMs: number): void => {
    cancelTimer = clock.setTimer(ring, Math.min(LONGEST_TIMER_MS, leftMs));
  };
  if (delayMs !== Infinity) set(delayMs);
  return cancel;
}
