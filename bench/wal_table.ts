/** Comparing two ways of doing the same work, and telling what came out. */

/** What a ratio has to be. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** One line of the table. */
export interface Row {
  /** What was done. */
  readonly what: string;
  /** How fast we were, to be read by people. */
  readonly ours: string;
  /** How fast the floor was. */
  readonly floor: string;
  /** Ours against the floor, one for each round. */
  readonly ratios: readonly number[];
  /** What the ratio has to be. */
  readonly goal?: Goal;
}

/** Work that takes some seconds. */
export type Work = (round: number) => Promise<number>;

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * Does two kinds of work in turns, `rounds` times after one that does not count, so that a machine that
 * others use slows down both alike; who comes first changes with each round.
 */
export async function inTurns(
  rounds: number,
  ours: Work,
  floor: Work,
): Promise<{ ours: number[]; floor: number[] }> {
  const took: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
  for (let round = 0; round <= rounds; round++) {
    const first = round % 2 === 0 ? await ours(round) : undefined;
    const floorTook = await floor(round);
    const oursTook = first ?? await ours(round);
    if (round === 0) continue;
    took.ours.push(oursTook);
    took.floor.push(floorTook);
  }
  return took;
}

/** A row from the seconds of each round: how much faster ours was than the floor. */
export function speedRow(
  what: string,
  took: { readonly ours: readonly number[]; readonly floor: readonly number[] },
  show: (seconds: number) => string,
  goal?: Goal,
): Row {
  const ratios = took.ours.map((seconds, i) => took.floor[i]! / seconds);
  return {
    what,
    ours: show(median(took.ours)),
    floor: show(median(took.floor)),
    ratios,
    ...(goal === undefined ? {} : { goal }),
  };
}

/** A row from the seconds of each round: how many times longer ours took than the floor. */
export function timeRow(
  what: string,
  took: { readonly ours: readonly number[]; readonly floor: readonly number[] },
  show: (seconds: number) => string,
  goal?: Goal,
): Row {
  const row = speedRow(what, took, show, goal);
  return { ...row, ratios: row.ratios.map((ratio) => 1 / ratio) };
}

/** Shows `count` things a second. */
export function perSecond(count: number, unit: string): (seconds: number) => string {
  return (seconds) => `${short(count / seconds)} ${unit}/s`;
}

/** Shows milliseconds. */
export function milliseconds(seconds: number): string {
  return `${(seconds * 1000).toFixed(1)} ms`;
}

/** Shows microseconds for each of `count` things. */
export function microsecondsEach(count: number): (seconds: number) => string {
  return (seconds) => `${((seconds * 1e6) / count).toFixed(1)} µs`;
}

function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  return value >= 1e4 ? `${(value / 1e3).toFixed(0)} k` : value.toFixed(0);
}

function goalText(goal: Goal | undefined): string {
  if (goal === undefined) return "";
  return "atLeast" in goal ? `>= ${goal.atLeast}` : `<= ${goal.atMost}`;
}

function verdict({ ratios, goal }: Row): string {
  if (goal === undefined) return "";
  const ratio = median(ratios);
  return ("atLeast" in goal ? ratio >= goal.atLeast : ratio <= goal.atMost) ? "met" : "MISSED";
}

function ratioText(ratios: readonly number[]): string {
  if (ratios.length === 0) return "";
  const [low, middle, high] = [Math.min(...ratios), median(ratios), Math.max(...ratios)]
    .map((ratio) => ratio.toFixed(2));
  return `${middle} [${low}-${high}]`;
}

/** Prints the rows as a table that is also Markdown. */
export function printTable(title: string, rows: readonly Row[]): void {
  const cells = [
    ["what", "ours", "floor", "ratio: median [min-max]", "goal", ""],
    ...rows.map((row) => [
      row.what,
      row.ours,
      row.floor,
      ratioText(row.ratios),
      goalText(row.goal),
      verdict(row),
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`
  );
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  console.log(`\n${title}\n\n${lines.join("\n")}`);
}
