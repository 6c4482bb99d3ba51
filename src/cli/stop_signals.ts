import process from "node:process";

/** The two ways to ask a program to end. */
type StopSignal = "SIGINT" | "SIGTERM";

/** Exit codes that shells know: 128 and the signal's number. */
const EXIT_CODES: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Calls `onFirst` at the first SIGINT or SIGTERM; the second one ends the process at once. The answer
 * gives the signals back.
 */
export function onStopSignal(onFirst: () => void): () => void {
  let count = 0;
  const take = (signal: StopSignal) => {
    count += 1;
    if (count === 1) onFirst();
    else process.exit(EXIT_CODES[signal]);
  };
  const takers = (Object.keys(EXIT_CODES) as StopSignal[]).map((signal) => ({
    signal,
    taker: () => take(signal),
  }));
  for (const { signal, taker } of takers) process.on(signal, taker);
  return () => takers.forEach(({ signal, taker }) => process.off(signal, taker));
}
