import type { HeldRow } from "./held_row.ts";

/** Limits of {@linkcode RowStore}. */
export interface RowLimits {
  readonly maxRows: number;
  /** Characters of all lines together. */
  readonly maxChars: number;
}

/** What the page keeps: 200,000 rows, or fewer long ones. */
export const ROW_LIMITS: RowLimits = { maxRows: 200_000, maxChars: 64 * 1024 * 1024 };

/** When this many rows have left, the array is cut: often enough for memory, seldom enough for time. */
const COMPACT = 20_000;

/** The rows that are kept, oldest first; the oldest leave when a limit is passed. */
export class RowStore {
  readonly #limits: RowLimits;
  #rows: HeldRow[] = [];
  #head = 0;
  #chars = 0;

  constructor(limits: RowLimits = ROW_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#rows.length - this.#head;
  }

  /** Whether so many more rows, of so many characters together, would push the oldest out. */
  isFullWith(rows: number, chars: number): boolean {
    const { maxRows, maxChars } = this.#limits;
    return this.size + rows > maxRows || this.#chars + chars > maxChars;
  }

  get oldest(): HeldRow | undefined {
    return this.#rows[this.#head];
  }

  push(row: HeldRow): void {
    this.#rows.push(row);
    this.#chars += charsOf(row);
  }

  /** Takes the oldest row out if a limit is passed. */
  evict(): HeldRow | undefined {
    const { maxRows, maxChars } = this.#limits;
    if (this.size <= maxRows && (this.#chars <= maxChars || this.size <= 1)) return undefined;
    const row = this.#rows[this.#head++];
    if (row !== undefined) this.#chars -= charsOf(row);
    if (this.#head >= COMPACT) {
      this.#rows = this.#rows.slice(this.#head);
      this.#head = 0;
    }
    return row;
  }

  /** All rows, oldest first. */
  *[Symbol.iterator](): Generator<HeldRow> {
    for (let i = this.#head; i < this.#rows.length; i++) yield this.#rows[i] as HeldRow;
  }

  /** Puts `rows` in the place of one row; false if that has left. */
  replace(id: number, rows: readonly HeldRow[]): boolean {
    const at = this.#rows.findIndex((row, i) => i >= this.#head && row.id === id);
    if (at === -1) return false;
    const old = this.#rows[at] as HeldRow;
    this.#rows = [...this.#rows.slice(this.#head, at), ...rows, ...this.#rows.slice(at + 1)];
    this.#head = 0;
    this.#chars += rows.reduce((sum, row) => sum + charsOf(row), 0) - charsOf(old);
    return true;
  }

  clear(): void {
    this.#rows = [];
    this.#head = 0;
    this.#chars = 0;
  }
}

function charsOf(row: HeldRow): number {
  return row.gap === undefined ? row.line.length : 0;
}
