import type { SeqRun } from "../storage/store.ts";
import type { BatchSource } from "./sink.ts";

/** What the sequence header of a request says: where its records come from, and which they are. */
export interface HttpSequence {
  /** Log and lane, `<logId>/<lane>`: with a sequence number it names a record. */
  readonly source: string;
  /** Which records the body holds, in the order of the body. */
  readonly runs: readonly SeqRun[];
  /** How many records that are. */
  readonly count: number;
  /** The number of the log's opening that sent them; it only grows. */
  readonly run: number;
  /** The first sequence number that was given in this run. */
  readonly runFirstSeq: number;
}

const HEADER = /^([0-9a-f]+\/[\w!'()*.~%-]+); ?([\d,-]+); ?run=(\d+); ?since=(\d+)$/;

/** `<logId>/<lane>; 17-116,120; run=3; since=101`; what a header cannot hold of a lane's name is escaped. */
export function formatSequence(source: BatchSource, runs: readonly SeqRun[]): string {
  const { logId, lane, run, runFirstSeq } = source;
  const numbers = runs.map(runText).join(",");
  const opening = run.slice(run.lastIndexOf(".") + 1);
  const name = encodeURIComponent(lane.toWellFormed());
  return `${logId}/${name}; ${numbers}; run=${opening}; since=${runFirstSeq}`;
}

/**
 * Reads the sequence header of a request, for a receiver that stores each record once. Line `i` of the
 * body bears the `i`th number of the runs.
 *
 * A receiver keeps the numbers it has stored for each source and leaves out those it has. When `run`
 * grows, it forgets the numbers from `runFirstSeq` on: a power cut may have taken such records from the
 * log, and their numbers went to others. A request of an older run that comes late says nothing new.
 *
 * @param value The header, or nothing if the request had none
 * @returns `undefined` if it is missing or is no such header
 *
 * @example
 * ```ts
 * import { parseSequence } from "@logflume/logflume/sink/http";
 *
 * const sequence = parseSequence("00c0ffee00c0ffee/web; 17-116,120; run=3; since=101");
 * console.assert(sequence?.source === "00c0ffee00c0ffee/web" && sequence.count === 101);
 * ```
 */
export function parseSequence(value: string | null | undefined): HttpSequence | undefined {
  const [, source, numbers, run, since] = HEADER.exec(value ?? "") ?? [];
  if (source === undefined || numbers === undefined) return undefined;
  const runs = numbers.split(",").map(parseRun);
  if (!runs.every((one) => one !== undefined)) return undefined;
  const count = runs.reduce((sum, one) => sum + one.count, 0);
  return { source, runs, count, run: Number(run), runFirstSeq: Number(since) };
}

/** A run as it stands in the header: `17-116`, or `120` for a single record. */
export function runText({ firstSeq, count }: SeqRun): string {
  return count === 1 ? `${firstSeq}` : `${firstSeq}-${firstSeq + count - 1}`;
}

function parseRun(text: string): SeqRun | undefined {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const firstSeq = Number(first);
  const count = Number(last) - firstSeq + 1;
  return Number.isSafeInteger(Number(last)) && count >= 1 ? { firstSeq, count } : undefined;
}
