import type { Clock } from "../clock.ts";
import type { Logger } from "../logger.ts";
import { openPipeline } from "../pipeline/open.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { FileStore } from "../storage/store.ts";

/** Records written between two looks at the clock. */
const BURST = 64;
/** Records a second of the part that measures latency: far from what saturates a disk. */
const PACED_PER_SECOND = 20_000;
/** How often that part writes, in milliseconds. */
const PACE_MS = 2;

/** What was measured. */
export interface BenchFigures {
  /** Records accepted in the first part. */
  readonly records: number;
  /** Bytes of a record's line, with its share of the frame. */
  readonly bytesPerRecord: number;
  /** Records a second, as fast as one thread can write them. */
  readonly perSecond: {
    /** Taken by `log.info`. */
    readonly accepted: number;
    /** Written to the log's file. */
    readonly written: number;
    /** Synced. */
    readonly durable: number;
    /** Given to the sink. */
    readonly delivered: number;
  };
  /** At a steady pace: milliseconds from being accepted to being durable. */
  readonly durableMs: {
    readonly perSecond: number;
    readonly p50: number;
    readonly p99: number;
    /** Commits that were timed. */
    readonly count: number;
  };
  /** Milliseconds that a sync took at that pace. */
  readonly syncMs: { readonly p50: number; readonly p99: number; readonly count: number };
}

/** What is measured, and with what. */
export interface BenchSetting {
  /** The stores of the two parts; a log is made in each. */
  readonly stores: readonly [fast: FileStore, paced: FileStore];
  /** How long to write in each part. */
  readonly seconds: number;
  /** Time. */
  readonly clock: Clock;
}

/** Measures in two parts: as fast as it goes, and at a steady pace. */
export async function measure({ stores, seconds, clock }: BenchSetting): Promise<BenchFigures> {
  const ms = seconds * 1_000;
  const fast = await within(stores[0], clock, (pipeline) => flood(pipeline, ms, clock));
  const paced = await within(stores[1], clock, (pipeline) => walk(pipeline, ms, clock));
  return { ...fast, ...paced };
}

async function within<T>(
  store: FileStore,
  clock: Clock,
  body: (pipeline: Pipeline) => Promise<T>,
): Promise<T> {
  await using pipeline = await openPipeline({
    clock,
    wal: { store, retain: 0 },
    sinks: { nothing: () => {} },
  });
  return await body(pipeline);
}

type Fast = Pick<BenchFigures, "records" | "bytesPerRecord" | "perSecond">;

/** Writes whenever there is room, then waits for what is left; each rate is over its own time. */
async function flood(pipeline: Pipeline, ms: number, clock: Clock): Promise<Fast> {
  const log = pipeline.logger("bench");
  const start = clock.monotonic();
  const elapsed = (): number => clock.monotonic() - start;
  let at = 0;
  for (let turnEnd = 0; elapsed() < ms;) {
    for (let i = 0; i < BURST; i++) info(log, at++);
    // Now and then the loop gets its turn, as in a program that does more than to log.
    if (elapsed() < turnEnd) continue;
    await new Promise<void>((resolve) => clock.defer(resolve));
    await pipeline.ready;
    turnEnd = elapsed() + 1;
  }
  const acceptedMs = elapsed();
  const { accepted, log: { bytes }, sequence } = pipeline.stats();
  const rate = (count: number, inMs: number): number => Math.round(count * 1_000 / inMs);
  const written = rate(sequence.written - 1, acceptedMs);
  await pipeline.durable();
  const durableMs = elapsed();
  await pipeline.drain();
  return {
    records: accepted,
    bytesPerRecord: Math.round(bytes / Math.max(1, sequence.written - sequence.first)),
    perSecond: {
      accepted: rate(accepted, acceptedMs),
      written,
      durable: rate(accepted, durableMs),
      delivered: rate(accepted, elapsed()),
    },
  };
}

/** Writes a few records every few milliseconds. */
async function walk(
  pipeline: Pipeline,
  ms: number,
  clock: Clock,
): Promise<Pick<BenchFigures, "durableMs" | "syncMs">> {
  const log = pipeline.logger("bench");
  const start = clock.monotonic();
  let at = 0;
  for (let now = 0; now < ms; now = clock.monotonic() - start) {
    // What a late timer has missed is made up for, as by callers who know nothing of us.
    const due = Math.ceil((now + PACE_MS) * PACED_PER_SECOND / 1_000);
    while (at < due) info(log, at++);
    await new Promise<void>((resolve) => void clock.setTimer(resolve, PACE_MS));
  }
  const perSecond = Math.round(at * 1_000 / (clock.monotonic() - start));
  await pipeline.durable();
  const { latency: { durable }, log: { syncLatency } } = pipeline.stats();
  return {
    durableMs: { perSecond, p50: durable.p50Ms, p99: durable.p99Ms, count: durable.count },
    syncMs: {
      p50: syncLatency?.p50Ms ?? 0,
      p99: syncLatency?.p99Ms ?? 0,
      count: syncLatency?.count ?? 0,
    },
  };
}

function info(log: Logger, order: number): void {
  log.info("order placed", { order, user: "u-1842", total: 99.5, path: "/checkout" });
}
