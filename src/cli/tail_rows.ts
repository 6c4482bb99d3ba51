/** A record of a message, as it stands in the message. */
export interface TailRow {
  /** Its number. */
  readonly seq: number;
  /** The record as JSON, not a character changed; or any other line, as it was. */
  readonly line: string;
}

const ROWS = '"r":[';

/**
 * The records of a `b` message. They are cut out of its text, not written anew: numbers too long for a
 * number and keys in their order stay what they were.
 *
 * @throws {SyntaxError} If the text is not such a message
 */
export function rowsOf(text: string): TailRow[] {
  const rows: TailRow[] = [];
  const start = text.indexOf(ROWS);
  if (start === -1) throw new SyntaxError("The message has no records");
  let at = start + ROWS.length;
  while (text[at] === "[") {
    const comma = text.indexOf(",", at);
    const end = endOfValue(text, comma + 1);
    const value = text.slice(comma + 1, end);
    const line = value.startsWith('"') ? JSON.parse(value) as string : value;
    const seq = Number(text.slice(at + 1, comma));
    if (!Number.isSafeInteger(seq)) throw new SyntaxError("A record of the message has no number");
    rows.push({ seq, line });
    at = end + 1;
    if (text[at] === ",") at++;
  }
  if (text[at] !== "]") throw new SyntaxError("The message ends between two records");
  return rows;
}

const STEP = /["{}[\]]/g;

/** Where the JSON value that begins at `at`, a string or an object, ends. */
function endOfValue(text: string, at: number): number {
  let depth = 0;
  STEP.lastIndex = at;
  for (let match = STEP.exec(text); match !== null; match = STEP.exec(text)) {
    if (match[0] === '"') STEP.lastIndex = endOfString(text, STEP.lastIndex);
    else depth += match[0] === "{" || match[0] === "[" ? 1 : -1;
    if (depth === 0) return STEP.lastIndex;
    if (depth < 0) throw new SyntaxError("A record of the message is neither a text nor an object");
  }
  throw new SyntaxError("The message ends within a record");
}

function endOfString(text: string, at: number): number {
  for (let quote = text.indexOf('"', at); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (text[before - 1] === "\\") before--;
    if ((quote - before) % 2 === 0) return quote + 1;
  }
  throw new SyntaxError("The message ends within a text");
}
