import type { LaneState, LaneStats } from "../pipeline/stats.ts";
import type { CursorRow } from "../storage/store.ts";

/** What a lane's figures are made of, beside its counts. */
export interface LaneFigures {
  readonly state: LaneState;
  /** The next sequence number of the log. */
  readonly nextSeq: number;
  /** Records that are accepted and have no number yet. */
  readonly waiting: number;
  /** How long ago the record at the lane's place was accepted. */
  readonly ageMs: number;
  readonly attempts: number;
  readonly retries: number;
  readonly failures: number;
  readonly lastError: string | undefined;
  readonly inFlight: number;
  readonly breaker: LaneStats["breaker"];
  readonly leaked: number;
  readonly leaks: number;
}

/** The figures of a lane that has settled what `row` tells. */
export function laneStats(row: CursorRow, figures: LaneFigures): LaneStats {
  const { checkpoint: _, orphanedAt: __, fallback = 0, ...counts } = row;
  const { nextSeq, waiting, ageMs, lastError, ...rest } = figures;
  const accepted = nextSeq - row.since + (row.dropped.overflow ?? 0) + waiting;
  const lost = Object.values(row.dropped).reduce((sum, count) => sum + count, 0);
  return {
    ...counts,
    ...rest,
    fallback,
    accepted,
    lagMs: row.nextSeq < nextSeq ? ageMs : 0,
    pending: accepted - row.delivered - row.deadLettered - row.filtered - lost,
    ...(lastError === undefined ? {} : { lastError }),
  };
}
