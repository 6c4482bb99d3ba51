/**
 * The whole chaos over real kills: several runs, each with the lanes that fail and without them, one after
 * the other, so that a disturbance of the machine meets both.
 */
import { judge, type TrialFigures } from "./chaos_oracle.ts";
import { runTrial } from "./chaos_trial.ts";
import { RUNTIME } from "./spawn.ts";

/** The size of a run. */
const SIZE = { records: 50_000, kills: 7, pace: 5000, maxRecords: 1000, slowMs: 2000 } as const;
/** The fast lane's p99 may be so many times what it is alone ... */
const MAX_RATIO = 2;
/** ... and no more than this. */
const MAX_P99_MS = 50;

/** What came of one run. */
interface Run {
  readonly seed: number;
  readonly alone: TrialFigures;
  readonly among: TrialFigures;
}

/** Runs the chaos with these seeds, prints the figures, and answers what did not hold. */
export async function reportChaos(seeds: readonly number[]): Promise<string[]> {
  const runs: Run[] = [];
  const failures: string[] = [];
  console.log(`\n${heading()}`);
  for (const seed of seeds) {
    try {
      const alone = judge(await runTrial({ ...SIZE, seed, withBad: false }));
      const among = judge(await runTrial({ ...SIZE, seed, withBad: true }));
      runs.push({ seed, alone, among });
      console.log(row(runs.at(-1)!));
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      failures.push(`The chaos of seed ${seed} on ${RUNTIME}: ${said.slice(0, 1000)}`);
    }
  }
  return runs.length === 0 ? failures : [...failures, ...late(runs)];
}

function heading(): string {
  const { records, kills, pace } = SIZE;
  const columns = [
    "seed",
    "acknowledged",
    "in the log",
    "taken by kills",
    "delivered fast, flaky, hanging, slow, partial",
    "dead",
    "repeats of each lane / allowed",
    "p50, p99 alone",
    "p50, p99 among",
    "carried over",
    "peak memory alone, among",
  ];
  return `${records} records, ${pace}/s, ${kills} kills, on ${RUNTIME}; milliseconds, MiB\n\n` +
    `| ${columns.join(" | ")} |\n|${"---|".repeat(columns.length)}`;
}

function row({ seed, alone, among }: Run): string {
  const { acknowledged, unacknowledged, lost, lanes } = among;
  const dead = lanes.reduce((sum, { deadLettered }) => sum + deadLettered, 0);
  const cells = [
    seed,
    acknowledged,
    acknowledged + unacknowledged,
    lost,
    lanes.map(({ delivered }) => delivered).join(", "),
    dead,
    lanes.map(({ repeats, bound }) => `${repeats} / ${bound}`).join(", "),
    latency(alone),
    latency(among),
    `${alone.carried}, ${among.carried}`,
    [alone, among].map(({ peakRssBytes }) => Math.round(peakRssBytes / 2 ** 20)).join(", "),
  ];
  return `| ${cells.join(" | ")} |`;
}

function latency({ p50Ms, p99Ms }: TrialFigures): string {
  return `${p50Ms.toFixed(2)}, ${p99Ms.toFixed(2)}`;
}

/** The median of the runs is judged: one of them may have met something else on the machine. */
function late(runs: readonly Run[]): string[] {
  const alone = median(runs.map((run) => run.alone.p99Ms));
  const among = median(runs.map((run) => run.among.p99Ms));
  const ratio = among / alone;
  console.log(
    `\nMedian p99 of the fast lane: ${alone.toFixed(2)} ms alone, ${
      among.toFixed(2)
    } ms among the ` +
      `others, ${ratio.toFixed(2)} times; allowed are ${MAX_RATIO} times and ${MAX_P99_MS} ms`,
  );
  if (ratio <= MAX_RATIO && among <= MAX_P99_MS) return [];
  const seeds = runs.map(({ seed }) => seed).join(", ");
  return [
    `The fast lane of the chaos on ${RUNTIME}, seeds ${seeds}: its p99 is ${
      among.toFixed(2)
    } ms and ` +
    `${
      ratio.toFixed(2)
    } times that alone; a machine that is busy with other work can be the reason`,
  ];
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}
