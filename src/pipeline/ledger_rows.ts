import type { Clock } from "../clock.ts";
import type { CursorRow, LogStore } from "../storage/store.ts";

/** A place that no sink asks for is given up after this time. */
const ORPHAN_MS = 7 * 24 * 60 * 60_000;

/** The places of sinks that are not there, which may come back. */
export class OrphanRows {
  readonly #clock: Clock;
  readonly #rows = new Map<string, CursorRow>();

  /** Takes the rows that a log holds; those that its sinks are opened for leave with `delete`. */
  constructor(log: LogStore, clock: Clock) {
    this.#clock = clock;
    for (const row of log.cursors()) this.put(withinLog(row, log.nextSeq));
  }

  /** The places, oldest first. */
  get all(): readonly CursorRow[] {
    return [...this.#rows.values()];
  }

  /** The lowest place; `Infinity` if there is none. */
  get nextSeq(): number {
    return Math.min(...this.all.map((row) => row.nextSeq));
  }

  /** Keeps a place, from now on if it was not kept before. */
  put(row: CursorRow): void {
    this.#rows.set(row.lane, { ...row, orphanedAt: row.orphanedAt ?? this.#clock.now() });
  }

  /** The place is not kept any more. */
  delete(lane: string): void {
    this.#rows.delete(lane);
  }

  /** Gives up those that are too old; answers which. */
  expire(): readonly CursorRow[] {
    const over = this.all.filter((row) => this.#clock.now() - row.orphanedAt! > ORPHAN_MS);
    for (const { lane } of over) this.delete(lane);
    return over;
  }
}

/**
 * A lane's place within a log that ends at `nextSeq`, or the same if it is. What a log lost with its
 * unsynced end is no place to wait at: other records get those numbers, and the lane owes them.
 */
export function withinLog(row: CursorRow, nextSeq: number): CursorRow {
  const ahead = row.nextSeq - nextSeq;
  return ahead <= 0 ? row : { ...row, nextSeq, since: row.since - ahead };
}
