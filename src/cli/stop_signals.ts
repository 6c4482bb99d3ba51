import process from "node:process";
import type { Clock } from "../clock.ts";

/** The two ways to ask a program to end. */
type StopSignal = "SIGINT" | "SIGTERM";

/** Exit codes that shells know: 128 and the signal's number. */
const EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** One Ctrl-C may arrive twice: from the terminal, and passed on by the program that started us. */
const ECHO_MS = 500;

/**
 * Calls `onFirst` at the first SIGINT or SIGTERM; one that comes later than an echo of it ends the process
 * at once. The answer gives the signals back.
 */
export function onStopSignal(onFirst: () => void, clock: Pick<Clock, "monotonic">): () => void {
  let first: number | undefined;
  const take = (signal: StopSignal) => {
    if (first === undefined) {
      first = clock.monotonic();
      onFirst();
    } else if (clock.monotonic() - first > ECHO_MS) process.exit(EXIT_CODES[signal]);
  };
  const takers = (Object.keys(EXIT_CODES) as StopSignal[]).map((signal) => ({
    signal,
    taker: () => take(signal),
  }));
  for (const { signal, taker } of takers) process.on(signal, taker);
  return () => takers.forEach(({ signal, taker }) => process.off(signal, taker));
}
