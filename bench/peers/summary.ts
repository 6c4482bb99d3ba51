/** What came out of all rounds: medians, spreads, ratios, and whether the goals were met. */
import { median } from "../wal_table.ts";
import type { Outcome } from "./run_program.ts";
import type { Column, Goal, Row } from "./rows.ts";

/** Median, least and greatest. */
export interface Spread {
  /** The middle value. */
  readonly median: number;
  /** The least. */
  readonly min: number;
  /** The greatest. */
  readonly max: number;
}

/** What one program did in all rounds on one runtime. */
export interface ColumnResult {
  /** The program. */
  readonly column: Column;
  /** The figure of each round; empty when something was wrong. */
  readonly values: readonly number[];
  /** All figures, by name. */
  readonly figures: Readonly<Record<string, Spread>>;
  /** What was wrong. */
  readonly wrong?: string;
}

/** A goal and what came of it. */
export interface Verdict {
  /** The goal. */
  readonly goal: Goal;
  /** Which program it was held against. */
  readonly beside: string;
  /** Ours divided by it, or ours. */
  readonly ratio: Spread;
  /** The bound. */
  readonly bound: number;
  /** Whether it was met. */
  readonly isMet: boolean;
}

/** A row on a runtime. */
export interface RowResult {
  /** The row. */
  readonly row: Row;
  /** The runtime's name and version. */
  readonly runtime: string;
  /** `deno`, `bun` or `node`. */
  readonly id: string;
  /** Each program. */
  readonly columns: readonly ColumnResult[];
  /** Each goal. */
  readonly verdicts: readonly Verdict[];
}

/** The spread of some values. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Sums up the rounds of a program; one that was wrong once is wrong. */
export function sumUp(row: Row, column: Column, outcomes: readonly Outcome[]): ColumnResult {
  const wrong = outcomes.find((outcome) => "wrong" in outcome);
  if (wrong !== undefined) return { column, values: [], figures: {}, wrong: wrong.wrong };
  const rounds = outcomes.flatMap((outcome) => "figures" in outcome ? [outcome.figures] : []);
  const names = Object.keys(rounds[0] ?? {});
  return {
    column,
    values: rounds.map((figures) => figures[row.figures[0].name] ?? NaN),
    figures: Object.fromEntries(
      names.map((name) => [name, spreadOf(rounds.map((figures) => figures[name]!))]),
    ),
  };
}

/** Holds ours against its goals, round by round: a machine that others use slows both sides of one. */
export function judge(row: Row, runtime: string, columns: readonly ColumnResult[]): Verdict[] {
  const ours = columns.find(({ column }) => column.kind === "ours");
  if (ours === undefined || ours.wrong !== undefined) return [];
  return row.goals.flatMap((goal) => {
    const found = ratiosFor(goal, row, ours, columns);
    if (found === undefined) return [];
    const ratio = spreadOf(found.ratios);
    const bound = goal.on?.[runtime] ?? goal.atLeast ?? goal.atMost ?? NaN;
    const isMet = goal.atLeast === undefined ? ratio.median <= bound : ratio.median >= bound;
    return [{ goal, beside: found.beside, ratio, bound, isMet }];
  });
}

function ratiosFor(
  goal: Goal,
  row: Row,
  ours: ColumnResult,
  columns: readonly ColumnResult[],
): { ratios: readonly number[]; beside: string } | undefined {
  if (goal.beside === "nothing") {
    const figure = ours.figures[goal.figure ?? row.figures[0].name];
    return figure && { ratios: [figure.min, figure.median, figure.max], beside: "by itself" };
  }
  const { beside } = goal;
  const isMeant = ({ kind, program }: Column): boolean =>
    typeof beside === "object"
      ? program === beside.program
      : kind === (beside === "floor" ? "floor" : "peer");
  const others = columns.filter(({ column, values }) => isMeant(column) && values.length > 0);
  const best = bestOf(others, row.figures[0].lessIsBetter === true);
  if (best === undefined) return undefined;
  const ratios = ours.values.map((value, round) => value / best.values[round]!);
  return { ratios, beside: best.column.program };
}

/** The best program by its median. */
export function bestOf(
  columns: readonly ColumnResult[],
  lessIsBetter: boolean,
): ColumnResult | undefined {
  const sign = lessIsBetter ? 1 : -1;
  return columns.toSorted((a, b) => sign * (median(a.values) - median(b.values)))[0];
}
