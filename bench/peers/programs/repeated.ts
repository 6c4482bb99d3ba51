/** Calls that are too short to be timed one by one. */
import { median } from "../../wal_table.ts";

/** Calls between two readings of the clock. */
const CHUNK = 10_000;

/** One call of many; waited for if it is asynchronous. */
export type Repeated = () => unknown;

/** The least of an asynchronous call. */
export const noop = async (): Promise<void> => {};

/** Nanoseconds a call, one after the other. */
export async function nsAwaited(count: number, call: Repeated): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < count; i++) await call();
  return ((performance.now() - begin) * 1e6) / count;
}

/** The same beside the bare no-op, in turns: what the call itself costs is the difference. */
export async function nsOverNoop(count: number, call: Repeated): Promise<Record<string, number>> {
  const turns: { ns: number; bare: number }[] = [];
  for (let done = 0; done < count; done += CHUNK) {
    turns.push({ bare: await nsAwaited(CHUNK, noop), ns: await nsAwaited(CHUNK, call) });
  }
  const ns = median(turns.map((turn) => turn.ns));
  return { ns, overNs: median(turns.map((turn) => turn.ns - turn.bare)) };
}

/** Nanoseconds a call that answers at once. */
export function nsCalled(count: number, call: Repeated): number {
  const begin = performance.now();
  for (let i = 0; i < count; i++) call();
  return ((performance.now() - begin) * 1e6) / count;
}

/** Nanoseconds a call, so many of them handed over at once and then waited for. */
export async function nsInBursts(
  count: number,
  burst: number,
  call: () => Promise<unknown>,
): Promise<number> {
  const begin = performance.now();
  for (let done = 0; done < count; done += burst) {
    await Promise.all(Array.from({ length: burst }, call));
  }
  return ((performance.now() - begin) * 1e6) / count;
}
