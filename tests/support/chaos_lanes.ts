/**
 * The sinks of the chaos over real kills: one that is well and four that fail, each in its way. Each writes
 * down what it took, one row a record, before it answers; the rows are all that is believed of it.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import {
  backoff,
  type Batch,
  type LaneOptions,
  RejectedError,
  type SinkResult,
} from "../../mod.ts";
import { type SeededRandom, seededRandom } from "../../src/testing/random.ts";

/** The lanes, the well one first. */
export const CHAOS_LANES = ["fast", "flaky", "hanging", "slow", "partial"] as const;

/** One of them. */
export type ChaosLane = typeof CHAOS_LANES[number];

/** What makes a sink of one life. */
export interface SinkSettings {
  /** Where the rows go: `<lane>.<life>`. */
  readonly folder: string;
  /** Counts the processes, from 0. */
  readonly life: number;
  readonly seed: number;
  /** The most records of a batch. */
  readonly maxRecords: number;
  /** How long the slow sink takes to answer. */
  readonly slowMs: number;
  /** Whether the hanging sink answers in this life. */
  readonly heals: boolean;
}

/** Keys of the lane that keeps the order by key. */
const KEYS = 7;
/** One record in so many is poison for the lane that gives partial results. */
const POISON_EVERY = 1000;

/** Batches that a lane has in flight, at most. */
export const IN_FLIGHT: Readonly<Record<ChaosLane, number>> = {
  fast: 1,
  flaky: 1,
  hanging: 1,
  slow: 8,
  partial: 3,
};

/** Whether the partial lane can never take this record. */
export function isPoison(n: number): boolean {
  return n % POISON_EVERY === POISON_EVERY / 2;
}

/** The key under which the partial lane keeps this record in order. */
export function keyOf(n: number): string {
  return String(n % KEYS);
}

/** What a record says: its number, the life that made it, and when it was due in that life. */
export function chaosMessage(n: number, life: number, dueMs: number): string {
  return `${n} ${life} ${dueMs.toFixed(3)}`;
}

/** The number of a record, from what it says. */
export function numberOf({ msg }: { readonly msg: string }): number {
  return Number(msg.slice(0, msg.indexOf(" ")));
}

/** All lanes. */
export function chaosLanes(settings: SinkSettings): Readonly<Record<ChaosLane, LaneOptions>> {
  const random = seededRandom(settings.seed);
  const retry = { backoff: backoff.exponential({ baseMs: 10, capMs: 200 }) };
  const breaker = { openMs: 300 };
  const batch = { maxRecords: settings.maxRecords };
  const take = (lane: ChaosLane) => rowsOf(settings, lane);
  return {
    fast: { sink: wellSink(take("fast")), batch },
    flaky: { sink: flakySink(take("flaky"), random.fork()), batch, retry, breaker },
    hanging: {
      sink: settings.heals ? wellSink(take("hanging")) : () => new Promise<void>(() => {}),
      batch,
      retry,
      breaker,
      timeoutMs: 200,
      graceMs: 50,
    },
    slow: {
      sink: slowSink(take("slow"), settings.slowMs),
      batch,
      order: "none",
      concurrency: IN_FLIGHT.slow,
    },
    partial: {
      sink: partialSink(take("partial"), random.fork()),
      batch,
      retry,
      order: { key: (record) => keyOf(numberOf(record)) },
      concurrency: IN_FLIGHT.partial,
    },
  };
}

/** Takes down the records of a batch, or those of them that are `taken`, in one write. */
type Take = (batch: Batch, taken?: (n: number) => boolean) => void;

/** A row: `seq n life due at`. The kernel has it when the call returns, so that a kill takes none. */
function rowsOf({ folder, life }: SinkSettings, lane: ChaosLane): Take {
  const file = fs.openSync(join(folder, `${lane}.${life}`), "a");
  return (batch, taken = () => true) => {
    const at = performance.now().toFixed(3);
    let rows = "";
    for (const [i, msg] of messagesOf(batch).entries()) {
      if (taken(numberOf({ msg }))) rows += `${batch.seqAt(i)} ${msg} ${at}\n`;
    }
    const bytes = new TextEncoder().encode(rows);
    for (let done = 0; done < bytes.length;) done += fs.writeSync(file, bytes, done);
  };
}

/** Without parsing every line: what a sink takes of the processor is not to be measured here. */
function messagesOf(batch: Batch): string[] {
  const start = '"msg":"';
  return batch.lines().map((line) => {
    const from = line.indexOf(start) + start.length;
    return line.slice(from, line.indexOf('"', from));
  });
}

function wellSink(take: Take): (batch: Batch) => void {
  return (batch) => take(batch);
}

function flakySink(take: Take, random: SeededRandom): (batch: Batch) => void {
  return (batch) => {
    if (random.chance(0.3)) throw new Error("down");
    take(batch);
  };
}

function slowSink(take: Take, slowMs: number): (batch: Batch) => Promise<void> {
  return async (batch) => {
    await new Promise((resolve) => setTimeout(resolve, slowMs));
    take(batch);
  };
}

/** Takes a part; behind a record that it does not take it takes no other of the same key. */
function partialSink(take: Take, random: SeededRandom): (batch: Batch) => SinkResult | void {
  return (batch) => {
    const numbers = messagesOf(batch).map((msg) => numberOf({ msg }));
    if (numbers.some(isPoison)) throw new RejectedError("poison");
    const stuck = new Set<string>();
    const retry = numbers.flatMap((n, index) => {
      if (random.chance(0.02)) stuck.add(keyOf(n));
      return stuck.has(keyOf(n)) ? [index] : [];
    });
    const left = new Set(retry.map((index) => numbers[index]));
    take(batch, (n) => !left.has(n));
    if (retry.length > 0) return { retry };
  };
}
