import { FilterError, filterKey, readFilter, type TailFilter } from "./filter.ts";
import { createMatcher, type TailMatcher } from "./filter_match.ts";
import { parseQuery } from "./query.ts";

/** A filter, ready for use. */
export interface ClientFilter {
  /** Equal filters have equal keys; "" lets everything pass. */
  readonly key: string;
  /** Which lines pass; all, if undefined. */
  readonly matcher: TailMatcher | undefined;
}

/** Why a filter cannot be used, and where in the query line, if it is one. */
export interface FilterProblem {
  /** One sentence. */
  readonly problem: string;
  /** From 1 on. */
  readonly column?: number;
}

/** Lets everything pass. */
export const NO_FILTER: ClientFilter = { key: "", matcher: undefined };

/** Makes a client's filter ready, or says what is wrong with it. Never throws over a client's words. */
export function clientFilter(given: string | TailFilter | undefined): ClientFilter | FilterProblem {
  if (given === undefined) return NO_FILTER;
  try {
    const filter = typeof given === "string" ? parseQuery(given) : readFilter(given);
    if ((filter.patterns?.length ?? 0) > 0) return { problem: NO_PATTERNS };
    const key = filterKey(filter);
    return key === "" ? NO_FILTER : { key, matcher: createMatcher(filter) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const column = error instanceof FilterError ? error.column : 0;
    return column > 0 ? { problem, column } : { problem };
  }
}

/** A foreign pattern can keep a server busy for ever. */
const NO_PATTERNS = "A server runs no regular expressions: search with words, or on the page";
