import type { TailCursor, TailRead } from "./cursor.ts";
import type { TailFace } from "./face.ts";
import type { TailLimits } from "./limits.ts";
import type { OnSlow, ToldGap } from "./protocol.ts";
import { Sampler } from "./pump_sample.ts";
import type { ClientFilter } from "./session_filter.ts";
import type { TailFrame, TailView, TailViews } from "./views.ts";

/** Where a client reads, and what. */
export interface PlaceOptions {
  /** Taken over and closed. */
  readonly cursor: TailCursor;
  readonly filter: ClientFilter;
  readonly onSlow: OnSlow;
  /** Records a second, in a sample. */
  readonly rate: number;
}

/** What a place is made with beside. */
export interface PlaceSetting {
  readonly views: TailViews;
  readonly face: TailFace;
  readonly limits: TailLimits;
  readonly random: () => number;
}

/** What goes to a client: a batch, or news of records that do not come. */
export type Parcel = TailFrame | ToldGap;

/** A place in the tail: what is read there becomes parcels, by filter, phase and sample. */
export class PumpPlace {
  readonly cursor: TailCursor;
  readonly onSlow: OnSlow;
  readonly #limits: TailLimits;
  readonly #views: TailViews;
  readonly #replay: TailView;
  readonly #live: TailView;
  readonly #sampler: Sampler | undefined;
  #isLive = false;
  /** What was newest at a time: a client that has not come so far is late by the time since. */
  #mark = { seq: 0, at: 0 };

  constructor({ cursor, filter, onSlow, rate }: PlaceOptions, setting: PlaceSetting, now: number) {
    const { views, face, limits, random } = setting;
    const kind = { face, limits, filterKey: filter.key, matcher: filter.matcher };
    this.cursor = cursor;
    this.onSlow = onSlow;
    this.#limits = limits;
    this.#views = views;
    this.#replay = views.open({ ...kind, replay: true });
    this.#live = views.open({ ...kind, replay: false });
    this.#sampler = onSlow === "sample" ? new Sampler(rate, random, now) : undefined;
  }

  /** Whether the present is reached; only then a client can be slow. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** The first record that is not in a parcel yet. */
  get seq(): number {
    return this.#sampler?.from ?? this.cursor.seq;
  }

  /** The present is reached. */
  begin(now: number): void {
    this.#isLive = true;
    this.mark(now);
  }

  /** What comes is of the past again. */
  rewind(): void {
    this.#isLive = false;
  }

  /** The client counts as in time. */
  mark(now: number): void {
    this.#mark = { seq: this.cursor.seq + this.cursor.lag - 1, at: now };
  }

  /** Sees whether the client has come as far as it was marked; to be called when there is news. */
  look(now: number): void {
    if (this.cursor.seq > this.#mark.seq) this.mark(now);
  }

  /** Whether the client is too far behind: by records, or by the time for which it is. */
  isSlow(now: number): boolean {
    if (this.#sampler !== undefined) return false;
    const { skipRecords, skipMs } = this.#limits;
    return this.cursor.lag > skipRecords || now - this.#mark.at > skipMs;
  }

  /** Whether a sample has to gather first. */
  mustWait(now: number): boolean {
    return this.#sampler?.next(this.cursor.seq, this.cursor.lag, now) === "wait";
  }

  /** What was read, as parcels; none while a sample gathers. */
  take(read: TailRead): readonly Parcel[] {
    const sampler = this.#sampler;
    if (sampler?.until === undefined) {
      if (read.kind === "end") return [];
      return read.kind === "gap" ? [read] : (this.#isLive ? this.#live : this.#replay).frames(read);
    }
    if (read.kind === "end") return this.#sampled(sampler, this.cursor.seq - 1);
    if (read.kind === "gap") return [...this.#sampled(sampler, read.from - 1), read];
    for (const row of this.#live.rows(read)) sampler.offer(row);
    return read.to < sampler.until ? [] : this.#sampled(sampler, read.to);
  }

  /** Records were sent. */
  sent(count: number): void {
    if (this.#isLive) this.#sampler?.spend(count);
  }

  /** Gives views and cursor back; the cursor stays open if somebody else goes on with it. */
  close(keepCursor: boolean): void {
    if (!keepCursor) this.cursor.close();
    this.#views.close(this.#replay);
    this.#views.close(this.#live);
  }

  /** The sample that ends at `to`: its batches, each with a gap that counts what is left out of it. */
  #sampled(sampler: Sampler, to: number): readonly Parcel[] {
    const { from, rows, seen } = sampler.finish();
    if (to < from) return [];
    const parcels: Parcel[] = [];
    let [next, counted] = [0, 0];
    for (const frame of this.#live.framesOf(rows, from, to)) {
      parcels.push(frame);
      next += frame.count;
      const upTo = rows[next]?.index ?? seen;
      const count = upTo - counted - frame.count;
      counted = upTo;
      if (count > 0) parcels.push({ from: frame.from, to: frame.to, count, reason: "sampled" });
    }
    return parcels;
  }
}
