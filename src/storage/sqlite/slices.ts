/** A run of rows that goes as a whole. */
export interface Slice {
  /** The sequence number of its first row. */
  readonly first: number;
  /** Bytes of its rows, with what SQLite adds to each. */
  bytes: number;
  /** When it was begun, milliseconds since 1970. */
  readonly createdMs: number;
}

/** What SQLite adds to a row: its cell, its number, and its share of a page. */
const ROW_OVERHEAD_BYTES = 14;

/** What rows of these lines, LF included, take in the file. */
export function rowBytes(lineBytes: number, count: number): number {
  return lineBytes + count * ROW_OVERHEAD_BYTES;
}
