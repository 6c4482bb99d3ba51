const BLOCK = 512;

/**
 * How high each row of a long list is, and where it begins. Every row has the usual height until it was
 * measured. Sums are kept a block of 512 rows at a time, so that neither 200,000 rows nor a change in
 * the midst of them costs more than some hundred additions.
 */
export class RowHeights {
  readonly usual: number;
  /** What the rows of a block are higher than usual, each and together. */
  readonly #blocks = new Map<number, { readonly more: Float64Array; sum: number }>();

  constructor(usual: number) {
    this.usual = usual;
  }

  get(index: number): number {
    return this.usual + (this.#blocks.get(Math.floor(index / BLOCK))?.more[index % BLOCK] ?? 0);
  }

  /** Takes a measured height; true if it is news. */
  set(index: number, height: number): boolean {
    const key = Math.floor(index / BLOCK);
    const more = height - this.usual;
    let block = this.#blocks.get(key);
    if (block === undefined) {
      if (more === 0) return false;
      block = { more: new Float64Array(BLOCK), sum: 0 };
      this.#blocks.set(key, block);
    }
    const before = block.more[index % BLOCK] ?? 0;
    if (before === more) return false;
    block.more[index % BLOCK] = more;
    block.sum += more - before;
    return true;
  }

  /** Forgets rows below `index`, a block at a time. */
  forgetBelow(index: number): void {
    for (const key of this.#blocks.keys()) if ((key + 1) * BLOCK <= index) this.#blocks.delete(key);
  }

  /** The height of the rows from `start` up to `end`, that one excluded. */
  between(start: number, end: number): number {
    if (end <= start) return 0;
    let height = (end - start) * this.usual;
    for (const [key, { more, sum }] of this.#blocks) {
      const first = key * BLOCK;
      if (first >= start && first + BLOCK <= end) height += sum;
      else {
        const from = Math.max(start, first);
        const to = Math.min(end, first + BLOCK);
        for (let i = from; i < to; i++) height += more[i - first] ?? 0;
      }
    }
    return height;
  }

  /** The row at a height above the top of row `start`, at most `end`. */
  at(start: number, end: number, height: number): number {
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.between(start, middle) <= height) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
