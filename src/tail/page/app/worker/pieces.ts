import type { Piece } from "../messages.ts";
import { parseAnsi, type Style } from "./ansi.ts";

/** A term to mark in texts. */
export interface Mark {
  readonly term: string;
  /** Whether capitals count. */
  readonly exact: boolean;
  readonly classes: string;
}

/** A marked stretch of a text. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly classes: string;
}

/**
 * Characters that cannot be seen or that turn the reading order: controls, format characters, halves of
 * pairs, line separators, and four letters that are drawn as nothing.
 */
const ODD = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/u;

/** A mark for a term; a term without capitals ignores case. */
export function markOf(term: string, classes: string): Mark {
  return { term, exact: term !== term.toLowerCase(), classes };
}

/**
 * Cuts a text into what is drawn alike: colour sequences become classes, terms are marked, and what
 * cannot be seen is written as its number. The first mark of the list wins where two overlap.
 */
export function piecesOf(input: string, marks: readonly Mark[], base = ""): Piece[] {
  const { text, styles } = parseAnsi(input);
  const marked = findMarks(text, marks);
  if (styles.length === 0 && marked.length === 0) return showOdd([[text, base]]);
  return showOdd(cut(text, styles, marked, base));
}

function findMarks(text: string, marks: readonly Mark[]): Stretch[] {
  const found: Stretch[] = [];
  for (const { term, exact, classes } of marks) {
    // Lower case may change a text's length; then positions mean nothing, and capitals count.
    const lower = text.toLowerCase();
    const hay = exact || lower.length !== text.length ? text : lower;
    for (let at = hay.indexOf(term); at !== -1; at = hay.indexOf(term, at + term.length)) {
      const end = at + term.length;
      if (!found.some((other) => at < other.end && end > other.start)) {
        found.push({ start: at, end, classes });
      }
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

function cut(
  text: string,
  styles: readonly Style[],
  marked: readonly Stretch[],
  base: string,
): Piece[] {
  const pieces: Piece[] = [];
  let style = 0;
  let mark = 0;
  for (let at = 0; at < text.length;) {
    while ((styles[style]?.end ?? Infinity) <= at) style++;
    while ((marked[mark]?.end ?? Infinity) <= at) mark++;
    const next = marked[mark];
    const isMarked = next !== undefined && next.start <= at;
    const end = Math.min(
      text.length,
      styles[style]?.end ?? Infinity,
      next === undefined ? Infinity : isMarked ? next.end : next.start,
    );
    const classes = [base, styles[style]?.classes ?? "", isMarked ? next.classes : ""];
    pieces.push([text.slice(at, end), classes.filter((name) => name !== "").join(" ")]);
    at = end;
  }
  return pieces;
}

/** Takes odd characters out into pieces of their own; line ends and tabs stay. */
function showOdd(pieces: Piece[]): Piece[] {
  if (!pieces.some(([text]) => ODD.test(text))) return pieces;
  const shown: Piece[] = [];
  for (const [text, classes] of pieces) {
    let rest = "";
    for (const char of text) {
      if (char === "\n" || char === "\t" || !ODD.test(char)) rest += char;
      else {
        if (rest !== "") shown.push([rest, classes]);
        shown.push([nameOf(char), `odd ${classes}`.trim()]);
        rest = "";
      }
    }
    if (rest !== "") shown.push([rest, classes]);
  }
  return shown;
}

function nameOf(char: string): string {
  return "U+" + (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
}
