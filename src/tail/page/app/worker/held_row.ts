import { isLevel, LEVEL_RANK } from "../../../../record/level.ts";
import type { GapRow } from "../messages.ts";
import type { WireGap, WireRecord } from "../wire.ts";
import { lineOf, readLine, timeMs } from "./log_line.ts";

/** A record as the Worker keeps it: its text, and what is asked of it most. */
export interface HeldRecord {
  readonly id: number;
  readonly seq: number;
  readonly line: string;
  /** The rank of its level. */
  readonly level: number;
  /** Unix time in milliseconds; NaN if the record has none. */
  readonly time: number;
  /** Whether the query lets it pass. */
  passes: boolean;
  readonly gap?: undefined;
}

/** A place where records are missing. */
export interface HeldGap {
  readonly id: number;
  readonly seq: number;
  readonly gap: WireGap;
  /** The run whose records they were. */
  readonly run: string;
  fetch: GapRow["fetch"];
}

/** Anything that is kept in the list. */
export type HeldRow = HeldRecord | HeldGap;

let lastId = 0;

/** Keeps a record; a text that is no record of ours counts as `info`. */
export function heldRecord(seq: number, record: WireRecord | string): HeldRecord {
  const line = lineOf(record);
  const time = typeof record === "string" ? readLine(line).time : timeMs(record.time);
  return { id: ++lastId, seq, line, level: rankOf(record), time, passes: true };
}

function rankOf(record: WireRecord | string): number {
  const level = typeof record === "string" ? undefined : record.level;
  return LEVEL_RANK[isLevel(level) ? level : "info"];
}

/** Keeps a gap. */
export function heldGap(gap: WireGap, run: string): HeldGap {
  const fetch = gap.back === true && gap.n > 0 ? "offered" : "none";
  return { id: ++lastId, seq: gap.from, gap, run, fetch };
}
