import type { Clock } from "../clock.ts";

/** So long after a look that found damage it is looked again: what a writer was at has changed by then. */
export const SECOND_LOOK_MS = 100;

/** Resolves after `ms`, or as soon as `signal` is aborted; the process stays alive until then. */
export async function pauseFor(ms: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const release = clock.hold();
  const cancel = clock.setTimer(resolve, ms);
  const end = (): void => resolve();
  signal?.addEventListener("abort", end);
  await promise;
  signal?.removeEventListener("abort", end);
  cancel();
  release();
}
