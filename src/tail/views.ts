import type { TailFace } from "./face.ts";
import { cutLine } from "./face_cut.ts";
import type { TailMatcher } from "./filter_match.ts";
import type { TailLimits } from "./limits.ts";
import type { TailLines } from "./lines.ts";

/** A batch as messages, with what it covers. Shared between clients: never changed. */
export interface TailFrame {
  /** The sequence number of the first record it covers, sent or filtered out. */
  readonly from: number;
  /** The sequence number of the last record it covers. */
  readonly to: number;
  /** Records in it. */
  readonly count: number;
  /** Characters in it. */
  readonly size: number;
  /** The messages. */
  readonly texts: readonly string[];
}

/** One record of a view. */
export interface ViewRow {
  /** Its sequence number. */
  readonly seq: number;
  /** Its form on this face. */
  readonly text: string;
  /** Characters of its line with its end, by which a batch is bounded as a read is: not by its form. */
  readonly size: number;
}

/** What clients see that share filter, face and phase. */
export interface ViewKind {
  /** How it becomes messages. */
  readonly face: TailFace;
  /** Whether it is of the past. */
  readonly replay: boolean;
  /** Names the filter; equal filters have equal keys. */
  readonly filterKey: string;
  /** Which lines pass; all, if undefined. */
  readonly matcher: TailMatcher | undefined;
  /** The bounds of a frame and of a line. */
  readonly limits: TailLimits;
}

/** How many reads a view remembers: clients in step ask for the same one at nearly the same time. */
const REMEMBERED = 4;

/**
 * Lines as frames, evaluated and joined once for all clients that are in step: they read the same lines
 * and get the very same strings. A client that stalls falls out of step, has frames of its own, and is in
 * step again as soon as it has caught up.
 */
export class TailView {
  /** Clients that look at it. */
  users = 0;
  /** Tells views apart. */
  readonly key: string;
  readonly #kind: ViewKind;
  readonly #remembered: { from: number; to: number; frames: readonly TailFrame[] }[] = [];

  readonly #onBuild: () => void;

  constructor(key: string, kind: ViewKind, onBuild: () => void) {
    this.key = key;
    this.#onBuild = onBuild;
    this.#kind = kind;
  }

  /** The lines as frames, in order; one without records if none passes. */
  frames(read: TailLines): readonly TailFrame[] {
    const { from, to } = read;
    const known = this.#remembered.find((seen) => seen.from === from && seen.to === to);
    if (known !== undefined) return known.frames;
    const frames = this.framesOf(this.rows(read), from, to);
    this.#onBuild();
    if (this.users > 1) this.#remembered.push({ from, to, frames });
    if (this.#remembered.length > REMEMBERED) this.#remembered.shift();
    return frames;
  }

  /** The records that pass. */
  rows(read: TailLines): readonly ViewRow[] {
    const { face, matcher, limits } = this.#kind;
    const rows: ViewRow[] = [];
    let seq = read.from;
    for (const whole of read.lines()) {
      if (matcher === undefined || matcher(whole)) {
        const line = cutLine(whole, limits.lineBytes);
        rows.push({ seq, text: face.row(seq, line, read.raw), size: line.length + 1 });
      }
      seq++;
    }
    return rows;
  }

  /** Rows as frames that together cover `from` to `to`, each within the bounds. */
  framesOf(rows: readonly ViewRow[], from: number, to: number): readonly TailFrame[] {
    const { flushBytes, flushRecords } = this.#kind.limits;
    const frames: TailFrame[] = [];
    let [start, first, used] = [0, from, 0];
    for (const [i, { seq, size }] of rows.entries()) {
      const isFull = i - start >= flushRecords || used + size > flushBytes;
      if (isFull && i > start) {
        frames.push(this.#frame(rows.slice(start, i), first, seq - 1));
        [start, first, used] = [i, seq, 0];
      }
      used += size;
    }
    frames.push(this.#frame(start === 0 ? rows : rows.slice(start), first, to));
    return frames;
  }

  #frame(rows: readonly ViewRow[], from: number, to: number): TailFrame {
    const { face, replay } = this.#kind;
    const texts = face.batch(rows.map((row) => row.text), from, to, replay);
    const size = texts.reduce((sum, text) => sum + text.length, 0);
    return { from, to, count: rows.length, size, texts };
  }
}

/** The views of one tail. A view lives as long as a client looks at it. */
export class TailViews {
  /** Reads that were made into frames; all others had been made for somebody else. */
  builds = 0;
  readonly #views = new Map<string, TailView>();

  /** How many there are. */
  get size(): number {
    return this.#views.size;
  }

  /** The view of this kind; give it back with `close`. */
  open(kind: ViewKind): TailView {
    const { face, replay, filterKey, limits } = kind;
    const { lineBytes, flushBytes, flushRecords } = limits;
    const key = JSON.stringify([face.name, replay, filterKey, lineBytes, flushBytes, flushRecords]);
    let view = this.#views.get(key);
    if (view === undefined) {
      view = new TailView(key, kind, () => this.builds++);
      this.#views.set(key, view);
    }
    view.users++;
    return view;
  }

  /** Gives a view back, once. */
  close(view: TailView): void {
    if (--view.users === 0) this.#views.delete(view.key);
  }
}
