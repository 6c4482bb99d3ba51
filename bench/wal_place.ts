/** Where the benches of the log work, and for how long. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** One run of the benches. */
export interface BenchPlace {
  /** A path that nothing has yet. */
  fresh(name: string): string;
  /** Seconds instead of minutes: fewer rounds of less work, good for a look only. */
  readonly quick: boolean;
  /** How often each comparison is done. */
  readonly rounds: number;
}

/** Makes a folder in `LOGFLUME_BENCH_DIR`, or where temporary files go; it is removed at the end. */
export async function inBenchFolder(
  quick: boolean,
  work: (place: BenchPlace) => Promise<void>,
): Promise<void> {
  const root = process.env.LOGFLUME_BENCH_DIR ?? tmpdir();
  const folder = mkdtempSync(join(root, "logflume-bench-"));
  let made = 0;
  const fresh = (name: string): string => join(folder, `${++made}-${name}`);
  try {
    await work({ fresh, quick, rounds: quick ? 5 : 21 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
