import { type FilterPattern, PATTERN_FLAGS } from "./filter_shape.ts";

/**
 * Checks a pattern and gives it the one form in which a query line holds it: slashes and line ends
 * escaped, flags in order. If it is none, a text says what is allowed. Never throws.
 */
export function readPattern(source: string, flags: string): FilterPattern | string {
  const known = [...PATTERN_FLAGS].filter((flag) => flags.includes(flag)).join("");
  if (known.length !== flags.length) {
    return `the flags are "${flags}", use each of ${[...PATTERN_FLAGS].join(", ")} at most once`;
  }
  try {
    return { source: new RegExp(source, known).source, flags: known };
  } catch (thrown) {
    // The engines word it differently; what they agree on is enough.
    return `it is no regular expression (${(thrown as Error).message})`;
  }
}
