/** The comparison as one picture: a panel for each runtime, a bar for each program, whiskers for the rounds. */
import { show } from "./table.ts";
import { bestOf, type ColumnResult, type RowResult, type Spread } from "./summary.ts";

const WIDTH = 920;
const LABEL_WIDTH = 380;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 16;
const BAR_STEP = 24;
const PANEL_HEAD = 34;
const TOP = 74;
const BOTTOM = 58;
const PLOT_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH;

/** Colours that are read on white and on black alike; the picture brings its own background. */
const STYLE = `
  .paper { fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, sans-serif }
  .title { font-size: 17px; font-weight: 600 } .runtime { font-weight: 600 }
  .small { font-size: 11.5px; fill: #59636e } .grid { stroke: #d1d9e0 } .whisker { stroke: #1f2328 }
  .ours { fill: #1a7f37 } .floor { fill: #b6bfc8 } .peer { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } text { fill: #e6edf3 } .small { fill: #9198a1 }
    .grid { stroke: #3d444d } .whisker { stroke: #e6edf3 }
    .ours { fill: #3fb950 } .floor { fill: #59636e } .peer { fill: #4493f8 }
  }`;

interface Bar {
  readonly label: string;
  readonly done: string;
  readonly kind: "ours" | "floor" | "peer";
  readonly spread: Spread;
}

interface Panel {
  readonly runtime: string;
  readonly bars: readonly Bar[];
}

const LABELS: Readonly<Record<string, string>> = {
  "ours pipeline": "logflume, log on disk",
  "ours file": "logflume, file writer",
  "bare pipeline": "floor: bare calls, log and file",
  "bare file": "floor: bare calls, file",
};

/**
 * Draws the rows `pipeline` and `file`: ours, the floors, the best of pino's ways, winston, and the better
 * of LogTape's. Returns the text of an SVG file.
 */
export function drawChart(results: readonly RowResult[], caption: string): string {
  const panels = panelsOf(results);
  const most = Math.max(...panels.flatMap(({ bars }) => bars.map(({ spread }) => spread.max)));
  const step = gridStep(most);
  const toX = (value: number): number => LABEL_WIDTH + (value / most) * PLOT_WIDTH;
  let y = TOP;
  const parts: string[] = [];
  const gridEnd = TOP +
    panels.reduce((sum, { bars }) => sum + PANEL_HEAD + bars.length * BAR_STEP, 0);
  for (let value = 0; value <= most; value += step) {
    parts.push(line("grid", toX(value), TOP, toX(value), gridEnd));
    parts.push(text("small", toX(value), gridEnd + 16, gridLabel(value), "middle"));
  }
  for (const { runtime, bars } of panels) {
    parts.push(text("runtime", 16, y + 22, runtime));
    y += PANEL_HEAD;
    for (const bar of bars) {
      parts.push(drawBar(bar, y, toX));
      y += BAR_STEP;
    }
  }
  const height = gridEnd + BOTTOM;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Records a second, by program">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>`,
    text("title", 16, 30, "log.info with two fields: records a second, more is better"),
    text(
      "small",
      16,
      50,
      "Behind each name: when a record counts as done. Bar: median; whisker: least and greatest of the rounds.",
    ),
    ...parts,
    text("small", 16, height - 16, caption),
    "</svg>\n",
  ].join("\n");
}

function panelsOf(results: readonly RowResult[]): Panel[] {
  const shown = results.filter(({ row }) => row.id === "file" || row.id === "pipeline");
  return [...new Set(shown.map(({ runtime }) => runtime))].map((runtime) => {
    const rows = shown.filter((one) => one.runtime === runtime)
      .sort((a, b) => b.row.id.localeCompare(a.row.id));
    const columns = rows.flatMap((one) => one.columns).filter(({ values }) => values.length > 0);
    const own = columns.filter(({ column }) => column.kind !== "peer");
    // Both rows have the same peers: those of the first are taken.
    const peers = (rows[0]?.columns ?? []).filter(({ column }) => column.kind === "peer");
    const best = ["pino", "winston", "LogTape"].flatMap((name) => bestNamed(peers, name));
    return { runtime, bars: [...own, ...best].map(barOf) };
  });
}

function bestNamed(peers: readonly ColumnResult[], name: string): ColumnResult[] {
  const own = peers.filter(({ column, values }) =>
    column.program.startsWith(name) && values.length > 0
  );
  const best = bestOf(own, false);
  return best === undefined ? [] : [best];
}

function barOf({ column, figures }: ColumnResult): Bar {
  const { program, done, kind } = column;
  return { label: LABELS[program] ?? program, done, kind, spread: figures.perSecond! };
}

function drawBar(
  { label, done, kind, spread }: Bar,
  y: number,
  toX: (value: number) => number,
): string {
  const middle = y + BAR_HEIGHT / 2;
  const short = done.startsWith("durable") ? "durable and delivered" : done;
  const [low, high, end] = [spread.min, spread.max, spread.median].map(toX) as [
    number,
    number,
    number,
  ];
  return [
    text("", LABEL_WIDTH - 10, middle + 4, `${label}: ${short}`, "end"),
    `<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${fixed(end - LABEL_WIDTH)}" ` +
    `height="${BAR_HEIGHT}" rx="2"/>`,
    line("whisker", low, middle, high, middle),
    line("whisker", low, middle - 4, low, middle + 4),
    line("whisker", high, middle - 4, high, middle + 4),
    text("", Math.max(high, end) + 8, middle + 4, show(spread.median, "records/s")),
  ].join("\n");
}

/** About five lines, each at a round number. */
function gridStep(most: number): number {
  const rough = most / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * unit).find((step) => step >= rough) ?? rough;
}

function gridLabel(value: number): string {
  if (value === 0) return "0";
  return value >= 1e6 ? `${value / 1e6} M` : `${value / 1e3} k`;
}

function line(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map(fixed);
  return `<line class="${kind}" x1="${a}" y1="${b}" x2="${c}" y2="${d}"/>`;
}

function text(kind: string, x: number, y: number, said: string, anchor = "start"): string {
  const safe = said.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text class="${kind}" x="${fixed(x)}" y="${
    fixed(y)
  }" text-anchor="${anchor}">${safe}</text>`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
