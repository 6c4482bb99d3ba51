import type { Clock } from "../clock.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { shopVisit } from "./demo_shop.ts";

/** How often shoppers come by. */
const TICK_MS = 100;
/** Visits a tick on average, and how far the tide of the day takes it up and down. */
const VISITS_PER_TICK = 1;
const TIDE = 0.6;
const TIDE_MS = 45_000;

/** What the traffic depends on. */
export interface TrafficOptions {
  readonly clock: Clock;
  /** Chance, 0 up to 1. */
  readonly random: () => number;
}

/**
 * Writes the traffic of a small web shop, some 40 records a second, until the answer is called. A
 * record that is refused is let go, as a shop would.
 */
export function startTraffic(pipeline: Pipeline, { clock, random }: TrafficOptions): () => void {
  let cancel: () => void;
  const tick = () => {
    const tide = 1 + TIDE * Math.sin(clock.monotonic() / TIDE_MS * 2 * Math.PI);
    const visits = Math.floor(VISITS_PER_TICK * tide + random());
    for (let visit = 0; visit < visits; visit++) {
      for (const record of shopVisit(random)) pipeline.write(record);
    }
    cancel = clock.setTimer(tick, TICK_MS);
  };
  cancel = clock.setTimer(tick, 0);
  return () => cancel();
}
