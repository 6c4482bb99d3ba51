import type { Clock } from "../clock.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { LaneStats } from "../pipeline/stats.ts";
import type { RecordInput } from "../record/record.ts";
import type { Sink } from "../sink/sink.ts";

/** The warehouse is well for so long, then out of reach for so long, and so on. */
const UP_MS = 15_000;
const DOWN_MS = 8_000;
/** How often the shop looks after it. */
const LOOK_MS = 1_000;
/** A round trip to it. */
const LATENCY_MS = 30;

/** A destination inside this process that fails for some seconds now and then. */
export function demoWarehouse(clock: Clock): Sink {
  const start = clock.monotonic();
  return {
    async write() {
      await new Promise<void>((resolve) => clock.setTimer(resolve, LATENCY_MS));
      if ((clock.monotonic() - start) % (UP_MS + DOWN_MS) < UP_MS) return;
      throw new Error("The warehouse is down for some seconds (this is part of the demo)");
    },
  };
}

/**
 * Writes a record into the shop's own log when its warehouse is lost and when it is back, until the
 * answer is called. It is back when it has taken records again: while it is lost a trial may be under
 * way at any moment, which says nothing yet.
 */
export function reportWarehouse(pipeline: Pipeline, clock: Clock): () => void {
  /** What was delivered when it was lost; undefined while it is well. */
  let deliveredBefore: number | undefined;
  let cancel: () => void;
  const look = () => {
    const lane = pipeline.stats().lanes.warehouse;
    if (lane !== undefined && hasChanged(lane, deliveredBefore)) {
      const isFailing = deliveredBefore === undefined;
      deliveredBefore = isFailing ? lane.delivered : undefined;
      pipeline.write(warehouseRecord(isFailing, lane.pending));
    }
    cancel = clock.setTimer(look, LOOK_MS);
  };
  cancel = clock.setTimer(look, LOOK_MS);
  return () => cancel();
}

function hasChanged(lane: LaneStats, deliveredBefore: number | undefined): boolean {
  if (deliveredBefore === undefined) return isLost(lane);
  return !isLost(lane) && lane.delivered > deliveredBefore;
}

function isLost({ state, breaker }: LaneStats): boolean {
  return ["waiting-to-retry", "breaker-open"].includes(state) || breaker === "open";
}

function warehouseRecord(isFailing: boolean, pending: number): RecordInput {
  const logger = "shop.warehouse";
  return isFailing
    ? {
      level: "warn",
      logger,
      msg: "Warehouse is out of reach: records wait in the log",
      fields: { pending },
    }
    : { level: "info", logger, msg: "Warehouse is back: nothing was lost", fields: { pending } };
}
