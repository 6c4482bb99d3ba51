/** What the server sent, read. Clients in step get the same bytes: read once, compared for the others. */
import { LINE_BYTES, stampOf } from "./line.ts";
import type { Way } from "./protocol.ts";

/** A message. */
export type Message =
  | {
    readonly kind: "lines";
    readonly from: number;
    readonly to: number;
    readonly duesUs: Float64Array;
  }
  | { readonly kind: "gap"; readonly from: number; readonly to: number }
  | { readonly kind: "live" }
  | { readonly kind: "other" };

const LF = 10;
const REMEMBERED = 8;
const BATCH = Buffer.from('{"t":"b",');
const ROWS = Buffer.from('"r":[');
const BRACKET = 91;
const QUOTE = 34;
const OTHER: Message = { kind: "other" };

/** Makes the reader of what a server of this way sends. */
export function messageReader(way: Way): (payload: Buffer) => Message {
  if (way === "plain") return readText;
  const read = way === "frame" ? readText : readProtocol;
  const seen: { readonly bytes: Buffer; readonly message: Message }[] = [];
  return (payload) => {
    const known = seen.find(({ bytes }) => bytes.equals(payload));
    if (known !== undefined) return known.message;
    const message = read(payload);
    seen.unshift({ bytes: Buffer.from(payload), message });
    seen.length = Math.min(seen.length, REMEMBERED);
    return message;
  };
}

/** Lines, with LF between them. */
function readText(payload: Buffer): Message {
  const stamps: [seq: number, dueUs: number][] = [];
  for (let at = 0; at < payload.length;) {
    const { seq, dueUs } = stampOf(payload, at);
    stamps.push([seq, dueUs]);
    const end = payload.indexOf(LF, at);
    at = end === -1 ? payload.length : end + 1;
  }
  return linesOf(stamps);
}

interface Wire {
  readonly t: string;
  readonly from: number;
  readonly to: number;
  readonly n: number;
}

/** The messages of the protocol. */
function readProtocol(payload: Buffer): Message {
  if (payload.subarray(0, BATCH.length).equals(BATCH)) return readBatch(payload);
  const { t, from, to, n } = JSON.parse(payload.toString()) as Wire;
  if (t === "live") return { kind: "live" };
  return t === "gap" && n === to - from + 1 ? { kind: "gap", from, to } : OTHER;
}

/** Rows `[seq,"line"]`: no line of ours is escaped, so its length is known, and most need no parser. */
function readBatch(payload: Buffer): Message {
  const stamps: [seq: number, dueUs: number][] = [];
  let at = payload.indexOf(ROWS) + ROWS.length;
  while (payload[at] === BRACKET) {
    const line = payload.indexOf(QUOTE, at) + 1;
    const { seq, dueUs } = stampOf(payload, line);
    const told = Number(payload.toString("latin1", at + 1, line - 2));
    if (told !== seq) throw new Error(`The line of number ${told} says ${seq}`);
    stamps.push([seq, dueUs]);
    at = line + LINE_BYTES + '"],'.length;
  }
  return stamps.length === 0 ? OTHER : linesOf(stamps);
}

/** A message has lines one after the other, or it is wrong. */
function linesOf(stamps: readonly (readonly [seq: number, dueUs: number])[]): Message {
  const from = stamps[0]![0];
  const to = from + stamps.length - 1;
  stamps.forEach(([seq], i) => {
    if (seq !== from + i) throw new Error(`Line ${seq} follows line ${from + i - 1}`);
  });
  return { kind: "lines", from, to, duesUs: Float64Array.from(stamps, ([, dueUs]) => dueUs) };
}
