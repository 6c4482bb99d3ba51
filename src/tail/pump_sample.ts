import type { ViewRow } from "./views.ts";

/** The part of a second that is sampled at once: the choice is among what came in it. */
const WINDOW = 0.25;

/** A record of a sample. */
export interface SampledRow extends ViewRow {
  /** How many records were offered before it. */
  readonly index: number;
}

/** A finished sample. */
export interface Sample {
  /** The sequence number of the first record that was looked at. */
  readonly from: number;
  /** Records chosen, in order. */
  readonly rows: readonly SampledRow[];
  /** Records offered. */
  readonly seen: number;
}

/**
 * At most `rate` records a second, each with the same chance. While no more come, all pass at once.
 * Otherwise what came in a quarter of a second is sampled with Algorithm R (Vitter, "Random Sampling with
 * a Reservoir", 1985): one pass, memory for the chosen ones only.
 */
export class Sampler {
  readonly #rate: number;
  readonly #random: () => number;
  #tokens: number;
  #filledAt: number;
  #gathering: { readonly from: number; readonly until: number; readonly room: number } | undefined;
  #chosen: SampledRow[] = [];
  #seen = 0;

  constructor(rate: number, random: () => number, now: number) {
    this.#rate = rate;
    this.#random = random;
    this.#tokens = rate;
    this.#filledAt = now;
  }

  /** The last sequence number of the sample under way; undefined between samples. */
  get until(): number | undefined {
    return this.#gathering?.until;
  }

  /** The first sequence number of the sample under way; undefined between samples. */
  get from(): number | undefined {
    return this.#gathering?.from;
  }

  /** What to do about `lag` records from `seq` on. */
  next(seq: number, lag: number, now: number): "pass" | "wait" | "gather" {
    if (this.#gathering !== undefined) return "gather";
    this.#tokens = Math.min(this.#rate, this.#tokens + this.#rate * (now - this.#filledAt) / 1000);
    this.#filledAt = now;
    if (lag <= this.#tokens) return "pass";
    if (this.#tokens < Math.max(1, this.#rate * WINDOW)) return "wait";
    this.#gathering = { from: seq, until: seq + lag - 1, room: Math.floor(this.#tokens) };
    return "gather";
  }

  /** Records were sent. */
  spend(count: number): void {
    this.#tokens -= count;
  }

  /** Offers a record to the sample under way. */
  offer(row: ViewRow): void {
    const room = this.#gathering?.room ?? 0;
    const index = this.#seen++;
    const place = index < room ? index : Math.floor(this.#random() * (index + 1));
    if (place < room) this.#chosen[place] = { ...row, index };
  }

  /** Ends the sample under way. */
  finish(): Sample {
    const from = this.#gathering?.from ?? 0;
    const rows = this.#chosen.sort((a, b) => a.index - b.index);
    const seen = this.#seen;
    this.#gathering = undefined;
    this.#chosen = [];
    this.#seen = 0;
    return { from, rows, seen };
  }
}
