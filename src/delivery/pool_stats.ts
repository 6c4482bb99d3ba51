import type { DurationStats } from "./durations.ts";
import type { WorkerStats } from "./pool_workers.ts";

/** Why a job was not accepted: no room, the pool takes none, or its own signal was aborted. */
export type JobRefusal = "full" | "closed" | "aborted";

/** How an accepted job can end. */
export type JobEnd = "succeeded" | "failed" | "timedOut" | "aborted" | "canceled" | "evicted";

/**
 * Everything a pool counts. `offered = refused + blocked + accepted`, and
 * `accepted = queued + running + succeeded + failed + timedOut + aborted + canceled + evicted`.
 */
export interface PoolStats extends Readonly<Record<JobEnd, number>> {
  /** Jobs that may run at once. */
  readonly size: number;
  /** Workers that are free. */
  readonly idle: number;
  /** Accepted jobs that wait. */
  readonly queued: number;
  /** Calls of `submit` that wait for room. */
  readonly blocked: number;
  /** Jobs under way that have no outcome yet. */
  readonly running: number;
  /** Jobs that were aborted and still hold their worker. */
  readonly settling: number;
  /** Jobs that still run after the grace period. */
  readonly leaked: number;
  /** Keys that have a job waiting or under way. */
  readonly keys: number;
  /** Jobs handed to the pool. */
  readonly offered: number;
  /** Jobs not accepted, by reason. */
  readonly refused: Readonly<Record<JobRefusal, number>>;
  /** Jobs accepted. */
  readonly accepted: number;
  /** Jobs that the policy dropped: new ones are counted as refused too, accepted ones as evicted. */
  readonly dropped: number;
  /** Jobs that leaked since the beginning, those that ended later included. */
  readonly leaks: number;
  /**
   * From the call of `submit` or `post` to the start. Jobs without a timeout that come, or start, right
   * behind each other share a reading of the clock, a few at a time.
   */
  readonly wait: DurationStats;
  /** From the start to the outcome: the end, the timeout or the abort. */
  readonly run: DurationStats;
  /** From the timeout or abort to the end, those included that end after the grace period. */
  readonly settle: DurationStats;
  /** One entry a worker that was ever needed. */
  readonly workers: readonly WorkerStats[];
}

/** The counters behind the figures. */
export class PoolCounts {
  offered = 0;
  accepted = 0;
  running = 0;
  settling = 0;
  leaked = 0;
  leaks = 0;
  readonly refused: Record<JobRefusal, number> = { full: 0, closed: 0, aborted: 0 };
  readonly ended: Record<JobEnd, number> = {
    succeeded: 0,
    failed: 0,
    timedOut: 0,
    aborted: 0,
    canceled: 0,
    evicted: 0,
  };
}
