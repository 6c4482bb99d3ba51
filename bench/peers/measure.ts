/** What a program of the comparison measures and tells, and how. */
import process from "node:process";

/** When a record counts as done. */
export type Done = "accepted" | "written" | "durable" | "delivered";

/** A file that must hold so many lines when the program has ended. */
export interface Held {
  /** The file, or a folder all of whose `.ndjson` segments are counted. */
  readonly path: string;
  /** Lines that do not begin with `{"$":`, which are the log's own. */
  readonly lines: number;
}

/** What one run of a program told. */
export interface Measured {
  /** Figures by name; what they mean the row says. */
  readonly figures: Readonly<Record<string, number>>;
  /** What the files must hold. */
  readonly holds?: readonly Held[];
}

/** One program: does the work for `count` records in `folder`, which is its own. */
export type Program = (folder: string, count: number) => Promise<Measured>;

/** Seconds that work took, and what it took of the processor, all threads together. */
export interface Cost {
  /** Seconds on the clock. */
  readonly seconds: number;
  /** Seconds of the processor, in the program and in the kernel. */
  readonly cpu: number;
}

/** Measures work. */
export async function costOf(work: () => unknown): Promise<Cost> {
  const before = process.cpuUsage();
  const begin = performance.now();
  await work();
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpu: (user + system) / 1e6 };
}

/** The figures of work that was done for `count` records. */
export function rates(count: number, { seconds, cpu }: Cost): Record<string, number> {
  return { perSecond: count / seconds, cpuNs: (cpu * 1e9) / count };
}

/** Lets everything else run that waits for the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
