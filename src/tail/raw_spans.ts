/** What is known of a place among lines. */
export interface RawSpan {
  /** Whether the lines there may be any text; otherwise each is the JSON of a record. */
  readonly raw: boolean;
  /** The position where that changes; Infinity if nowhere. */
  readonly end: number;
}

/**
 * Which lines of a ring may be any text. Records and text mostly come in long stretches, so only the
 * positions where they change are kept: at most one a line.
 */
export class RawSpans {
  /** Absolute positions, in order. */
  #borders: number[] = [];
  #isFirstRaw = false;
  #isLastRaw = false;

  /** The lines from `position` on, which is behind all others, are raw or not. */
  mark(position: number, raw: boolean): void {
    if (raw === this.#isLastRaw) return;
    this.#borders.push(position);
    this.#isLastRaw = raw;
  }

  /** Nothing before `position` is asked for any more. */
  forget(position: number): void {
    if ((this.#borders[0] ?? Infinity) > position) return;
    const passed = this.#countUpTo(position);
    this.#isFirstRaw = this.#isRawBehind(passed);
    this.#borders = this.#borders.slice(passed);
  }

  /** The stretch of equal lines that `position` is in. */
  at(position: number): RawSpan {
    const passed = this.#countUpTo(position);
    return { raw: this.#isRawBehind(passed), end: this.#borders[passed] ?? Infinity };
  }

  #isRawBehind(borders: number): boolean {
    return this.#isFirstRaw !== (borders % 2 === 1);
  }

  /** How many borders are at `position` or before it. */
  #countUpTo(position: number): number {
    let [low, high] = [0, this.#borders.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#borders[middle]! <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
