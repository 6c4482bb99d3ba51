import type { Snapshot } from "../messages.ts";
import { RowHeights } from "./row_heights.ts";

/** Scrolled up by more than this, the reader wants to read. */
const UP_PX = 5;
/** This close to the end is the end. */
const END_PX = 3;

/** What the button that leads back to the end covers. */
const FOOT_PX = 56;

/** The elements of the list. */
export interface ListElements {
  readonly viewport: HTMLElement;
  /** As high as all rows together. */
  readonly spacer: HTMLElement;
  /** Holds the few rows there are, moved to their place. */
  readonly layer: HTMLElement;
}

/** What the scroller tells. */
export interface ScrollEvents {
  /** Other rows are in sight. */
  sight(start: number, end: number): void;
  /** The reader left the end, or came back to it. */
  follow(on: boolean): void;
}

/**
 * Keeps a long list in its place: at the end while it follows, otherwise with the row at the top where
 * it is, whatever leaves, comes or changes its height.
 */
export class Scroller {
  readonly #elements: ListElements;
  readonly #events: ScrollEvents;
  #heights: RowHeights;
  #wraps = false;
  #base = 0;
  #count = 0;
  #version = 0;
  /** Where we scrolled to, to tell our own scrolling from the reader's. */
  #top = 0;
  #anchor = { index: 0, offset: 0 };
  #sight = "";
  following = true;
  /** Whether reaching the end does not follow: the reader paused by hand. */
  isHeld = false;

  constructor(elements: ListElements, events: ScrollEvents, rowHeight: number) {
    this.#elements = elements;
    this.#events = events;
    this.#heights = new RowHeights(rowHeight);
    elements.viewport.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(elements.viewport);
  }

  /** The row at the top, and how far above the edge it begins. */
  get anchor(): { readonly index: number; readonly offset: number } {
    return this.#anchor;
  }

  /** The numbers of the rows in sight, the end excluded. */
  get range(): readonly [start: number, end: number] {
    const { scrollTop, clientHeight } = this.#elements.viewport;
    const end = this.#base + this.#count;
    const last = this.#heights.at(this.#base, end, scrollTop + clientHeight);
    return [this.#heights.at(this.#base, end, scrollTop), Math.min(end, last + 1)];
  }

  /** Lines wrap now, or no longer do: all heights are forgotten. */
  setWrap(wraps: boolean): void {
    this.#wraps = wraps;
    this.#heights = new RowHeights(this.#heights.usual);
  }

  /** Puts freshly drawn rows in their place. The one time a frame that the page's layout is written. */
  place({ version, base, count, start }: Snapshot): void {
    if (version !== this.#version) this.setWrap(this.#wraps);
    this.#version = version;
    this.#base = base;
    this.#count = count;
    this.#heights.forgetBelow(base);
    this.#measure(start);
    this.#layOut(start);
    if (this.following) this.#scrollTo(Infinity);
    else this.#restore();
    this.#tellSight();
  }

  /** Brings a row into sight, `offset` pixels below the top edge. */
  show(index: number, offset: number = this.#elements.viewport.clientHeight / 3): void {
    this.#anchor = { index, offset: -offset };
    this.#restore();
    this.#tellSight();
  }

  /** Moves up just so far that a row that grew is in sight down to its end, or fills the view. */
  reveal(index: number): void {
    const { clientHeight } = this.#elements.viewport;
    const top = this.#heights.between(this.#base, index) - this.#top;
    const below = top + this.#heights.get(index) + FOOT_PX - clientHeight;
    if (below > 0) this.show(index, Math.max(0, top - below));
  }

  /** Follows the newest row. */
  toEnd(): void {
    this.following = true;
    this.#scrollTo(Infinity);
    this.#tellSight();
  }

  /** Moves by about a screen, or to the oldest row. */
  scrollBy(px: number): void {
    this.#elements.viewport.scrollBy(0, px);
  }

  #measure(start: number): void {
    let index = start;
    for (const row of this.#elements.layer.children) {
      // A row that does not wrap and is not unfolded has the usual height: asking would cost a layout.
      const isUsual = !this.#wraps && !row.classList.contains("open");
      const height = isUsual ? this.#heights.usual : (row as HTMLElement).offsetHeight;
      this.#heights.set(index++, height);
    }
  }

  #layOut(start: number): void {
    const { spacer, layer } = this.#elements;
    const height = this.#heights.between(this.#base, this.#base + this.#count);
    spacer.style.height = `${height}px`;
    layer.style.transform = `translateY(${this.#heights.between(this.#base, start)}px)`;
  }

  #restore(): void {
    const index = Math.max(this.#anchor.index, this.#base);
    const offset = index === this.#anchor.index ? this.#anchor.offset : 0;
    this.#scrollTo(this.#heights.between(this.#base, index) + offset);
  }

  #scrollTo(top: number): void {
    const { viewport } = this.#elements;
    const most = Math.max(0, viewport.scrollHeight - viewport.clientHeight);
    const wanted = Math.min(Math.max(0, top), most);
    if (Math.abs(viewport.scrollTop - wanted) >= 1) viewport.scrollTop = wanted;
    this.#top = viewport.scrollTop;
    if (this.following) this.#keepAnchor();
  }

  #scrolled(): void {
    const { viewport } = this.#elements;
    const top = viewport.scrollTop;
    const moved = top - this.#top;
    this.#top = top;
    if (Math.abs(moved) < 1) return;
    const fromEnd = viewport.scrollHeight - top - viewport.clientHeight;
    if (this.following && moved < -UP_PX && fromEnd > UP_PX) this.#setFollow(false);
    else if (!this.following && moved > 0 && fromEnd < END_PX && !this.isHeld) {
      this.#setFollow(true);
    }
    this.#keepAnchor();
    this.#tellSight();
  }

  #resized(): void {
    if (this.following) this.#scrollTo(Infinity);
    this.#tellSight();
  }

  #setFollow(on: boolean): void {
    this.following = on;
    this.#events.follow(on);
  }

  #keepAnchor(): void {
    const index = this.#heights.at(this.#base, this.#base + this.#count, this.#top);
    this.#anchor = { index, offset: this.#top - this.#heights.between(this.#base, index) };
  }

  #tellSight(): void {
    const [start, end] = this.range;
    const sight = this.following ? `end ${end - start}` : `${start} ${end} ${this.#version}`;
    if (sight === this.#sight) return;
    this.#sight = sight;
    this.#events.sight(start, end);
  }
}
