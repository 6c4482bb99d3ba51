/**
 * The moments at which the running process ends. Imports nothing, so that it loads on every runtime;
 * where there is no process, nothing ever ends.
 *
 * @module
 */

type Listener = (...args: unknown[]) => void;

interface ProcessLike {
  readonly pid: number;
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
  listeners(event: string): readonly unknown[];
  kill(pid: number, signal: string): unknown;
}

const hooks = new Set<() => void>();
/** Signal handlers of all pipelines: what else listens to a signal is the program's. */
const signalHandlers = new Set<unknown>();
let installed = false;

function currentProcess(): ProcessLike | undefined {
  const found = (globalThis as { process?: Partial<ProcessLike> }).process;
  return typeof found?.on === "function" ? found as ProcessLike : undefined;
}

/**
 * Calls `fn` when the process is about to end: normally, by `process.exit` or `Deno.exit`, by an uncaught
 * error or an unhandled rejection. It may be called more than once. The answer withdraws it.
 *
 * Deno ends after an uncaught error without `exit` or `unload`, so there the `error` and
 * `unhandledrejection` events count as well.
 */
export function onProcessExit(fn: () => void): () => void {
  if (!installed) install();
  hooks.add(fn);
  return () => hooks.delete(fn);
}

function install(): void {
  installed = true;
  currentProcess()?.on("exit", runHooks);
  if (!("Deno" in globalThis)) return;
  for (const event of ["unload", "error", "unhandledrejection"]) {
    globalThis.addEventListener(event, runHooks);
  }
}

function runHooks(): void {
  for (const hook of [...hooks]) {
    try {
      hook();
    } catch {
      // The process is ending: one failing hook must not keep the others from running.
    }
  }
}

/**
 * Runs `fn` on SIGTERM, SIGINT and SIGHUP, then lets the signal end the process as it would have
 * without us: if the program listens to it too, the end is the program's. The answer withdraws it.
 */
export function onEndingSignal(fn: () => void): () => void {
  const process = currentProcess();
  if (process === undefined) return () => {};
  const handlers = new Map<string, Listener>();
  const withdraw = (): void => {
    for (const [signal, handler] of handlers) {
      process.off(signal, handler);
      signalHandlers.delete(handler);
    }
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    const handler = (): void => {
      fn();
      if (process.listeners(signal).some((listener) => !signalHandlers.has(listener))) return;
      withdraw();
      process.kill(process.pid, signal);
    };
    handlers.set(signal, handler);
    signalHandlers.add(handler);
    process.on(signal, handler);
  }
  return withdraw;
}
