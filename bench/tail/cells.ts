/** What the tail's bench runs, and what it is held to. */
import type { Cell, CellReport } from "./run_cell.ts";

function cell(id: string, way: Cell["way"], healthy: number, rate: number): Cell {
  return { id, way, healthy, rate, slow: 0, dead: 0 };
}

/** All cells; those that are compared stand beside each other. */
export const CELLS: readonly Cell[] = [
  cell("nobody, 20,000/s", "ours", 0, 20_000),
  cell("100 × 20,000/s", "ours", 100, 20_000),
  cell("100 × 2,000/s", "ours", 100, 2_000),
  cell("100 × 2,000/s, a frame each 50 ms", "frame", 100, 2_000),
  cell("100 × 2,000/s, each line to each", "plain", 100, 2_000),
  cell("100 × 10,000/s", "ours", 100, 10_000),
  cell("100 × 10,000/s, a frame each 50 ms", "frame", 100, 10_000),
  { ...cell("89 of 100 × 10,000/s, 10 slow, 1 dead", "ours", 89, 10_000), slow: 10, dead: 1 },
  cell("1,000 × 1,000/s", "ours", 1_000, 1_000),
  cell("1,000 × 1,000/s, a frame each 50 ms", "frame", 1_000, 1_000),
];

/** The reports of one round, by cell. */
export type Round = ReadonlyMap<string, CellReport>;

/** A figure that has a bound. */
export interface Goal {
  /** What it is. */
  readonly title: string;
  /** The figure of one round; NaN if it was not measured. */
  readonly figure: (round: Round) => number;
  /** The least or the most it may be. */
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  /** Runtimes it is no goal of. */
  readonly notOn?: readonly string[];
}

function ratio(name: keyof CellReport, above: string, below: string): Goal["figure"] {
  return (round) => (round.get(above)?.[name] ?? NaN) / (round.get(below)?.[name] ?? NaN);
}

function one(name: keyof CellReport, id: string): Goal["figure"] {
  return (round) => round.get(id)?.[name] ?? NaN;
}

function delivery(load: string, notOn: readonly string[]): readonly Goal[] {
  const cpu = ratio("cpuSeconds", load, `${load}, a frame each 50 ms`);
  return [
    {
      title: `${load}: share delivered`,
      figure: one("share", load),
      bound: { atLeast: 0.999 },
      notOn,
    },
    { title: `${load}: p99, ms`, figure: one("p99Ms", load), bound: { atMost: 150 }, notOn },
    { title: `${load}: CPU beside a frame each 50 ms`, figure: cpu, bound: { atMost: 1.5 }, notOn },
  ];
}

const SLOW = "89 of 100 × 10,000/s, 10 slow, 1 dead";

/** All goals. */
export const GOALS: readonly Goal[] = [
  {
    title: "lines accepted at 20,000/s: 100 clients beside none",
    figure: ratio("acceptedPerSecond", "100 × 20,000/s", "nobody, 20,000/s"),
    bound: { atLeast: 0.99 },
  },
  {
    title: "median call at 20,000/s: 100 clients beside none",
    figure: ratio("callNs", "100 × 20,000/s", "nobody, 20,000/s"),
    bound: { atMost: 1.2 },
  },
  ...delivery("100 × 10,000/s", []),
  ...delivery("1,000 × 1,000/s", ["node"]),
  {
    title: "100 × 2,000/s: CPU beside each line to each",
    figure: ratio("cpuSeconds", "100 × 2,000/s", "100 × 2,000/s, each line to each"),
    bound: { atMost: 1 / 15 },
  },
  {
    title: "10 slow, 1 dead: p99 of the healthy beside none of them",
    figure: ratio("p99Ms", SLOW, "100 × 10,000/s"),
    bound: { atMost: 2 },
  },
  {
    title: "10 slow, 1 dead: memory over the start, MiB",
    figure: one("rssRiseMiB", SLOW),
    bound: { atMost: 48 },
  },
  {
    title: "10 slow, 1 dead: clients that missed others than they were told",
    figure: one("dishonest", SLOW),
    bound: { atMost: 0 },
  },
];
