/** The lines that the bench writes, and how a client reads them back. */

/** Bytes of a line, without LF. */
export const LINE_BYTES = 145;

const FILLER = "GET /api/orders/4711 200 12ms user=42 ".repeat(4);
const EQUALS = 61;
const SPACE = 32;
const ZERO = 48;

/** Microseconds since 1970 that never run backwards: the same in every process of a machine. */
export function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** A line that says its number and when it was due, in microseconds since 1970. */
export function lineOf(seq: number, dueUs: number): string {
  const head = `seq=${seq} due=${dueUs} `;
  return head + FILLER.slice(0, LINE_BYTES - head.length);
}

/** What a line says of itself. */
export interface LineStamp {
  /** Its number. */
  readonly seq: number;
  /** When it was due, in microseconds since 1970. */
  readonly dueUs: number;
}

/** Reads what the line says that begins at `at`. */
export function stampOf(bytes: Uint8Array, at: number): LineStamp {
  const first = numberBehindEquals(bytes, at);
  return { seq: first.value, dueUs: numberBehindEquals(bytes, first.end).value };
}

function numberBehindEquals(bytes: Uint8Array, at: number): { value: number; end: number } {
  let end = bytes.indexOf(EQUALS, at) + 1;
  let value = 0;
  while (bytes[end] !== SPACE) value = value * 10 + bytes[end++]! - ZERO;
  return { value, end };
}
