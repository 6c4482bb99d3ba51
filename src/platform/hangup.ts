/**
 * SIGHUP, with which a log rotation asks a program to open its files anew.
 *
 * @module
 */
interface ProcessLike {
  on(event: "SIGHUP", listener: () => void): unknown;
  off(event: "SIGHUP", listener: () => void): unknown;
}

/**
 * Calls `fn` on each SIGHUP, which from then on no longer ends the process. The answer withdraws it;
 * where there is no process, nothing ever happens.
 */
export function onHangup(fn: () => void): () => void {
  const found = (globalThis as { process?: Partial<ProcessLike> }).process;
  if (typeof found?.on !== "function") return () => {};
  const process = found as ProcessLike;
  // A listener of its own for each, so that withdrawing one leaves the others.
  const listener = (): void => fn();
  process.on("SIGHUP", listener);
  return () => void process.off("SIGHUP", listener);
}
