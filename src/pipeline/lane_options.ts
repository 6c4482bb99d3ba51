import { type Backoff, backoff, MAX_DELAY_MS, within } from "../delivery/backoff.ts";
import type { RegisteredBreakerOptions } from "../delivery/circuit_breaker_registry.ts";
import { judgeError } from "../delivery/circuit_breaker_options.ts";
import type { BatchRule, LaneOrder, LaneSettings } from "../delivery/lane_settings.ts";
import { JobTimeoutError } from "../delivery/pool_errors.ts";
import { classifyError, type RetryDecision } from "../delivery/retry_decision.ts";
import { createRetrySchedule } from "../delivery/retry_schedule.ts";
import { assertLevel, type Level } from "../record/level.ts";
import { asSink } from "../sink/as_sink.ts";
import type { SinkLike } from "../sink/sink.ts";

const DEFAULT_BACKOFF: Backoff = backoff.exponential();

/** When a lane tries again, and when it gives up. */
export interface LaneRetryOptions {
  /** Tries before a record is given up. @default {Infinity with a log on disk, else 5} */
  readonly maxAttempts?: number;
  /**
   * No try begins later than this after the first one, in milliseconds. Time in which none may begin does
   * not count: while the lane is paused or parked, its breaker is open, or all workers are busy.
   *
   * @default {Infinity}
   */
  readonly maxElapsedMs?: number;
  /** The wait between tries; where it throws or gives no number, it is the default one. @default {backoff.exponential()} */
  readonly backoff?: Backoff;
  /**
   * What an error means: for the records (try again, give up), or for the lane (`park`). What it throws
   * itself means to try again.
   *
   * @default {classifyError}
   */
  readonly classify?: (error: unknown, attempt: number) => RetryDecision;
  /** A `retryAfterMs` beyond this parks the lane. @default {300000} */
  readonly retryAfterCapMs?: number;
}

/** A sink with settings of its own. */
export interface LaneOptions {
  /** The destination. */
  readonly sink: SinkLike;
  /** Records below this level are left out. @default {"trace"} */
  readonly level?: Level;
  /** What is kept in order. @default {the sink's own order, else "strict"} */
  readonly order?: LaneOrder;
  /**
   * How much goes out at once, and how long a record may wait for others to go with it; with 0 it goes
   * with those that are there. `drain` and `close` wait for none.
   *
   * @default {{ maxRecords: 1000, maxBytes: 262144, maxAgeMs: 0 }}
   */
  readonly batch?: Partial<BatchRule>;
  /** Batches in flight at once; with strict order it is one. @default {4} */
  readonly concurrency?: number;
  /**
   * The longest call in milliseconds; then its signal is aborted and it has failed. What it still answers
   * within `graceMs` counts.
   *
   * @default {60000}
   */
  readonly timeoutMs?: number;
  /**
   * How long a call that was aborted holds its place, in milliseconds; then it counts as leaked, and the
   * lane goes on without it. A sink with eight such calls gets no other until one ends. A call that a
   * close has aborted keeps the process alive for as long, though `close` waits for one second only.
   *
   * @default {5000}
   */
  readonly graceMs?: number;
  /** Tries and waits. */
  readonly retry?: LaneRetryOptions;
  /**
   * When the sink is left alone for a while. While the breaker is open the lane waits, and spends no
   * attempt. `false` for none.
   *
   * @default {{ trip: { rule: "consecutive", failures: 6 }, openMs: 60000 }}
   */
  readonly breaker?: RegisteredBreakerOptions | false;
  /**
   * Gets the records that are given up, once, before the dead letters do; what it takes counts as
   * delivered, and as `fallback` too.
   */
  readonly fallback?: SinkLike;
  /**
   * Where a lane begins that the log knows nothing of: with the next record, with the oldest that the log
   * holds, or with this sequence number.
   *
   * @default {"now"}
   */
  readonly from?: LaneStart;
}

/** Where a lane begins: with the next record, the oldest there is, or a sequence number. */
export type LaneStart = "now" | "start" | number;

/** A lane's settings, and where it begins if it is new. */
export interface NamedLane {
  readonly settings: LaneSettings;
  readonly from: LaneStart;
}

/** Settles a sink's settings. `durable`: the log is on a disk. */
export function laneSettings(
  name: string,
  given: SinkLike | LaneOptions,
  durable: boolean,
): NamedLane {
  if (name === "") throw new RangeError("A sink needs a name: its cursor is stored under it");
  const options: LaneOptions = isLaneOptions(given) ? given : { sink: given };
  const sink = asSink(options.sink, name);
  const { level = "trace", from = "now" } = options;
  assertLevel(level);
  const order = orderOf(name, options.order ?? sink.order ?? "strict");
  const timeoutMs = duration(`sinks.${name}.timeoutMs`, options.timeoutMs ?? 60_000);
  const graceMs = duration(`sinks.${name}.graceMs`, options.graceMs ?? 5_000);
  const concurrency = positive(`sinks.${name}.concurrency`, options.concurrency ?? 4);
  const settings: LaneSettings = {
    name,
    sink,
    fallback: options.fallback && asSink(options.fallback, `${name} fallback`),
    level,
    order,
    batch: batchOf(name, options.batch ?? {}),
    concurrency: order === "strict" ? 1 : concurrency,
    timeoutMs,
    graceMs,
    retry: retryOf(name, options.retry ?? {}, durable),
    breaker: options.breaker === false
      ? undefined
      : breakerOf(options, Math.max(1, timeoutMs + graceMs)),
  };
  return { settings, from: startOf(name, from) };
}

/** A sink around another one may well call that `sink`: what can be written to is a sink itself. */
function isLaneOptions(given: SinkLike | LaneOptions): given is LaneOptions {
  return typeof given === "object" && given !== null && "sink" in given && !("write" in given);
}

function batchOf(name: string, batch: Partial<BatchRule>): BatchRule {
  const of = `sinks.${name}.batch`;
  return {
    maxRecords: positive(`${of}.maxRecords`, batch.maxRecords ?? 1000),
    maxBytes: positive(`${of}.maxBytes`, batch.maxBytes ?? 262_144),
    maxAgeMs: duration(`${of}.maxAgeMs`, batch.maxAgeMs ?? 0),
  };
}

function retryOf(
  name: string,
  { maxAttempts, maxElapsedMs, backoff: wait, classify, retryAfterCapMs }: LaneRetryOptions,
  durable: boolean,
): LaneSettings["retry"] {
  const rules = {
    maxAttempts: positive(
      `sinks.${name}.retry.maxAttempts`,
      maxAttempts ?? (durable ? Infinity : 5),
    ),
    maxElapsedMs: maxElapsedMs ?? Infinity,
    backoff: wait ?? DEFAULT_BACKOFF,
    classify: classify ?? classifyError,
    maxRetryAfterMs: retryAfterCapMs ?? 300_000,
  };
  // A wrong number shall be told now, not at the first failure.
  createRetrySchedule(rules);
  return { ...rules, backoff: soundBackoff(rules.backoff) };
}

/** A rule that throws or gives no number says nothing: the wait is the usual one, and the lane goes on. */
function soundBackoff(wait: Backoff): Backoff {
  return (attempt, random, previousMs) => {
    try {
      const delayMs: unknown = wait(attempt, random, previousMs);
      if (typeof delayMs === "number" && !Number.isNaN(delayMs)) {
        return within(MAX_DELAY_MS, delayMs);
      }
    } catch {
      // As above.
    }
    return DEFAULT_BACKOFF(attempt, random, previousMs);
  };
}

/** A probe must not be given up while the call is still allowed to run. */
function breakerOf(
  { breaker = {}, retry }: LaneOptions,
  probeTimeoutMs: number,
): RegisteredBreakerOptions {
  const classify = retry?.classify ?? classifyError;
  return {
    probeTimeoutMs,
    // What is the record's fault, or asks for somebody to step in, says nothing of the sink's health.
    classify: (error) => {
      if (error instanceof JobTimeoutError) return "failure";
      const decision = classify(error, 1);
      return decision === "dead-letter" || decision === "park" ? "exclude" : judgeError(error);
    },
    ...breaker,
  };
}

function orderOf(name: string, order: LaneOrder): LaneOrder {
  if (order === "strict" || order === "none") return order;
  if (typeof order === "object" && typeof order?.key === "function") return order;
  throw new TypeError(
    `Cannot use sinks.${name}.order ${JSON.stringify(order)}: allowed are "strict", "none" and ` +
      "{ key: (record) => string }",
  );
}

/** Checks where a lane is to begin. */
export function startOf(name: string, from: LaneStart): LaneStart {
  if (from === "now" || from === "start" || (Number.isSafeInteger(from) && from >= 0)) return from;
  throw new RangeError(
    `Cannot use sinks.${name}.from ${from}: allowed are "now", "start" and sequence numbers`,
  );
}

function positive(name: string, value: number): number {
  if (value === Infinity || (Number.isSafeInteger(value) && value >= 1)) return value;
  throw new RangeError(`Cannot use ${name} ${value}: allowed are whole numbers from 1`);
}

function duration(name: string, ms: number): number {
  if (typeof ms === "number" && ms >= 0) return ms;
  throw new RangeError(`Cannot use ${name} ${ms}: allowed are 0 and more milliseconds`);
}
