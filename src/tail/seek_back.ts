import type { Clock } from "../clock.ts";
import type { TailCursor, TailRead } from "./cursor.ts";
import { assertCount, assertSeq } from "./from.ts";
import type { TailMatcher } from "./matching.ts";
import { Turns } from "./turns.ts";

/** How far a search for matching records has come. */
export interface SeekProgress {
  /** Everything from this sequence number on has been looked at. */
  readonly at: number;
  /** Matching records found. */
  readonly found: number;
  /** Whether the search is over. */
  readonly done: boolean;
}

/** Options of {@linkcode Tail.seekBack}. */
export interface SeekBackOptions {
  /** How many matching records are wanted. */
  readonly matches: number;
  /** Tells whether a line is one of them. */
  readonly matcher: TailMatcher;
  /** The most records to look at; all that there are unless given. */
  readonly maxScanned?: number;
  /** Looks only at records below this sequence number; at all of them unless given. */
  readonly before?: number;
  /** Ends the search: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told after each turn of the event loop that the search took, and at its end. */
  readonly onProgress?: (progress: SeekProgress) => void;
}

/** What a search works in. */
export interface SeekView {
  readonly clock: Clock;
  readonly nextSeq: number;
  /** Opens a reader that nobody counts. */
  open(seq: number): TailCursor;
}

const FIRST_WINDOW = 256;
const LAST_WINDOW = 64 * 1024;

/**
 * Scans back in windows that double: a match near the end is found in one small read, and a rare one
 * costs no more than twice what lies behind it. Within a window lines are read in order.
 *
 * @throws {RangeError} If a number is out of range
 */
export async function seekBack(view: SeekView, options: SeekBackOptions): Promise<number> {
  assertCount(options.matches, "matches");
  assertCount(options.maxScanned ?? Infinity, "maxScanned");
  assertSeq(options.before ?? 0, "before");
  return await new BackwardScan(view, options).run();
}

class BackwardScan {
  readonly #view: SeekView;
  readonly #options: SeekBackOptions;
  readonly #turns: Turns;
  /** Everything from here on has been looked at. */
  #at: number;
  #found = 0;
  /** The window in hand: the first record that is there, and the matches so far. */
  #first = 0;
  #hits: number[] = [];

  constructor(view: SeekView, options: SeekBackOptions) {
    this.#view = view;
    this.#options = options;
    this.#turns = new Turns(view.clock);
    this.#at = Math.min(options.before ?? view.nextSeq, view.nextSeq);
  }

  async run(): Promise<number> {
    const { matches, maxScanned = Infinity } = this.#options;
    const floor = Math.max(0, this.#at - maxScanned);
    let isOldest = false;
    for (let size = FIRST_WINDOW; this.#found < matches && this.#at > floor && !isOldest;) {
      const start = Math.max(floor, this.#at - size);
      await this.#scan(start);
      isOldest = this.#first > start;
      this.#endWindow(matches);
      size = Math.min(size * 2, LAST_WINDOW);
    }
    this.#options.onProgress?.({ at: this.#at, found: this.#found, done: true });
    return this.#at;
  }

  /** The place is the oldest match that is wanted; before it, the start of what was looked at. */
  #endWindow(matches: number): void {
    const wanted = matches - this.#found;
    const hits = this.#hits;
    this.#at = hits.length >= wanted ? hits[hits.length - wanted]! : this.#first;
    this.#found += Math.min(wanted, hits.length);
    this.#hits = [];
  }

  async #scan(start: number): Promise<void> {
    this.#options.signal?.throwIfAborted();
    this.#first = start;
    const cursor = this.#view.open(start);
    try {
      await this.#read(cursor);
    } finally {
      cursor.close();
    }
  }

  async #read(cursor: TailCursor): Promise<void> {
    while (cursor.seq < this.#at) {
      const read = await cursor.next();
      this.#options.signal?.throwIfAborted();
      if (read.kind === "end") return;
      this.#look(read, cursor.seq);
      if (this.#turns.isOver) await this.#giveTurn();
    }
  }

  #look(read: Exclude<TailRead, { kind: "end" }>, seq: number): void {
    if (read.kind === "lines") {
      for (const [i, line] of read.lines().entries()) {
        const at = read.seqAt(i);
        if (at < this.#at && this.#options.matcher(line)) this.#hits.push(at);
      }
    } else if (read.reason !== "damaged") {
      // Older ones are gone, so that the window begins here.
      this.#first = Math.min(seq, this.#at);
    }
  }

  async #giveTurn(): Promise<void> {
    const found = this.#found + this.#hits.length;
    this.#options.onProgress?.({ at: this.#at, found, done: false });
    await this.#turns.next();
    this.#options.signal?.throwIfAborted();
  }
}
