import type { LaneStats, PipelineStats } from "../pipeline/stats.ts";

/** What one run did with records. With several sinks, the sum over them but for `accepted`. */
export interface RunSummary {
  /** Records taken in this run. */
  readonly accepted: number;
  /** Records delivered in this run, among them those that an earlier one had left. */
  readonly delivered: number;
  /** Records that could not be delivered and went to the dead letters. */
  readonly deadLettered: number;
  /** Records given up without delivery. */
  readonly dropped: number;
  /** Records that are still to be delivered. */
  readonly pending: number;
}

/**
 * What happened between two moments. Counts of lanes are kept in the log over all runs, so the ones at
 * the start are taken off.
 */
export function summarize(start: PipelineStats, end: PipelineStats): RunSummary {
  const since = (count: (lane: LaneStats) => number) => sumOf(end, count) - sumOf(start, count);
  return {
    accepted: end.accepted - start.accepted,
    delivered: since((lane) => lane.delivered),
    deadLettered: since((lane) => lane.deadLettered),
    dropped: since((lane) => Object.values(lane.dropped).reduce((sum, count) => sum + count, 0)),
    pending: pendingOf(end),
  };
}

/** Records that some sink has still to get. */
export function pendingOf(stats: PipelineStats): number {
  return sumOf(stats, (lane) => lane.pending);
}

/** The exit code: 1 when records are pending, 3 when there are new dead letters, else 0. */
export function exitCodeOf({ pending, deadLettered }: RunSummary): 0 | 1 | 3 {
  if (pending > 0) return 1;
  return deadLettered > 0 ? 3 : 0;
}

function sumOf({ lanes }: PipelineStats, count: (lane: LaneStats) => number): number {
  return Object.values(lanes).reduce((sum, lane) => sum + count(lane), 0);
}
