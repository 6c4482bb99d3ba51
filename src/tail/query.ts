import { type FilterError, MAX_QUERY, MAX_TERMS, type TailFilter } from "./filter_shape.ts";
import { formatQuery } from "./query_format.ts";
import { QueryScanner } from "./query_scanner.ts";
import { type FilterDraft, readTerm } from "./query_term.ts";

export { formatQuery } from "./query_format.ts";

/** Options of {@linkcode parseQuery}. */
export interface ParseQueryOptions {
  /** The time from which ages count, milliseconds since 1970. @default {Date.now()} */
  readonly now?: number;
}

/**
 * Reads a query line: words and `"several words"` that occur, those behind a `-` that do not, `level>=warn`,
 * `level=warn,error`, `logger:db`, `user.id=42` (also `!=`, `>`, `>=`, `<`, `<=`, `~` for contains),
 * `user.id?` for a field that is there, `since=15m`, `since=2026-11-21T10:00` (UTC unless it has a zone)
 * and `/pattern/i`. All of it has to hold. A name in quotes is always that of a field.
 *
 * @throws {FilterError} If it cannot be understood; the sentence and `column` tell where
 *
 * @example
 * ```ts ignore
 * parseQuery('timeout -healthz level>=warn user.id=42');
 * ```
 */
export function parseQuery(text: string, options: ParseQueryOptions = {}): TailFilter {
  const scanner = new QueryScanner(text);
  if (text.length > MAX_QUERY) throw tooLong(scanner);
  const draft: FilterDraft = { text: [], not: [], fields: [], source: [], patterns: [] };
  while (scanner.next()) {
    const start = scanner.at;
    readTerm(scanner, draft, options.now ?? Date.now());
    if (testsOf(draft) > MAX_TERMS) {
      throw scanner.error("Too many terms", `use at most ${MAX_TERMS}`, start);
    }
  }
  const parts = Object.entries(draft).filter(([, part]) => !Array.isArray(part) || part.length > 0);
  const filter = Object.fromEntries(parts) as TailFilter;
  if (formatQuery(filter).length > MAX_QUERY) throw tooLong(scanner);
  return filter;
}

function testsOf({ text, not, fields, source, patterns }: FilterDraft): number {
  return text.length + not.length + fields.length + source.length + patterns.length;
}

function tooLong(scanner: QueryScanner): FilterError {
  const advice = `use at most ${MAX_QUERY} characters, quotes and escapes included`;
  return scanner.error("Query too long", advice, MAX_QUERY);
}
