import type { HeldRow } from "./held_row.ts";
import { Histogram } from "./histogram.ts";
import { RowStore } from "./row_store.ts";

/** What decides whether a line is shown; never throws. */
export type LineMatcher = (line: string) => boolean;

const LEVEL_COUNT = 6;
const COMPACT = 20_000;

/**
 * The rows that are held, and those of them that query and level chips let pass. Rows of the view have
 * numbers that stay theirs while old ones leave; `version` changes when all numbers change.
 */
export class View {
  /** The rows that are shown, counted over time. */
  readonly histogram: Histogram = new Histogram();
  readonly #store: RowStore;
  #matcher: LineMatcher | undefined;
  #levels: readonly boolean[] = new Array<boolean>(LEVEL_COUNT).fill(true);
  #shown: HeldRow[] = [];
  #head = 0;
  #base = 0;
  #gaps = 0;
  /** Rows that the query lets pass, by level. */
  #counts: number[] = new Array<number>(LEVEL_COUNT).fill(0);
  version = 1;

  constructor(store: RowStore = new RowStore()) {
    this.#store = store;
  }

  /** The number of the oldest row. */
  get base(): number {
    return this.#base;
  }

  /** One more than the number of the newest row. */
  get end(): number {
    return this.#base + this.#shown.length - this.#head;
  }

  get count(): number {
    return this.end - this.#base;
  }

  get held(): number {
    return this.#store.size;
  }

  /** Whether so many more rows, of so many characters together, would push the oldest out. */
  isFullWith(rows: number, chars: number): boolean {
    return this.#store.isFullWith(rows, chars);
  }

  get oldest(): HeldRow | undefined {
    return this.#store.oldest;
  }

  /** The time of the oldest row held that has one; undefined if none has. */
  get oldestTime(): number | undefined {
    for (const row of this.#store) {
      if (row.gap === undefined && !Number.isNaN(row.time)) return row.time;
    }
    return undefined;
  }

  get levelCounts(): readonly number[] {
    return this.#counts;
  }

  /** Records held that are not shown. */
  get hidden(): number {
    return this.#store.size - this.count;
  }

  /** Records shown, gaps not counted. */
  get records(): number {
    return this.count - this.#gaps;
  }

  at(index: number): HeldRow | undefined {
    return index < this.#base ? undefined : this.#shown[this.#head + index - this.#base];
  }

  /** Takes a row in; true if it is shown. */
  push(row: HeldRow): boolean {
    this.#store.push(row);
    const shown = this.#judge(row);
    if (shown) this.#show(row);
    for (let old = this.#store.evict(); old !== undefined; old = this.#store.evict()) {
      this.#forget(old);
    }
    return shown;
  }

  setQuery(matcher: LineMatcher | undefined): void {
    this.#matcher = matcher;
    this.#rebuild();
  }

  setLevels(levels: readonly boolean[]): void {
    this.#levels = levels;
    this.#rebuild();
  }

  /** Puts fetched rows where a gap was. */
  fill(id: number, rows: readonly HeldRow[]): void {
    if (this.#store.replace(id, rows)) this.#rebuild();
    for (let old = this.#store.evict(); old !== undefined; old = this.#store.evict()) {
      this.#forget(old);
    }
  }

  clear(): void {
    this.#store.clear();
    this.#rebuild();
  }

  /**
   * The number of the row with this id, or of the next one that is shown if it is not; undefined if
   * neither is here.
   */
  indexOf(id: number): number | undefined {
    let passed = false;
    let index = this.#base;
    for (const row of this.#store) {
      passed ||= row.id === id;
      const isShown = this.at(index)?.id === row.id;
      if (passed && isShown) return index;
      if (isShown) index++;
    }
    return passed && index > this.#base ? index - 1 : undefined;
  }

  /** The number of the first row at or behind a sequence number of the newest run. */
  indexOfSeq(seq: number): number | undefined {
    for (let index = this.end - 1; index >= this.#base; index--) {
      if ((this.at(index)?.seq ?? 0) <= seq) return index;
    }
    return undefined;
  }

  /** Counts over time anew when the rows span so little of it that narrower buckets show more. */
  refineHistogram(): void {
    if (!this.histogram.isCoarse) return;
    this.histogram.clear();
    for (let i = this.#head; i < this.#shown.length; i++) this.#count(this.#shown[i] as HeldRow);
  }

  #judge(row: HeldRow): boolean {
    if (row.gap !== undefined) return true;
    row.passes = this.#matcher?.(row.line) ?? true;
    if (row.passes) this.#counts[row.level]!++;
    return row.passes && (this.#levels[row.level] ?? true);
  }

  #show(row: HeldRow): void {
    this.#shown.push(row);
    if (row.gap !== undefined) this.#gaps++;
    this.#count(row);
  }

  #count(row: HeldRow): void {
    if (row.gap === undefined) this.histogram.add(row.time, row.level);
  }

  #forget(row: HeldRow): void {
    if (row.gap === undefined && row.passes) this.#counts[row.level]!--;
    if (this.#shown[this.#head]?.id !== row.id) return;
    if (row.gap !== undefined) this.#gaps--;
    else this.histogram.remove(row.time, row.level);
    this.#head++;
    this.#base++;
    if (this.#head < COMPACT) return;
    this.#shown = this.#shown.slice(this.#head);
    this.#head = 0;
  }

  #rebuild(): void {
    this.version++;
    this.#shown = [];
    this.#head = this.#base = this.#gaps = 0;
    this.#counts.fill(0);
    this.histogram.clear();
    for (const row of this.#store) if (this.#judge(row)) this.#show(row);
  }
}
