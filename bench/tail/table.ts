/** The results as Markdown. */
import type { Runtime } from "../peers/runtimes.ts";
import type { Goal, Round } from "./cells.ts";
import type { Cell, CellReport } from "./run_cell.ts";

interface Column {
  readonly title: string;
  readonly name: keyof CellReport;
  readonly digits: number;
}

const COLUMNS: readonly Column[] = [
  { title: "accepted/s", name: "acceptedPerSecond", digits: 0 },
  { title: "call, ns", name: "callNs", digits: 0 },
  { title: "delivered", name: "share", digits: 4 },
  { title: "p50, ms", name: "p50Ms", digits: 0 },
  { title: "p99, ms", name: "p99Ms", digits: 0 },
  { title: "CPU, s", name: "cpuSeconds", digits: 2 },
  { title: "memory over the start, MiB", name: "rssRiseMiB", digits: 0 },
  { title: "slow: missed", name: "missed", digits: 0 },
  { title: "slow: told", name: "declared", digits: 0 },
];

/** The figures of all cells on one runtime: medians, with the least and the greatest. */
export function cellTable(
  { title }: Runtime,
  cells: readonly Cell[],
  rounds: readonly Round[],
): string {
  const lines = cells.map(({ id }) => {
    const figures = COLUMNS.map(({ name, digits }) =>
      spread(rounds.map((round) => round.get(id)?.[name] ?? NaN), digits)
    );
    return `| ${[id, ...figures].join(" | ")} |`;
  });
  return table([title, ...COLUMNS.map((column) => column.title)], lines);
}

/** The goals on one runtime. */
export function goalTable(
  { id, title }: Runtime,
  goals: readonly Goal[],
  rounds: readonly Round[],
): string {
  const lines = goals.map(({ title, figure, bound, notOn }) => {
    const values = rounds.map(figure);
    const verdict = notOn?.includes(id) ? "no goal here" : verdictOf(median(values), bound);
    const text = "atMost" in bound ? `≤ ${short(bound.atMost)}` : `≥ ${short(bound.atLeast)}`;
    return `| ${[title, spread(values, 3), text, verdict].join(" | ")} |`;
  });
  return table([`goals on ${title}`, "figure", "goal", ""], lines);
}

function verdictOf(value: number, bound: Goal["bound"]): string {
  if (Number.isNaN(value)) return "not measured";
  const isMet = "atMost" in bound ? value <= bound.atMost : value >= bound.atLeast;
  return isMet ? "met" : "MISSED";
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function spread(values: readonly number[], digits: number): string {
  if (values.some(Number.isNaN)) return "";
  const [least, greatest] = [Math.min(...values), Math.max(...values)].map((v) =>
    v.toFixed(digits)
  );
  const middle = median(values).toFixed(digits);
  return least === greatest ? middle : `${middle} [${least} - ${greatest}]`;
}

function short(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

function table(head: readonly string[], lines: readonly string[]): string {
  return [`| ${head.join(" | ")} |`, `|${" --- |".repeat(head.length)}`, ...lines].join("\n");
}
