/**
 * SIGHUP, with which a log rotation asks a program to open its files anew.
 *
 * @module
 */
interface ProcessLike {
  on(event: "SIGHUP", listener: () => void): unknown;
  off(event: "SIGHUP", listener: () => void): unknown;
}

const hooks = new Set<() => void>();

/**
 * Calls `fn` on each SIGHUP, which from then on no longer ends the process. The answer withdraws it;
 * where there is no process, nothing ever happens.
 */
export function onHangup(fn: () => void): () => void {
  const found = (globalThis as { process?: Partial<ProcessLike> }).process;
  if (typeof found?.on !== "function") return () => {};
  const process = found as ProcessLike;
  // A hook of its own for each, so that withdrawing one leaves the others.
  const hook = (): void => fn();
  // One listener for all: from the eleventh on the runtime warns of a leak.
  if (hooks.size === 0) process.on("SIGHUP", runHooks);
  hooks.add(hook);
  return () => {
    if (hooks.delete(hook) && hooks.size === 0) process.off("SIGHUP", runHooks);
  };
}

function runHooks(): void {
  for (const hook of [...hooks]) hook();
}
