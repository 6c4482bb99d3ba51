import type { TailGap } from "./cursor.ts";
import type { TailLines } from "./lines.ts";
import { frame, gapFrame, linesFrame } from "./protocol.ts";

/** How a reader's news become messages; an empty list says nothing. */
export interface TailFace {
  /** Lines, replayed or live. */
  lines(read: TailLines, replay: boolean): readonly string[];
  /** Records that do not come. */
  gap(gap: TailGap): readonly string[];
  /** Replay is done. */
  live(seq: number): readonly string[];
  /** Nothing has happened for a while. */
  heartbeat(last: number, lag: number): readonly string[];
}

/** One line a message, for a client of a few lines; a gap is a JSON object with the key `$`. */
export const plainFace: TailFace = {
  lines: (read) => read.lines(),
  gap: (gap) => [controlLine(gap)],
  live: () => [],
  heartbeat: () => [],
};

/** The messages of protocol version 1. */
export const protocolFace: TailFace = {
  lines: (read, replay) => [linesFrame(read, replay ? "r" : "l")],
  gap: (gap) => [gapFrame(gap)],
  live: (seq) => [frame({ t: "live", seq })],
  heartbeat: (last, lag) => [frame({ t: "hb", last, lag })],
};

/** Newline-delimited JSON: each message is a piece of the stream; a blank line is the heartbeat. */
export const ndjsonFace: TailFace = {
  lines: (read) => [ndjson(read)],
  gap: (gap) => [controlLine(gap) + "\n"],
  live: () => [],
  heartbeat: () => ["\n"],
};

function controlLine({ from, to, count, reason }: TailGap): string {
  return JSON.stringify({ $: "gap", from, to, n: count, why: reason });
}

function ndjson(read: TailLines): string {
  const lines = read.lines();
  const records = read.raw ? lines.map((msg) => JSON.stringify({ msg })) : lines;
  return records.join("\n") + "\n";
}
