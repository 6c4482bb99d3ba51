import { type InspectedCursor, inspectLog } from "../wal/inspect.ts";
import { readLetters } from "./dlq_folder.ts";
import { findLogs } from "./wal_folder.ts";

/** The name of the log of dead letters beside the records. */
const LETTERS = "dead-letters";

/** What the folder of a log tells of its pipeline. */
export interface FolderStats {
  /** How messages call the folder. */
  readonly label: string;
  /** The oldest record, and the number after the newest. */
  readonly sequence: { readonly first: number; readonly next: number; readonly durable: number };
  /** Bytes, segments, and records from the oldest to the newest. */
  readonly log: { readonly bytes: number; readonly segments: number; readonly entries: number };
  /** What is damaged, a sentence each. */
  readonly damage: readonly string[];
  /** Each sink's place and counts, as they were stored last. */
  readonly lanes: Readonly<Record<string, FolderLane>>;
  /** Dead letters held; in all, and by sink. */
  readonly deadLetters: {
    readonly held: number;
    readonly lanes: Readonly<Record<string, number>>;
  };
}

/** One sink as the folder tells of it. */
export interface FolderLane extends Omit<InspectedCursor, "checkpoint" | "lag"> {
  /** Records in the log that it has yet to settle. */
  readonly pending: number;
}

/**
 * Reads the figures that a folder holds, without its lock and without a change.
 *
 * @throws {UsageError} If there is no log, or it cannot be read
 */
export async function folderStats(folder: string): Promise<FolderStats> {
  const { store, inner } = findLogs(folder);
  const { label, firstSeq, nextSeq, durableSeq, bytes, segments, cursors, damage } =
    await inspectLog(store);
  const lanes = cursors.map(({ checkpoint: _, lag, ...row }): [string, FolderLane] => [
    row.lane,
    { ...row, pending: lag },
  ]);
  return {
    label,
    sequence: { first: firstSeq, next: nextSeq, durable: durableSeq },
    log: { bytes, segments: segments.length, entries: nextSeq - firstSeq },
    damage,
    lanes: Object.fromEntries(lanes),
    deadLetters: inner.has(LETTERS) ? await heldIn(folder) : { held: 0, lanes: {} },
  };
}

async function heldIn(folder: string): Promise<FolderStats["deadLetters"]> {
  const letters = await readLetters(folder);
  const lanes: Record<string, number> = {};
  for (const { lane } of letters) lanes[lane] = (lanes[lane] ?? 0) + 1;
  return { held: letters.length, lanes };
}
