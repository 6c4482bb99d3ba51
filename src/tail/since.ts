import { isoTime } from "../record/time.ts";
import type { LogChunk, LogReader } from "../storage/store.ts";
import { LF } from "./lines.ts";

const BEFORE_TIME = new TextEncoder().encode('{"time":"');
const TIME_LENGTH = 24;
const QUOTE = 34;

/** A moment as it stands in the lines of records: such texts sort as the times do. */
export type Moment = Uint8Array;

/** What a search for a moment in lines says. */
export interface Found {
  /** The index behind the last line before the moment, of the lines up to the first that is not. */
  readonly index: number;
  /** Whether a line is before the moment. */
  readonly isAfterStart: boolean;
  /** Whether a line is at the moment or behind it. */
  readonly isReached: boolean;
}

/** Gives a time the form in which it is looked for. */
export function momentOf(timeMs: number): Moment {
  return new TextEncoder().encode(isoTime(timeMs));
}

/** Looks for the first line at or behind a moment. Lines that do not begin with a time tell nothing. */
export function findMoment(bytes: Uint8Array, moment: Moment): Found {
  let index = 0;
  let line = 0;
  for (let at = 0; at < bytes.length; line++) {
    const order = compareTime(bytes, at, moment);
    if (order >= 0) return { index, isAfterStart: index > 0, isReached: true };
    if (order < 0) index = line + 1;
    at = bytes.indexOf(LF, at) + 1;
  }
  return { index, isAfterStart: index > 0, isReached: false };
}

/**
 * Looks in a log for the place where a moment begins, between `lowSeq` and `highSeq`: a binary search, for
 * a log is written in the order of its times but for clocks that were set. Each step reads one frame.
 */
export async function seekMoment(
  reader: LogReader,
  moment: Moment,
  lowSeq: number,
  highSeq: number,
): Promise<number> {
  let low = lowSeq;
  let high = highSeq;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const step = await probe(reader, moment, middle, high);
    if (step.kind === "found") return Math.min(step.seq, high);
    if (step.kind === "later") low = Math.min(step.seq, high);
    else high = middle;
  }
  return low;
}

/** Whether the place is at `seq`, at `seq` or later, or not later than where the probe was taken. */
type Step =
  | { readonly kind: "found" | "later"; readonly seq: number }
  | { readonly kind: "earlier" };

async function probe(
  reader: LogReader,
  moment: Moment,
  seq: number,
  highSeq: number,
): Promise<Step> {
  reader.seek(seq);
  while (reader.nextSeq < highSeq) {
    const read = await reader.next();
    if (read.kind === "end") break;
    if (read.kind === "lines") {
      const step = stepOf(read.chunk, moment);
      if (step !== undefined) return step;
    } else if (read.gap.reason === "trimmed") {
      return { kind: "later", seq: read.gap.firstSeq + read.gap.count };
    }
  }
  return { kind: "earlier" };
}

/** Undefined if no line of the chunk has a time. */
function stepOf(chunk: LogChunk, moment: Moment): Step | undefined {
  const { index, isAfterStart, isReached } = findMoment(chunk.bytes, moment);
  if (isAfterStart) return { kind: isReached ? "found" : "later", seq: chunk.firstSeq + index };
  return isReached ? { kind: "earlier" } : undefined;
}

/** Below 0 if the line's time is before the moment, at least 0 if not, NaN if it has none. */
function compareTime(bytes: Uint8Array, at: number, moment: Moment): number {
  for (let i = 0; i < BEFORE_TIME.length; i++) if (bytes[at + i] !== BEFORE_TIME[i]) return NaN;
  const start = at + BEFORE_TIME.length;
  if (bytes[start + TIME_LENGTH] !== QUOTE) return NaN;
  for (let i = 0; i < TIME_LENGTH; i++) {
    const order = (bytes[start + i] ?? 0) - (moment[i] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}
