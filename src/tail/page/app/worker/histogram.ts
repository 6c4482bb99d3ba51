import { type HistogramData, SEVERITIES } from "../messages.ts";

/** How many buckets there are at most: about as many as a wide screen has room for. */
export const MAX_BUCKETS = 256;
/** The width of a bucket while the rows span little time. */
export const LEAST_WIDTH_MS = 250;
/** Fewer buckets than this in use, and narrower ones would show more. */
const FEW_BUCKETS = MAX_BUCKETS / 8;

/** The part of a bucket that counts a level, by the level's rank. */
function severityOf(level: number): number {
  return level <= 2 ? 0 : level === 3 ? 1 : 2;
}

/**
 * Counts over time that follow rows as they come and leave, each in constant time. A bucket is known by
 * its number, time divided by width, and lies in the cell of that number modulo their count: nothing is
 * moved when the first one leaves. When the span outgrows the buckets, two become one.
 */
export class Histogram {
  #widthMs = LEAST_WIDTH_MS;
  #cells: Uint32Array = new Uint32Array(MAX_BUCKETS * SEVERITIES);
  /** The numbers of the oldest and the newest bucket that are not empty. */
  #first = 0;
  #last = -1;
  /** Changes with the counts. */
  version = 0;

  /** Counts a row; one without a time has no place here. */
  add(time: number, level: number): void {
    if (Number.isNaN(time)) return;
    this.version++;
    let bucket = Math.floor(time / this.#widthMs);
    if (this.#last < this.#first) this.#first = this.#last = bucket;
    while (Math.max(bucket, this.#last) - Math.min(bucket, this.#first) >= MAX_BUCKETS) {
      this.#double();
      bucket = Math.floor(bucket / 2);
    }
    this.#first = Math.min(bucket, this.#first);
    this.#last = Math.max(bucket, this.#last);
    this.#cells[cellOf(bucket) + severityOf(level)]!++;
  }

  /** Counts a row no longer. It must have been added. */
  remove(time: number, level: number): void {
    if (Number.isNaN(time)) return;
    this.version++;
    this.#cells[cellOf(Math.floor(time / this.#widthMs)) + severityOf(level)]!--;
    while (this.#first <= this.#last && this.#isEmpty(this.#first)) this.#first++;
    while (this.#first < this.#last && this.#isEmpty(this.#last)) this.#last--;
  }

  clear(): void {
    this.version++;
    this.#cells.fill(0);
    this.#widthMs = LEAST_WIDTH_MS;
    [this.#first, this.#last] = [0, -1];
  }

  /**
   * Whether so much time has left that all should be counted anew, in narrower buckets. After that it is
   * false until the span is a quarter of what it was, so a pass over the rows is rare.
   */
  get isCoarse(): boolean {
    const inUse = this.#last - this.#first + 1;
    return inUse > 0 && inUse < FEW_BUCKETS && this.#widthMs > LEAST_WIDTH_MS;
  }

  /** The counts as they are now. */
  data(): HistogramData {
    const counts = new Uint32Array(Math.max(0, this.#last - this.#first + 1) * SEVERITIES);
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      const cell = cellOf(bucket);
      counts.set(
        this.#cells.subarray(cell, cell + SEVERITIES),
        (bucket - this.#first) * SEVERITIES,
      );
    }
    return { startMs: this.#first * this.#widthMs, widthMs: this.#widthMs, counts };
  }

  #isEmpty(bucket: number): boolean {
    const cell = cellOf(bucket);
    for (let i = 0; i < SEVERITIES; i++) if (this.#cells[cell + i] !== 0) return false;
    return true;
  }

  /** Two buckets become one. */
  #double(): void {
    const cells = new Uint32Array(this.#cells.length);
    for (let bucket = this.#first; bucket <= this.#last; bucket++) {
      const [from, to] = [cellOf(bucket), cellOf(Math.floor(bucket / 2))];
      for (let i = 0; i < SEVERITIES; i++) cells[to + i]! += this.#cells[from + i]!;
    }
    this.#cells = cells;
    this.#widthMs *= 2;
    this.#first = Math.floor(this.#first / 2);
    this.#last = Math.floor(this.#last / 2);
  }
}

/** Where a bucket's counts begin; times before 1970 have negative numbers. */
function cellOf(bucket: number): number {
  return (((bucket % MAX_BUCKETS) + MAX_BUCKETS) % MAX_BUCKETS) * SEVERITIES;
}
