import type { Level } from "../record/level.ts";

/** How a field is compared; `~` is "contains", in smart case. */
export type FieldOp = "=" | "!=" | ">" | ">=" | "<" | "<=" | "~" | "exists";

/** One test of a field. */
export interface FieldTest {
  /**
   * The way to the value, names joined by dots: `user.id`. Looked for in the fields, then in the record
   * itself; `time`, `level`, `msg`, `logger`, `traceId` and `spanId` are those of the record. An array
   * counts as each of its elements.
   */
  readonly path: string;
  /** How to compare. */
  readonly op: FieldOp;
  /** What to compare with; none for `exists`. */
  readonly value?: string;
}

/** A regular expression, as `RegExp` takes it. */
export interface FilterPattern {
  /** What stands between the slashes. */
  readonly source: string;
  /** Any of `i`, `m`, `s` and `u`. */
  readonly flags: string;
}

/** Which records are wanted: those that pass every part that is given. */
export interface TailFilter {
  /** The lowest level. */
  readonly min?: Level;
  /** Exactly these levels. */
  readonly levels?: readonly Level[];
  /**
   * All of them occur: in the message, the logger's name, an id, the name or the value of a field. Smart
   * case: a text all in lower case ignores case.
   */
  readonly text?: readonly string[];
  /** None of them occurs there. */
  readonly not?: readonly string[];
  /** All of them hold. */
  readonly fields?: readonly FieldTest[];
  /** The logger is one of these, or below one: `db` takes `db.pool` as well. */
  readonly source?: readonly string[];
  /** Not older than this, milliseconds since 1970; what tells no time is left out. */
  readonly since?: number;
  /** All of them match where texts are looked for. For one's own process: a server refuses them. */
  readonly patterns?: readonly FilterPattern[];
}

/** The most tests a filter may have. */
export const MAX_TERMS = 64;

/** The longest query line, in characters; no filter may be longer when it is written as one. */
export const MAX_QUERY = 2048;

/** The most names in a path: each way to part it is tried on each record. */
const MAX_NAMES = 16;

/** What is wrong with a path, as what to do instead; undefined if nothing is. */
export function pathProblem(path: string): string | undefined {
  if (path === "") return "name at least one field";
  return path.split(".").length > MAX_NAMES ? `use at most ${MAX_NAMES} names` : undefined;
}

/** The flags that a pattern may have; `g` and `y` would make it remember where it was. */
export const PATTERN_FLAGS = "imsu";

/** A filter that is none: the message says what is wrong, where, and what is allowed. */
export class FilterError extends SyntaxError {
  /** The name of this kind of error. */
  override readonly name: string = "FilterError";
  /** The place in the query line, from 1; 0 when it did not come from one. */
  readonly column: number;
  /** Says what is wrong; `column` is 0 unless given. */
  constructor(message: string, column: number = 0, options?: ErrorOptions) {
    super(message, options);
    this.column = column;
  }
}
