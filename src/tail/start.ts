import type { LogReader } from "../storage/store.ts";
import type { CursorStart, TailGap } from "./cursor.ts";
import type { TailFrom } from "./from.ts";
import type { LineRing } from "./ring.ts";
import { findMoment, momentOf, seekMoment } from "./since.ts";

/** What a place is looked for in. */
export interface StartView {
  readonly run: string;
  readonly startSeq: number;
  readonly ring: LineRing;
  readonly history: ((fromSeq: number) => LogReader) | undefined;
}

/** The part of a run's name that names its log; what follows names the run. */
export const LOG_ID_LENGTH = 16;

/** Finds where a reader begins. */
export function startOf(from: TailFrom, view: StartView): CursorStart {
  const { ring, run } = view;
  if (from === "live") return { seq: ring.nextSeq };
  if (from === "kept") return { seq: ring.firstSeq };
  if ("last" in from) return lastRecords(from.last, view);
  if ("since" in from) return sinceMoment(from.since, view);
  const seq = Math.max(from.seq, oldestOf(view));
  if (from.run !== undefined && from.run !== run) return afterRestart(from.run, seq, view);
  return { seq: Math.min(seq, ring.nextSeq) };
}

/** No record has ever had a lower number: a log numbers from 1 on. What was there and is gone is a gap. */
function oldestOf({ startSeq }: StartView): number {
  return Math.min(1, startSeq);
}

/** How much of a log is left the reader of history will find out. */
function lastRecords(n: number, view: StartView): CursorStart {
  const { ring, history } = view;
  const oldest = history === undefined ? ring.firstSeq : oldestOf(view);
  return { seq: Math.max(oldest, ring.nextSeq - n), lenient: true };
}

/** History is asked only when all that the ring keeps is at that time or later. */
function sinceMoment(since: number, { ring, history }: StartView): CursorStart {
  const moment = momentOf(since);
  const { index, isAfterStart } = findMoment(ring.kept(), moment);
  const seq = ring.firstSeq + index;
  if (history === undefined || isAfterStart) return { seq };
  return { seq, lenient: true, search: (reader) => seekMoment(reader, moment, 0, seq) };
}

/**
 * The reader's place is of another run. Of the same log: go on, and tell what it saw that the log did
 * not keep, for those numbers are in use again. Of another log: begin with this run.
 */
function afterRestart(run: string, seq: number, view: StartView): CursorStart {
  const { startSeq } = view;
  const sameLog = run.slice(0, LOG_ID_LENGTH) === view.run.slice(0, LOG_ID_LENGTH);
  if (sameLog && seq <= startSeq) return { seq };
  const count = sameLog ? seq - startSeq : 0;
  const [from, to] = [startSeq, startSeq + count - 1];
  const owed: TailGap = { kind: "gap", from, to, count, reason: "restart" };
  return { seq: startSeq, owed };
}
