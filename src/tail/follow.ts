import type { TailCursor, TailGap } from "./cursor.ts";
import type { TailBatch } from "./lines.ts";
import { selectLines, type TailMatcher } from "./matching.ts";
import type { Turns } from "./turns.ts";

/** A cursor that is read to the end and beyond, by a stream or for a subscriber. */
export interface Follow {
  readonly cursor: TailCursor;
  /** Which lines are wanted; all if undefined. */
  readonly matches: TailMatcher | undefined;
  readonly turns: Turns;
  /** Aborted when nobody reads any more. */
  readonly signal: AbortSignal;
  /** The most bytes in one batch. */
  readonly maxBytes?: number | undefined;
  /** Whether nothing more comes to the tail. */
  isClosed(): boolean;
}

/** Lines that match or a gap, waiting for them; undefined at the end, or when nobody reads any more. */
export async function nextMatching(follow: Follow): Promise<TailBatch | TailGap | undefined> {
  const { cursor, matches, turns, signal } = follow;
  while (!signal.aborted) {
    const read = await cursor.next(follow.maxBytes);
    if (read.kind === "gap") return read;
    if (read.kind === "lines") {
      const batch = matches === undefined ? read : selectLines(read, matches);
      if (batch !== undefined) return batch;
      if (turns.isOver) await turns.next();
    } else {
      if (follow.isClosed()) return undefined;
      // An abort is seen by the loop.
      await cursor.wait(signal).catch(() => {});
    }
  }
  return undefined;
}
