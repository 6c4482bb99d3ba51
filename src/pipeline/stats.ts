import type { LatencyStats } from "../metrics/histogram.ts";
import type { CursorRow, LogStats } from "../storage/store.ts";

/** What a lane is doing. */
export type LaneState =
  | "idle"
  | "delivering"
  | "waiting-to-retry"
  | "breaker-open"
  | "parked"
  | "paused"
  | "stopped"
  | "closed";

/** One lane's figures. `accepted = delivered + deadLettered + filtered + pending + Σ dropped`. */
export interface LaneStats extends Omit<CursorRow, "checkpoint" | "nextSeq" | "orphanedAt"> {
  /** What the lane is doing. */
  readonly state: LaneState;
  /** Records accepted since this lane began, those still in the buffer included. */
  readonly accepted: number;
  /** Accepted records that are not settled yet. */
  readonly pending: number;
  /**
   * How long ago the oldest record in the log that is not settled was accepted, in milliseconds: to within
   * 100 ms, or a hundredth of an old backlog. What an earlier run has left counts from the opening.
   */
  readonly lagMs: number;
  /** Every record below this sequence number is settled. */
  readonly nextSeq: number;
  /** Those of the delivered that the fallback sink took. */
  readonly fallback: number;
  /** Batches in flight, those included that wait between two attempts. */
  readonly inFlight: number;
  /** Calls of the sink since this process opened the lane. */
  readonly attempts: number;
  /** Those of them that tried a batch again. */
  readonly retries: number;
  /** Calls that failed, in whole or in part. */
  readonly failures: number;
  /** The state of its circuit breaker. */
  readonly breaker:
    | "none"
    | "closed"
    | "open"
    | "half-open"
    | "isolated"
    | "disabled"
    | "metrics-only";
  /** Calls that still run after their time and their grace. */
  readonly leaked: number;
  /** Calls that ever did so. */
  readonly leaks: number;
  /** What the last failed call said, unless a later one succeeded. */
  readonly lastError?: string;
}

/** One subscriber's figures. */
export interface HandlerStats {
  /** How it is called. */
  readonly name: string;
  /** Records handed over. */
  readonly delivered: number;
  /** Calls that threw or rejected. */
  readonly failed: number;
  /** Records that the log gave up before the subscriber came to them. */
  readonly missed: number;
  /** Records in the log that it has not come to. */
  readonly lag: number;
}

/** The log's figures, and whether it takes records. */
export interface PipelineLogStats extends LogStats {
  /** Whether the limit of the log is reached. */
  readonly full: boolean;
  /** Why the log takes nothing until the next start; undefined while it does. */
  readonly failure?: string;
}

/** The workers that call the sinks. */
export interface WorkerFigures {
  /** How many there are. */
  readonly size: number;
  /** Those that have nothing to do. */
  readonly idle: number;
  /** Calls under way, those included that were aborted and have not ended. */
  readonly running: number;
  /** Calls that still run after their time and their grace; they hold no worker. */
  readonly leaked: number;
}

/** The tail's figures. What is sent, skipped and sampled counts once for each WebSocket client. */
export interface PipelineTailStats {
  /** Readers now. */
  readonly clients: number;
  /** Bytes kept. */
  readonly bytes: number;
  /** Records between the newest and the reader that is furthest behind. */
  readonly maxLag: number;
  /** Gaps that readers were told. */
  readonly gaps: number;
  /** Records that readers were told they missed. */
  readonly missed: number;
  /** Records sent. */
  readonly sent: number;
  /** Records that slow clients were moved past. */
  readonly skipped: number;
  /** Records that samples left out. */
  readonly sampled: number;
  /** Clients that were given up because they took nothing. */
  readonly stalled: number;
}

/** Everything a pipeline counts, in one object. Counters run since this process opened it. */
export interface PipelineStats {
  /** `durable` with a write-ahead log on disk, `memory` without: promises 2, 4 and 7 hold only then. */
  readonly mode: "durable" | "memory";
  /**
   * `sync`: a record is written, and with `sync: "always"` synced, before the call that gives it returns;
   * `async`: soon after.
   */
  readonly writeMode: "sync" | "async";
  /** What an acknowledgement survives: nothing, a kill, or a power cut. */
  readonly acknowledges: "memory" | "kill" | "power-cut";
  /** Whether records are accepted. */
  readonly running: boolean;
  /** Whether `close` was called. */
  readonly closing: boolean;
  /** Records the buffer can hold. */
  readonly capacity: number;
  /** Records in the buffer. */
  readonly depth: number;
  /** `depth / capacity`. */
  readonly utilisation: number;
  /** Records handed to the pipeline: `refused + filtered + accepted`. */
  readonly offered: number;
  /** Records not accepted, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /**
   * Records that a full buffer dropped, by policy and level. They are counted where they belong too: new
   * ones as `refused`, those accepted before as `dropped` of the lanes.
   */
  readonly dropped: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Records that the level or `transform` left out. */
  readonly filtered: number;
  /** Records accepted. */
  readonly accepted: number;
  /** Write-ahead log: bytes, segments, entries, damaged ones, syncs, writes, and whether it takes more. */
  readonly log: PipelineLogStats;
  /** The log's sequence numbers. */
  readonly sequence: {
    readonly first: number;
    readonly next: number;
    readonly written: number;
    readonly durable: number;
  };
  /**
   * How long records take from being accepted: to being durable as the store defines it, and to being
   * delivered by a sink. Not every record is timed: the oldest of each commit (in mode sync one record in
   * 16), and one at a time on its way through each sink.
   */
  readonly latency: { readonly durable: LatencyStats; readonly delivered: LatencyStats };
  /** The workers of all sinks together. */
  readonly workers: WorkerFigures;
  /** One entry a sink, by its name. */
  readonly lanes: Readonly<Record<string, LaneStats>>;
  /** Dead letters: held now, and what became of others since this process opened them. */
  readonly deadLetters: {
    /** Entries held. */
    readonly held: number;
    /** Bytes of their lines. */
    readonly bytes: number;
    /** Entries added. */
    readonly added: number;
    /** Failures that updated a held entry. */
    readonly updated: number;
    /** Entries delivered by a replay. */
    readonly replayed: number;
    /** Entries removed by hand. */
    readonly removed: number;
    /** Entries given up, by the limit that they passed. */
    readonly evicted: { readonly entries: number; readonly bytes: number; readonly age: number };
    /** Lines that could not be read or understood. */
    readonly unreadable: number;
  };
  /** Subscribers: how many, and of all that ever were records handed over, failed calls, records missed. */
  readonly handlers: {
    readonly count: number;
    readonly delivered: number;
    readonly failed: number;
    readonly missed: number;
    /** The subscribers there are, oldest first. */
    readonly each: readonly HandlerStats[];
  };
  /** The live tail. */
  readonly tail: PipelineTailStats;
}
