import type { PipelineStats } from "../pipeline/stats.ts";

/** What counts: a pipeline, or whatever else gives the figures of one. */
export interface StatsSource {
  /** The figures as they are now. */
  stats(): PipelineStats;
}

/** The figures of a source, or those that were given. */
export function statsOf(source: StatsSource | PipelineStats): PipelineStats {
  return "stats" in source ? source.stats() : source;
}
