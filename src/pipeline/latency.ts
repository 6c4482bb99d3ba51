import type { Clock } from "../clock.ts";
import { Histogram, type LatencyStats } from "../metrics/histogram.ts";

/** How far a lane is. */
export interface LaneProgress {
  /** Every record below this one is settled. */
  readonly nextSeq: number;
  /** The lane's place and counts. */
  readonly row: { readonly delivered: number };
}

/** One record of a lane whose delivery is waited for. */
interface Probe {
  readonly seq: number;
  readonly sinceMs: number;
  /** Records that the lane had delivered before. */
  readonly delivered: number;
}

/**
 * How long records take from being accepted to being durable, and to being delivered. One record a commit
 * is timed, the one that waited longest, and one a lane at a time, so that no record pays for it.
 */
export class Latencies {
  readonly #clock: Clock;
  readonly #durable = new Histogram();
  readonly #delivered = new Histogram();
  readonly #probes = new Map<LaneProgress, Probe>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A record that was accepted at `sinceMs` (monotonic) has the number `seq`: lanes may be timed by it. */
  numbered(seq: number, sinceMs: number, lanes: readonly LaneProgress[]): void {
    for (const lane of lanes) {
      // A lane that is behind has its hands full with an earlier one.
      if (this.#probes.has(lane)) continue;
      this.#probes.set(lane, { seq, sinceMs, delivered: lane.row.delivered });
    }
  }

  /** A record that was accepted at `sinceMs` is durable. */
  durable(sinceMs: number): void {
    this.#durable.record(this.#clock.monotonic() - sinceMs);
  }

  /** A lane settled records. */
  settled(lane: LaneProgress): void {
    const probe = this.#probes.get(lane);
    if (probe === undefined || lane.nextSeq <= probe.seq) return;
    this.#probes.delete(lane);
    // What was dropped, left out or parked took no time that says anything.
    if (lane.row.delivered === probe.delivered) return;
    this.#delivered.record(this.#clock.monotonic() - probe.sinceMs);
  }

  /** A lane is gone. */
  forget(lane: LaneProgress): void {
    this.#probes.delete(lane);
  }

  /** Figures. */
  stats(): { readonly durable: LatencyStats; readonly delivered: LatencyStats } {
    return { durable: this.#durable.stats(), delivered: this.#delivered.stats() };
  }
}
