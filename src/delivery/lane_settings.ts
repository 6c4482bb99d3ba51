import type { Level } from "../record/level.ts";
import type { LogRecord } from "../record/record.ts";
import type { BatchSource, Sink } from "../sink/sink.ts";
import type { LogStore } from "../storage/store.ts";
import type { RegisteredBreakerOptions } from "./circuit_breaker_registry.ts";
import type { CircuitBreaker } from "./circuit_breaker_contract.ts";
import type { Backoff } from "./backoff.ts";
import type { DeadLetters } from "./dead_letter_face.ts";
import type { LaneShare } from "./lane_workers.ts";
import type { RetryRules } from "./retry_schedule.ts";
import type { Clock } from "../clock.ts";
import type { ClaimLimits } from "./batch_fill.ts";

/**
 * What a lane keeps in order:
 *
 * - `"strict"`: everything; one batch at a time, and nothing overtakes a record that fails
 * - `"none"`: nothing; several batches at once, and only what failed is sent again
 * - `{ key }`: records of the same key; one batch at a time that holds any of a key, other keys go on. A
 *   record whose key cannot be told, since the function throws, has the empty one
 */
export type LaneOrder = "strict" | "none" | { readonly key: (record: LogRecord) => string };

/** When a batch goes out. */
export interface BatchRule extends ClaimLimits {
  /** So long a record may wait for others to go with it, in milliseconds. */
  readonly maxAgeMs: number;
}

/** How a lane sends to its sink. */
export interface LaneSettings {
  /** The lane's name. */
  readonly name: string;
  /** The destination. */
  readonly sink: Sink;
  /** Gets what the sink does not take, before the dead letters do. */
  readonly fallback?: Sink | undefined;
  /** Records below this level are left out. */
  readonly level: Level;
  /** What is kept in order. */
  readonly order: LaneOrder;
  /** How much goes out at once. */
  readonly batch: BatchRule;
  /** Batches in flight at once; 1 with strict order. */
  readonly concurrency: number;
  /** The longest call of the sink, in milliseconds. */
  readonly timeoutMs: number;
  /** How long a call may go on after its signal was aborted, in milliseconds. */
  readonly graceMs: number;
  /** Tries and waits. */
  readonly retry: RetryRules & { readonly maxAttempts: number; readonly backoff: Backoff };
  /** How its breaker judges; undefined for none. */
  readonly breaker?: RegisteredBreakerOptions | undefined;
}

/** What a lane tells; `lane-ended` is the ordinary end of a destination, such as a closed pipe. */
export type LaneEvent =
  | "delivery-failed"
  | "delivery-recovered"
  | "dead-lettered"
  | "lane-parked"
  | "lane-leaked"
  | "lane-stopped"
  | "lane-ended"
  | "breaker-open";

/** How a lane is to make a call that is not one for its own batches. */
export interface LaneCallOptions {
  /** Cuts the call short, and the wait before it. @default {the lane's own} */
  readonly signal?: AbortSignal;
  /** Ends only the wait for the call. @default {signal} */
  readonly turn?: AbortSignal;
  /** Whether the records bear the numbers of another log. @default {false} */
  readonly isForeign?: boolean;
  /** Told when nothing holds the call any more, and the sink is about to be called. */
  readonly begins?: () => void;
}

/** What a lane needs of the pipeline around it. */
export interface LaneHost {
  /** The log it reads. */
  readonly log: LogStore;
  /** What the sink is told of where its batches come from. */
  readonly source: BatchSource;
  /** Where records go that cannot be delivered. */
  readonly deadLetters: Pick<DeadLetters, "add">;
  /** Its share of the workers that all lanes have together. */
  readonly workers: LaneShare;
  /** What stops calls of a sink that is down. */
  readonly breaker?: CircuitBreaker | undefined;
  /** Time. */
  readonly clock: Clock;
  /** Chance, 0 up to 1. */
  readonly random: () => number;
  /** Records that were accepted and never got a sequence number: given up, and still waiting. */
  readonly buffered: () => { readonly evicted: number; readonly waiting: number };
  /** How long ago the record of this number was accepted; left out, nobody knows. */
  readonly ageMs?: (seq: number) => number;
  /** Records were settled: the cursor is worth storing. */
  settled(bytes: number): void;
  /** The lane is held, or goes on: whoever waits for it may look again. */
  held(): void;
  /** Something worth telling happened. */
  tell(kind: LaneEvent, message: string): void;
}
