/**
 * How counts over time become bars: which time each stands for, where it stands, and how high it is.
 *
 * @module
 */
import { type HistogramData, SEVERITIES } from "../messages.ts";

/** A bar: the rows of a stretch of time. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  /** Rows of info and below, warnings, errors and fatal ones. */
  readonly counts: readonly [calm: number, warn: number, bad: number];
}

/** The bars, and the frame they stand in. */
export interface Bars {
  readonly bars: readonly Bar[];
  /** The width of a bar and of the gap behind it, in pixels. */
  readonly stepPx: number;
}

/** A bar that is thinner cannot be told from the next, nor be hit. */
const LEAST_STEP_PX = 4;
/** So many bars fill the strip at least: few rows are few bars, not wide ones. */
const LEAST_SLOTS = 60;
/** The strip is laid out for some bars more than there are, so that it stands still while they come. */
const SPARE = 8;

/** Makes bars of at least four pixels; buckets that have no room of their own are put together. */
export function barsOf({ startMs, widthMs, counts }: HistogramData, widthPx: number): Bars {
  const buckets = counts.length / SEVERITIES;
  let merged = 1;
  const most = Math.max(1, Math.floor(widthPx / LEAST_STEP_PX));
  while (Math.ceil(buckets / merged) + 1 > most && merged < buckets) merged *= 2;
  const barMs = widthMs * merged;
  const first = Math.floor(startMs / barMs) * barMs;
  const bars: { from: number; to: number; counts: [number, number, number] }[] = [];
  for (let i = 0; i < buckets; i++) {
    const at = Math.floor((startMs + i * widthMs - first) / barMs);
    while (bars.length <= at) {
      const from = first + bars.length * barMs;
      bars.push({ from, to: from + barMs, counts: [0, 0, 0] });
    }
    for (let k = 0; k < SEVERITIES; k++) bars[at]!.counts[k]! += counts[i * SEVERITIES + k]!;
  }
  return { bars, stepPx: widthPx / Math.min(most, slotsFor(bars.length)) };
}

function slotsFor(bars: number): number {
  return Math.max(LEAST_SLOTS, Math.ceil(bars / SPARE) * SPARE);
}

/** A stretch that is there at all is this high, so that one error among thousands of rows is seen. */
const LEAST_PX = [2, 2, 4] as const;

/**
 * The outlines of all stretches of one severity, as the path of an SVG: errors at the foot, warnings on
 * them, and what is calm on top.
 */
export function pathsOf({ bars, stepPx }: Bars, heightPx: number): [string, string, string] {
  const top = niceTop(bars.reduce((most, { counts }) => Math.max(most, sum(counts)), 0));
  const paths: [string, string, string] = ["", "", ""];
  for (const [i, { counts }] of bars.entries()) {
    const x = Math.round(i * stepPx);
    const width = Math.max(1, Math.round((i + 1) * stepPx) - x - 1);
    let foot = heightPx;
    for (const kind of [2, 1, 0] as const) {
      if (counts[kind] === 0) continue;
      const wanted = Math.max(LEAST_PX[kind], Math.round(counts[kind] / top * heightPx));
      const height = Math.min(wanted, foot);
      foot -= height;
      paths[kind] += `M${x} ${foot}h${width}v${height}h${-width}z`;
    }
  }
  return paths;
}

/** A round number not below `n`: the bars keep their height while the highest grows a little. */
function niceTop(n: number): number {
  if (n <= 4) return 4;
  const unit = 10 ** Math.floor(Math.log10(n));
  return unit * ([1, 1.5, 2, 3, 4, 6, 8].find((step) => step * unit >= n) ?? 10);
}

/** The rows of a bar. */
export function sum(counts: readonly [number, number, number]): number {
  return counts[0] + counts[1] + counts[2];
}

/** The place of the bar that a moment belongs to, the nearest one if it has none. */
export function barAt({ bars }: Bars, time: number): number {
  const [first] = bars;
  if (first === undefined) return -1;
  const at = Math.floor((time - first.from) / (first.to - first.from));
  return Math.min(bars.length - 1, Math.max(0, at));
}

/** The next bar that is not empty, in one direction or the other; the same if there is none. */
export function nextBar({ bars }: Bars, at: number, step: 1 | -1): number {
  for (let i = at + step; i >= 0 && i < bars.length; i += step) {
    if (sum(bars[i]!.counts) > 0) return i;
  }
  return at;
}
