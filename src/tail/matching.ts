import { filterKey, readFilter, type TailFilter } from "./filter.ts";
import { createMatcher, type TailMatcher } from "./filter_match.ts";
import type { TailBatch, TailLines } from "./lines.ts";
import { offsetOfLine } from "./lines.ts";
import { parseQuery } from "./query.ts";

export type { TailMatcher } from "./filter_match.ts";

/**
 * How a reader says which lines it wants: by a query line such as `timeout -healthz level>=warn`, by a
 * filter, or by a function of the line.
 */
export type TailFilterInput = string | TailFilter | TailMatcher;

/**
 * The matcher of a filter; undefined if every line is wanted.
 *
 * @throws {FilterError} If a query line or a filter is none; a query line with the column
 */
export function matcherOf(input: TailFilterInput | undefined): TailMatcher | undefined {
  if (input === undefined || typeof input === "function") return input;
  const filter = typeof input === "string" ? parseQuery(input) : readFilter(input);
  return filterKey(filter) === "" ? undefined : createMatcher(filter);
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
