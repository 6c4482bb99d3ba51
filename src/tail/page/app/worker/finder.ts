import type { FindState } from "../messages.ts";
import { readLine, searchText } from "./log_line.ts";
import type { View } from "./view.ts";

/** How long the search works before messages get their turn. */
const SLICE_MS = 12;

/** Finds a text in all rows of a view, a slice of time at a time, and goes on with new rows. */
export class Finder {
  readonly text: string;
  readonly #view: View;
  readonly #needle: string;
  readonly #exact: boolean;
  /** A text of letters and digits stands in a line as it is: no line without it needs a closer look. */
  readonly #isWord: boolean;
  #hits: number[] = [];
  #head = 0;
  #next: number;
  #version: number;
  #at = -1;

  constructor(view: View, text: string) {
    this.#view = view;
    this.text = text;
    this.#exact = text !== text.toLowerCase();
    this.#needle = text;
    this.#isWord = /^[\w ]+$/.test(text);
    this.#next = view.base;
    this.#version = view.version;
  }

  get done(): boolean {
    return this.#version === this.#view.version && this.#next >= this.#view.end;
  }

  /** Looks on for a while; true when it has seen everything. */
  work(): boolean {
    this.#keepUp();
    const until = performance.now() + SLICE_MS;
    while (this.#next < this.#view.end) {
      if (this.isHit(this.#next)) this.#hits.push(this.#next);
      this.#next++;
      if ((this.#next & 63) === 0 && performance.now() > until) return false;
    }
    return true;
  }

  isHit(index: number): boolean {
    const row = this.#view.at(index);
    if (row === undefined || row.gap !== undefined) return false;
    if (this.#isWord && !this.#has(row.line)) return false;
    return this.#has(searchText(readLine(row.line)));
  }

  /**
   * The hit to go to: the newest one at or before `near` for a first look, otherwise the one before or
   * behind the current; it goes round at the ends.
   */
  step(step: 0 | 1 | -1, near: number): number | undefined {
    this.#keepUp();
    const count = this.#hits.length - this.#head;
    if (count === 0) return undefined;
    const current = this.#at === -1 || step === 0 ? this.#before(near) : this.#before(this.#at);
    const isHere = this.#hits[current] === (this.#at === -1 || step === 0 ? near : this.#at);
    const moved = step === 0 ? current : step === 1 ? current + 1 : isHere ? current - 1 : current;
    const round = ((moved - this.#head) % count + count) % count;
    this.#at = this.#hits[this.#head + round] ?? -1;
    return this.#at;
  }

  state(): FindState {
    this.#keepUp();
    const at = this.#at === -1 ? 0 : this.#before(this.#at) - this.#head + 1;
    return { text: this.text, count: this.#hits.length - this.#head, at, done: this.done };
  }

  /** The place in the list of the newest hit that is not behind `index`. */
  #before(index: number): number {
    let low = this.#head;
    let high = this.#hits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#hits[middle] ?? 0) <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #has(text: string): boolean {
    return (this.#exact ? text : text.toLowerCase()).includes(this.#needle);
  }

  /** Begins again when rows were given new numbers, and lets go of those that have left. */
  #keepUp(): void {
    if (this.#version !== this.#view.version) {
      this.#version = this.#view.version;
      this.#hits = [];
      this.#head = 0;
      this.#at = -1;
      this.#next = this.#view.base;
    }
    this.#next = Math.max(this.#next, this.#view.base);
    while ((this.#hits[this.#head] ?? Infinity) < this.#view.base) this.#head++;
    if (this.#at < this.#view.base) this.#at = -1;
  }
}
