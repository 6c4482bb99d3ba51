import type { TailBatch, TailLines } from "./lines.ts";
import { offsetOfLine } from "./lines.ts";

/** Tells whether a line, as it stands in the log, is wanted. */
export type TailMatcher = (line: string) => boolean;

/** How a reader says which lines it wants. */
export type TailFilterInput = TailMatcher;

/**
 * The matcher of a filter; undefined if every line is wanted.
 *
 * @throws {TypeError} If it is no filter
 */
export function matcherOf(filter: TailFilterInput | undefined): TailMatcher | undefined {
  if (filter === undefined || typeof filter === "function") return filter;
  throw new TypeError("Invalid filter of a tail: pass a function that takes a line");
}

/** The lines that match, with the numbers they have; undefined if none does. */
export function selectLines(read: TailLines, matches: TailMatcher): TailBatch | undefined {
  const lines = read.lines();
  const hits: number[] = [];
  for (let i = 0; i < lines.length; i++) if (matches(lines[i]!)) hits.push(i);
  if (hits.length === lines.length) return read;
  if (hits.length === 0) return undefined;
  const { kind, from, to, raw } = read;
  return {
    kind,
    from,
    to,
    raw,
    get bytes() {
      return bytesOf(read.bytes, hits);
    },
    lines: () => hits.map((i) => lines[i]!),
    seqAt: (index) => from + (hits[index] ?? NaN),
  };
}

/** Cut out of the bytes, not made of the text: what is no UTF-8 stays as it is. */
function bytesOf(bytes: Uint8Array, hits: readonly number[]): Uint8Array {
  const selected = new Uint8Array(bytes.length);
  let used = 0;
  let at = 0;
  let line = 0;
  for (const hit of hits) {
    const rest = bytes.subarray(at);
    const start = offsetOfLine(rest, hit - line);
    const end = start + offsetOfLine(rest.subarray(start), 1);
    selected.set(rest.subarray(start, end), used);
    used += end - start;
    at += end;
    line = hit + 1;
  }
  return selected.subarray(0, used);
}
