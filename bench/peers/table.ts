/** The results as Markdown. */
import type { Row } from "./rows.ts";
import type { ColumnResult, RowResult, Spread, Verdict } from "./summary.ts";

/** Shows a figure in its unit, with three digits. */
export function show(value: number, unit: Row["unit"]): string {
  switch (unit) {
    case "records/s":
      return value >= 1e6 ? `${digits(value / 1e6)} M/s` : `${digits(value / 1e3)} k/s`;
    default:
      return `${digits(value)}${unit === "share" ? "" : ` ${unit}`}`;
  }
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function showSpread({ median, min, max }: Spread, unit: Row["unit"]): string {
  return `${show(median, unit)} [${show(min, unit)} - ${show(max, unit)}]`;
}

function cellOf({ figures, wrong }: ColumnResult, row: Row): string {
  const spread = figures[row.figure];
  return wrong !== undefined || spread === undefined ? "wrong" : showSpread(spread, row.unit);
}

function boundText({ goal, bound }: Verdict): string {
  return `${goal.atLeast === undefined ? "≤" : "≥"} ${bound}`;
}

/** One table for each row: a line for each program, a column for each runtime. */
export function rowTable(results: readonly RowResult[]): string {
  const { row } = results[0]!;
  const lines = row.columns.map(({ program, done }, i) => {
    const cells = results.map(({ columns }) => cellOf(columns[i]!, row));
    return `| ${[program, done, ...cells].join(" | ")} |`;
  });
  const head = ["program", "done means", ...results.map(({ runtime }) => runtime)];
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
