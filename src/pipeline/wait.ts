import type { Clock } from "../clock.ts";
import { BufferFullError } from "../errors.ts";
import type { WaitOptions } from "./pipeline.ts";

/** Waits for a promise; an abort of the signal ends the wait, not what is waited for. */
export async function waitFor(promise: Promise<void>, signal?: AbortSignal): Promise<void> {
  if (signal === undefined) return await promise;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<void>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** A wait for room in the buffer that ends at one deadline, however often it is begun again. */
export function waitForRoom(
  options: WaitOptions,
  clock: Clock,
): (ready: Promise<void>) => Promise<void> {
  const { timeoutMs = Infinity, signal } = options;
  const deadline = clock.monotonic() + timeoutMs;
  return async (ready) => {
    const leftMs = deadline - clock.monotonic();
    if (leftMs <= 0) throw fullError(timeoutMs);
    const release = clock.hold();
    const late = Promise.withResolvers<void>();
    const cancel = leftMs === Infinity
      ? undefined
      : clock.setTimer(() => late.reject(fullError(timeoutMs)), leftMs);
    try {
      await waitFor(Promise.race([ready, late.promise]), signal);
    } finally {
      cancel?.();
      release();
    }
  };
}

function fullError(timeoutMs: number): BufferFullError {
  return new BufferFullError(
    `No room in the buffer within ${timeoutMs} ms: the record was not accepted; ` +
      `wait longer, or give the buffer more capacity`,
  );
}
