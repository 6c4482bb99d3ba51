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
