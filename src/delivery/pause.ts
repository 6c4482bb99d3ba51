import type { Clock } from "../clock.ts";

/** Resolves after `delayMs`, or at once when `signal` is aborted. Its timer keeps no process alive. */
export function pause(delayMs: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.setTimer(end, delayMs);
    signal?.addEventListener("abort", end, { once: true });
  });
}
