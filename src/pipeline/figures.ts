import type { DeadLetters } from "../delivery/dead_letters.ts";
import type { Lane } from "../delivery/lane.ts";
import type { LogStore } from "../storage/store.ts";
import type { Tail } from "../tail/hub.ts";
import type { Intake } from "./intake.ts";
import type { Latencies } from "./latency.ts";
import type { LaneStats, PipelineStats } from "./stats.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Whose figures are gathered. */
export interface FigureSources {
  readonly log: LogStore;
  readonly intake: Intake;
  readonly lanes: readonly Lane[];
  readonly latencies: Latencies;
  readonly deadLetters: DeadLetters;
  readonly subscriptions: Subscriptions;
  readonly tail: Tail;
}

/** Everything counted by the parts of a pipeline, in one object. */
export function figuresOf(
  { log, intake, lanes, latencies, deadLetters, subscriptions, tail }: FigureSources,
): PipelineStats {
  const { waiting } = intake.buffered;
  const byLane: Record<string, LaneStats> = {};
  for (const lane of lanes) byLane[lane.name] = lane.stats();
  const { clients, bytes, missed } = tail.stats();
  return {
    mode: log.acknowledges === "memory" ? "memory" : "durable",
    writeMode: intake.writeMode,
    acknowledges: log.acknowledges,
    running: intake.running,
    capacity: intake.capacity,
    depth: waiting,
    utilisation: waiting / intake.capacity,
    offered: intake.offered,
    refused: { ...intake.refused },
    dropped: intake.dropped,
    filtered: intake.filtered,
    accepted: intake.accepted,
    log: log.stats(),
    sequence: {
      first: log.firstSeq,
      next: log.nextSeq,
      written: log.writtenSeq,
      durable: log.durableSeq,
    },
    latency: latencies.stats(),
    lanes: byLane,
    deadLetters: deadLetters.stats(),
    handlers: subscriptions.stats(),
    tail: { clients, bytes, missed },
  };
}
