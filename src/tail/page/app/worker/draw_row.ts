import type { GapRow, Piece, RecordRow, Row } from "../messages.ts";
import { detailsOf } from "./details.ts";
import type { HeldGap, HeldRecord, HeldRow } from "./held_row.ts";
import { fieldText, readLine } from "./log_line.ts";
import { type Mark, piecesOf } from "./pieces.ts";

/** A row shows this much of a message and of its fields; the unfolded block shows all. */
const MAX_SHOWN = 2_000;
/** And so many of its fields: each is nodes in the document, and a line has room for few. */
const MAX_FIELDS = 40;

/** What a row is drawn with. */
export interface DrawContext {
  readonly marks: readonly Mark[];
  readonly isHit: (row: HeldRecord) => boolean;
  readonly unfolded: ReadonlySet<number>;
}

/** Prepares a row, so that the window has only nodes to make. */
export function drawRow(row: HeldRow, context: DrawContext): Row {
  return row.gap === undefined ? drawRecord(row, context) : drawGap(row);
}

function drawRecord(row: HeldRecord, { marks, isHit, unfolded }: DrawContext): RecordRow {
  const record = readLine(row.line);
  return {
    kind: "record",
    id: row.id,
    seq: row.seq,
    level: row.level,
    time: record.time,
    logger: piecesOf(record.logger.slice(0, 200), []).map(([text]) => text).join(""),
    message: piecesOf(shorten(record.msg), marks),
    fields: fieldPieces(record.fields, marks),
    wholeBytes: record.wholeBytes,
    hit: isHit(row),
    ...(unfolded.has(row.id) ? { details: detailsOf(row.seq, row.line, marks) } : {}),
  };
}

function fieldPieces(fields: Readonly<Record<string, unknown>>, marks: readonly Mark[]): Piece[] {
  const pieces: Piece[] = [];
  let [left, fieldsLeft] = [MAX_SHOWN, MAX_FIELDS];
  for (const key in fields) {
    const text = shorten(fieldText(fields[key]));
    left -= key.length + text.length;
    if (left < 0 || fieldsLeft-- === 0) return [...pieces, [" …", ""]];
    // Name and value are marked as one, as find looks for them.
    const whole = piecesOf(`${key}=${text}`, marks);
    pieces.push(["  ", ""], ...splitName(whole, key.length + 1));
  }
  return pieces;
}

/** Gives the first `length` characters the class of a name. */
function splitName(pieces: readonly Piece[], length: number): Piece[] {
  const split: Piece[] = [];
  let left = length;
  for (const [text, classes] of pieces) {
    const name = text.slice(0, Math.max(0, left));
    left -= classes.startsWith("odd") ? 1 : text.length;
    if (name !== "") split.push([name, `name ${classes}`.trim()]);
    if (name.length < text.length) split.push([text.slice(name.length), classes]);
  }
  return split;
}

function drawGap({ id, gap, fetch }: HeldGap): GapRow {
  return { kind: "gap", id, from: gap.from, to: gap.to, n: gap.n, why: gap.why, fetch };
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
