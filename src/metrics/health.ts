import type { LaneStats, PipelineStats } from "../pipeline/stats.ts";
import { statsOf, type StatsSource } from "./source.ts";

/** A log that is this full says so, before it gives up records or makes writers wait. */
const NEAR_LIMIT = 0.9;

/** Whether a pipeline does its work, and if not, why not. */
export interface Health {
  /** False once only a new start can help. A pipeline that closes is alive. */
  readonly live: boolean;
  /** Whether it takes records and gets rid of them: true when there are no reasons. */
  readonly ready: boolean;
  /** What stands in the way, a sentence each, without full stop. */
  readonly reasons: readonly string[];
}

/**
 * Tells whether a pipeline is live and ready, from one look at its `stats()`; waits for nothing and changes
 * nothing. Not ready are: a log that failed, is full or takes more than 90 % of its limit, a full buffer, a
 * sink that is parked, has stopped or whose breaker is open, and a pipeline that is stopped or closing. A
 * sink that somebody paused is left to them.
 *
 * @example
 * ```ts
 * import { healthOf, openPipeline } from "@logflume/logflume";
 *
 * const pipeline = await openPipeline({ sinks: {} });
 * console.assert(healthOf(pipeline).ready);
 * await pipeline.close();
 * console.assert(healthOf(pipeline).reasons[0] === "The pipeline is closing or closed");
 * ```
 */
export function healthOf(source: StatsSource | PipelineStats): Health {
  const stats = statsOf(source);
  const reasons = [
    ...ofPipeline(stats),
    ...ofLog(stats),
    ...ofBuffer(stats),
    ...Object.entries(stats.lanes).flatMap(([name, lane]) => ofLane(name, lane, stats)),
  ];
  return { live: stats.log.failure === undefined, ready: reasons.length === 0, reasons };
}

function ofPipeline({ running, closing }: PipelineStats): string[] {
  if (closing) return ["The pipeline is closing or closed"];
  return running ? [] : ["The pipeline is stopped: call start() to take records again"];
}

function ofLog({ log }: PipelineStats): string[] {
  const { failure, full, bytes, maxBytes = Infinity } = log;
  if (failure !== undefined) return [`The log failed and needs a new start: ${failure}`];
  if (full) return ["The log is full: mend the sink that lags, or raise its limit"];
  if (bytes < NEAR_LIMIT * maxBytes) return [];
  const share = Math.floor(100 * bytes / maxBytes);
  return [`The log takes ${share} % of its limit: mend the sink that lags, or raise the limit`];
}

function ofBuffer({ depth, capacity }: PipelineStats): string[] {
  return depth < capacity ? [] : [`The buffer is full: ${depth} of ${capacity} records wait`];
}

function ofLane(name: string, lane: LaneStats, { closing }: PipelineStats): string[] {
  const { state, breaker, lastError } = lane;
  const why = lastError === undefined ? "" : `: ${lastError}`;
  if (state === "parked") return [`Sink "${name}" is parked, its records are kept${why}`];
  if (state === "stopped") return [`Sink "${name}" has stopped until the next start${why}`];
  // Lanes that are closed with the pipeline are no news.
  if (state === "closed") return closing ? [] : [`Sink "${name}" is closed`];
  if (breaker === "open") return [`Sink "${name}" fails and is left alone for a while${why}`];
  if (breaker === "isolated") return [`Sink "${name}" is isolated by hand: release its breaker`];
  return [];
}
