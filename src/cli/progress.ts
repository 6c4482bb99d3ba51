import type { Clock } from "../clock.ts";
import { pendingOf } from "./summary.ts";
import type { PipelineStats } from "../pipeline/stats.ts";

/** How often the line is drawn anew. */
const DRAW_MS = 500;
/** Back to the first column, and away with what stands there. */
const CLEAR_LINE = "\r\x1b[K";

/**
 * Draws one line of progress (records, rate, pending) over and over on a terminal, until the answer is
 * called, which takes the line away.
 */
export function showProgress(
  stats: () => PipelineStats,
  draw: (text: string) => void,
  clock: Clock,
): () => void {
  let last = { at: clock.monotonic(), accepted: stats().accepted };
  let cancel: () => void;
  const tick = () => {
    const now = stats();
    const at = clock.monotonic();
    draw(CLEAR_LINE + progressLine(now, (now.accepted - last.accepted) * 1_000 / (at - last.at)));
    last = { at, accepted: now.accepted };
    cancel = clock.setTimer(tick, DRAW_MS);
  };
  cancel = clock.setTimer(tick, DRAW_MS);
  return () => {
    cancel();
    draw(CLEAR_LINE);
  };
}

/** For example `12,345 records  3,200/s  12 pending`. */
function progressLine(stats: PipelineStats, perSecond: number): string {
  const show = (count: number) => Math.round(count).toLocaleString("en-US");
  return `${show(stats.accepted)} records  ${show(perSecond)}/s  ${show(pendingOf(stats))} pending`;
}
