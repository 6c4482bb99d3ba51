import { FilterError } from "./filter_shape.ts";

const BLANKS = /\s*/y;
const QUOTED = /"((?:[^"\\]|\\[^])*)"/y;
const AT_BORDER = /\s|$/y;

/** Reads a query line from left to right. */
export class QueryScanner {
  readonly text: string;
  /** Where it is, from 0. */
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Skips blanks; false at the end. */
  next(): boolean {
    this.take(BLANKS);
    return this.at < this.text.length;
  }

  /** Whether a text stands here. */
  sees(part: string): boolean {
    return this.text.startsWith(part, this.at);
  }

  /** Whether a term may end here. */
  isAtBorder(): boolean {
    AT_BORDER.lastIndex = this.at;
    return AT_BORDER.test(this.text);
  }

  /** Goes over what a sticky expression finds here. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text) ?? undefined;
    this.at += match?.[0].length ?? 0;
    return match;
  }

  /** Goes over a text in quotes, which has to be there. */
  takeQuoted(): string {
    const match = this.take(QUOTED);
    if (match === undefined) throw this.error("Unclosed quote", 'end it with "', this.at);
    return match[1]!.replace(/\\(["\\])/g, "$1");
  }

  /** Refuses what stands right behind a closing quote. */
  assertBorder(): void {
    if (this.isAtBorder()) return;
    throw this.error("Unexpected text", "put a blank behind the closing quote", this.at);
  }

  /** An error at a place: what is wrong there, and what is allowed. */
  error(what: string, allowed: string, at: number): FilterError {
    const column = Math.max(1, Math.min(at + 1, this.text.length));
    return new FilterError(`${what} at column ${column}: ${allowed}`, column);
  }
}
