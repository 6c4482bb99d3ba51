/** Two marks are at least this far apart: the finest that an age is told. */
const SPACING_MS = 100;
/** Marks that are kept, at most: so many tell a backlog of days to within a hundredth of its age. */
const MOST_MARKS = 256;

/** A record, and when it was accepted. */
interface Mark {
  readonly seq: number;
  readonly atMs: number;
}

/**
 * Tells how long ago a record was accepted, from marks that are set now and then, so that no record pays
 * for it. What is told is at most too high by the distance of two marks: 100 ms, and more for a backlog
 * that is older than 25 seconds.
 */
export class RecordAges {
  #marks: Mark[];

  /** @param openedMs Stands for the time of records that were there before, monotonic */
  constructor(openedMs: number) {
    this.#marks = [{ seq: 0, atMs: openedMs }];
  }

  /** A record was accepted at `atMs`; none is asked for that all of `lanes` have behind them. */
  note(seq: number, atMs: number, lanes: readonly { readonly nextSeq: number }[]): void {
    if (atMs - this.#marks.at(-1)!.atMs < SPACING_MS) return;
    this.#marks.push({ seq, atMs });
    const floor = lanes.reduce((lowest, { nextSeq }) => Math.min(lowest, nextSeq), Infinity);
    const first = this.#marks.findIndex((mark) => mark.seq > floor);
    // The newest mark that is not above stands for those between.
    if (first > 1) this.#marks.splice(0, first - 1);
    for (let ms = 2 * SPACING_MS; this.#marks.length > MOST_MARKS; ms *= 2) this.#thin(ms);
  }

  /** Leaves out marks that stand closer to the one before, so that no age becomes wrong by more. */
  #thin(spacingMs: number): void {
    let kept = this.#marks[0]!;
    this.#marks = this.#marks.filter((mark) => {
      if (mark !== kept && mark.atMs - kept.atMs < spacingMs) return false;
      kept = mark;
      return true;
    });
  }

  /** When the record was accepted, monotonic; one of an earlier run counts from the opening. */
  acceptedMs(seq: number): number {
    return (this.#marks.findLast((mark) => mark.seq <= seq) ?? this.#marks[0]!).atMs;
  }
}
