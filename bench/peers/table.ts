/** The results as Markdown. */
import type { Figure, Unit } from "./rows.ts";
import type { ColumnResult, RowResult, Spread, Verdict } from "./summary.ts";

/** Shows a figure in its unit, with three digits. */
export function show(value: number, unit: Unit): string {
  if (unit === "records") return String(value);
  if (unit === "ratio") return digits(value);
  if (unit !== "records/s") return `${digits(value)} ${unit}`;
  return value >= 1e6 ? `${digits(value / 1e6)} M/s` : `${digits(value / 1e3)} k/s`;
}

function digits(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function showSpread({ median, min, max }: Spread, unit: Unit): string {
  return `${show(median, unit)} [${show(min, unit)} - ${show(max, unit)}]`;
}

function cellOf({ figures, wrong, column }: ColumnResult, figure: Figure, id: string): string {
  if (column.notOn?.includes(id)) return "not available";
  if (wrong !== undefined) return "wrong";
  const spread = figures[figure.name];
  return spread === undefined ? "" : showSpread(spread, figure.unit);
}

function boundText({ goal, bound }: Verdict): string {
  return `${goal.atLeast === undefined ? "≤" : "≥"} ${bound}`;
}

/** One table for each row: a line for each program and figure, a column for each runtime. */
export function rowTable(results: readonly RowResult[]): string {
  const { row } = results[0]!;
  const lines = row.figures.flatMap((figure) =>
    row.columns.flatMap(({ program, done }, i) => {
      const cells = results.map(({ columns, id }) => cellOf(columns[i]!, figure, id));
      if (cells.every((cell) => cell === "")) return [];
      const what = row.figures.length === 1 ? [] : [figure.title];
      return [`| ${[program, ...what, done, ...cells].join(" | ")} |`];
    })
  );
  const what = row.figures.length === 1 ? [] : ["figure"];
  const head = ["program", ...what, "done means", ...results.map(({ runtime }) => runtime)];
  return [
    `### ${row.title}`,
    "",
    `| ${head.join(" | ")} |`,
    `|${" --- |".repeat(head.length)}`,
    ...lines,
    ...results.flatMap(({ runtime, columns }) =>
      columns.flatMap(({ column, wrong }) =>
        wrong === undefined ? [] : [`\n${column.program} on ${runtime}: ${wrong}`]
      )
    ),
  ].join("\n");
}

/** Every goal of every row on every runtime. */
export function goalTable(results: readonly RowResult[]): string {
  const lines = results.flatMap(({ row, runtime, verdicts }) =>
    verdicts.map((verdict) => {
      const { ratio, isMet, beside, goal } = verdict;
      const [middle, low, high] = [ratio.median, ratio.min, ratio.max].map(digits);
      const what = goal.figure === undefined ? row.id : `${row.id}: ${goal.figure}`;
      const cells = [what, runtime, beside, `${middle} [${low} - ${high}]`, boundText(verdict)];
      return `| ${[...cells, isMet ? "met" : "MISSED"].join(" | ")} |`;
    })
  );
  const head = ["row", "runtime", "ours beside", "ratio or figure", "goal", ""];
  return [`| ${head.join(" | ")} |`, `|${" --- |".repeat(head.length)}`, ...lines].join("\n");
}
