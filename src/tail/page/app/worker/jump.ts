import type { HeldRow } from "./held_row.ts";
import type { Place, TailFeed } from "./tail_feed.ts";
import type { View } from "./view.ts";

/** What a jump tells. */
export interface JumpEvents {
  /** The row is here. */
  found(index: number): void;
  /** What was asked for has come, and the row is not in it. */
  missing(place: Place): void;
}

/** Leads to a record or a moment: among the rows held, or in the log once the server has brought it. */
export class Jump {
  readonly #view: View;
  readonly #feed: TailFeed;
  readonly #events: JumpEvents;
  /** What the server was asked for. */
  #wanted: Place | undefined;

  constructor(view: View, feed: TailFeed, events: JumpEvents) {
    this.#view = view;
    this.#feed = feed;
    this.#events = events;
  }

  /** Goes to a place, now or when its surroundings have come. */
  start(place: Place): "here" | "asked" | "nowhere" {
    this.#wanted = undefined;
    if (this.#feed.canReplay(place)) {
      this.#feed.replay(place);
      this.#wanted = place;
      return "asked";
    }
    const index = this.#indexOf(place);
    if (index === undefined) return "nowhere";
    this.#events.found(index);
    return "here";
  }

  /** Goes to a place that has been asked for already. */
  await(place: Place): void {
    this.#wanted = place;
  }

  /** Looks whether the place has come; to be called when rows have. */
  look(): void {
    const place = this.#wanted;
    if (place === undefined || this.#feed.isReplacing) return;
    const { kind } = this.#feed.link.state;
    const isAll = kind === "live" || kind === "behind";
    const hasCome = "time" in place || this.#feed.seq >= place.seq;
    const index = hasCome || isAll ? this.#indexOf(place) : undefined;
    if (index === undefined && !isAll) return;
    this.#wanted = undefined;
    if (index === undefined) this.#events.missing(place);
    else this.#events.found(index);
  }

  #indexOf(place: Place): number | undefined {
    return "seq" in place ? this.#view.indexOfSeq(place.seq) : indexAt(this.#view, place.time);
  }
}

/** The number of the first row at or after a moment; undefined if all are before it. */
export function indexAt(view: View, time: number): number | undefined {
  return indexWhere(view, (row) => timeOf(row) >= time);
}

/** The number of the first row from one moment up to another, or else of the first one after them. */
export function indexWithin(view: View, from: number, to: number): number | undefined {
  // Where a clock was set back, a later moment may stand before an earlier one.
  const within = indexWhere(view, (row) => timeOf(row) >= from && timeOf(row) < to);
  return within ?? indexAt(view, from);
}

/** The time of the newest row that has one; undefined if none has. */
export function newestTime(view: View): number | undefined {
  for (let index = view.end - 1; index >= view.base; index--) {
    const time = timeOf(view.at(index));
    if (!Number.isNaN(time)) return time;
  }
  return undefined;
}

function indexWhere(view: View, test: (row: HeldRow) => boolean): number | undefined {
  for (let index = view.base; index < view.end; index++) {
    const row = view.at(index);
    if (row !== undefined && test(row)) return index;
  }
  return undefined;
}

/** NaN compares as false with every moment, which is what a row without a time is to do. */
function timeOf(row: HeldRow | undefined): number {
  return row === undefined || row.gap !== undefined ? NaN : row.time;
}
