import type { DetailLine, Details } from "../messages.ts";
import { readLine } from "./log_line.ts";
import { type Mark, piecesOf } from "./pieces.ts";

/** More values than this are counted and left out: an unfolded row stays something to read. */
const MAX_LINES = 400;
const MAX_DEPTH = 12;
/** A single value is shown up to this length. */
const MAX_VALUE = 16 * 1024;

/** Unfolds a record: its message in full, and its values one a line. */
export function detailsOf(seq: number, line: string, marks: readonly Mark[]): Details {
  const record = readLine(line);
  const walk: Walk = { lines: [], omitted: 0 };
  for (const [name, value] of Object.entries(record.ids)) addValue(walk, name, value, "", 0);
  for (const [name, value] of Object.entries(record.fields)) addValue(walk, name, value, "", 0);
  return {
    seq,
    message: piecesOf(record.msg, marks),
    lines: walk.lines,
    omitted: walk.omitted,
    wholeBytes: record.wholeBytes,
    json: line,
  };
}

interface Walk {
  readonly lines: DetailLine[];
  omitted: number;
}

function addValue(walk: Walk, name: string, value: unknown, parent: string, depth: number): void {
  if (walk.lines.length >= MAX_LINES) {
    walk.omitted++;
    return;
  }
  const path = parent === "" ? name : `${parent}.${name}`;
  const children = depth < MAX_DEPTH ? childrenOf(value) : undefined;
  if (children === undefined) {
    walk.lines.push({ depth, name, path, value: valueText(value), kind: kindOf(value) });
    return;
  }
  walk.lines.push({ depth, name, path, value: undefined, kind: "group" });
  for (const [key, child] of children) addValue(walk, key, child, path, depth + 1);
}

/** The values inside a value; undefined if it is shown as one, which an empty one is as well. */
function childrenOf(value: unknown): [string, unknown][] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value);
  return entries.length === 0 ? undefined : entries;
}

function valueText(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "null";
  return text.length <= MAX_VALUE ? text : `${text.slice(0, MAX_VALUE)}…`;
}

function kindOf(value: unknown): DetailLine["kind"] {
  if (value === null) return "null";
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? type : "group";
}
