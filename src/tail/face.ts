import { frame, gapFrame, rowsFrame, type ToldGap, wireRow } from "./protocol.ts";

/** What a heartbeat tells. */
export interface Heartbeat {
  /** The sequence number of the newest record. */
  readonly last: number;
  /** Records that were not sent yet. */
  readonly lag: number;
  /** Records sent. */
  readonly sent: number;
  /** Records that a skip or a sample left out. */
  readonly skipped: number;
}

/** How news become messages of a socket; an empty list says nothing. */
export interface TailFace {
  /** Tells faces apart. */
  readonly name: string;
  /** One record as it stands in a batch. */
  row(seq: number, line: string, raw: boolean): string;
  /** Rows, replayed or live; from `from` to `to` there are no others. */
  batch(rows: readonly string[], from: number, to: number, replay: boolean): readonly string[];
  /** Records that do not come; `back` says whether they may still be fetched. */
  gap(gap: ToldGap, back: boolean): readonly string[];
  /** Replay is done. */
  live(seq: number): readonly string[];
  /** Still here. */
  heartbeat(beat: Heartbeat): readonly string[];
}

/**
 * One line a message, for a client of a few lines: nothing is joined, so 10,000 lines are 10,000
 * messages. A gap is a JSON object with the key `$`.
 */
export const plainFace: TailFace = {
  name: "plain",
  row: (_seq, line) => line,
  batch: (rows) => rows,
  gap: (gap) => [controlLine(gap)],
  live: () => [],
  heartbeat: () => [],
};

/** The messages of protocol version 1. */
export const protocolFace: TailFace = {
  name: "v1",
  row: wireRow,
  batch: (rows, from, to, replay) => [rowsFrame(replay ? "r" : "l", from, to, rows)],
  gap: (gap, back) => [gapFrame(gap, back)],
  live: (seq) => [frame({ t: "live", seq })],
  heartbeat: (beat) => [frame({ t: "hb", ...beat })],
};

/** A gap for clients that read lines: an object that has the key `$`. */
export function controlLine({ from, to, count, reason }: ToldGap): string {
  return JSON.stringify({ $: "gap", from, to, n: count, why: reason });
}
