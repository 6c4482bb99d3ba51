import type { DeadLetters } from "../delivery/dead_letters.ts";
import type { Lane } from "../delivery/lane.ts";
import type { LaneWorkers } from "../delivery/lane_workers.ts";
import type { LogStore } from "../storage/store.ts";
import type { Tail } from "../tail/hub.ts";
import { tailTraffic } from "../tail/session_shared.ts";
import type { Intake } from "./intake.ts";
import type { Latencies } from "./latency.ts";
import type {
  LaneStats,
  PipelineLogStats,
  PipelineStats,
  PipelineTailStats,
  WorkerFigures,
} from "./stats.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Whose figures are gathered. */
export interface FigureSources {
  readonly log: LogStore;
  readonly intake: Intake;
  readonly isClosing: boolean;
  readonly lanes: readonly Lane[];
  readonly workers: LaneWorkers;
  readonly latencies: Latencies;
  readonly deadLetters: DeadLetters;
  readonly subscriptions: Subscriptions;
  readonly tail: Tail;
}

/** Everything counted by the parts of a pipeline, in one object. */
export function figuresOf(
  { log, intake, isClosing, lanes, workers, latencies, deadLetters, subscriptions, tail }:
    FigureSources,
): PipelineStats {
  const { waiting } = intake.buffered;
  const byLane: Record<string, LaneStats> = {};
  for (const lane of lanes) byLane[lane.name] = lane.stats();
  return {
    mode: log.acknowledges === "memory" ? "memory" : "durable",
    writeMode: intake.writeMode,
    acknowledges: log.acknowledges,
    running: intake.running,
    closing: isClosing,
    capacity: intake.capacity,
    depth: waiting,
    utilisation: waiting / intake.capacity,
    offered: intake.offered,
    refused: { ...intake.refused },
    dropped: intake.dropped,
    filtered: intake.filtered,
    accepted: intake.accepted,
    log: logFigures(log),
    sequence: {
      first: log.firstSeq,
      next: log.nextSeq,
      written: log.writtenSeq,
      durable: log.durableSeq,
    },
    latency: latencies.stats(),
    workers: workerFigures(workers),
    lanes: byLane,
    deadLetters: deadLetters.stats(),
    handlers: subscriptions.stats(),
    tail: tailFigures(tail),
  };
}

function logFigures(log: LogStore): PipelineLogStats {
  const failure = log.failure === undefined ? {} : { failure: log.failure.message };
  return { ...log.stats(), full: log.full, ...failure };
}

function workerFigures(workers: LaneWorkers): WorkerFigures {
  const { size, idle, running, settling, leaked } = workers.stats();
  return { size, idle, running: running + settling, leaked };
}

function tailFigures(tail: Tail): PipelineTailStats {
  const { clients, bytes, maxLag, gaps, missed } = tail.stats();
  const { sent, skipped, sampled, stalled } = tailTraffic(tail);
  return { clients, bytes, maxLag, gaps, missed, sent, skipped, sampled, stalled };
}
