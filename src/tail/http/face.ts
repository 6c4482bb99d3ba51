import type { TailGap } from "../cursor.ts";
import { controlLine, type Heartbeat } from "../face.ts";
import { frame, gapFrame, rowsFrame, wireRow } from "../protocol.ts";
import type { Tail } from "../tail.ts";

/** A line that a client asked for. */
export interface Row {
  /** Its sequence number. */
  readonly seq: number;
  /** Its text, without the LF. */
  readonly line: string;
}

/** What a piece is about. */
export interface Span {
  /** The sequence number of the first record looked at. */
  readonly from: number;
  /** The sequence number of the last record looked at. */
  readonly to: number;
  /** Whether lines may be any text; otherwise each is the JSON of a record. */
  readonly raw: boolean;
}

/** How a reader's news become pieces of a response; an empty piece says nothing. */
export interface HttpFace {
  /** The media type. */
  readonly type: string;
  /** The beginning. */
  open(tail: Tail): string;
  /** The rows wanted of those looked at: there may be none. */
  rows(tail: Tail, span: Span, rows: readonly Row[], replay: boolean): string;
  /** Records that do not come. */
  gap(tail: Tail, gap: TailGap): string;
  /** Replay is done; `seq` comes next. */
  live(seq: number): string;
  /** Nothing has happened for a while; the reader is behind `seq`. */
  heartbeat(tail: Tail, seq: number, beat: Heartbeat): string;
}

/** The time between signs of life on a quiet stream: Bun cuts a response that is silent for 10 s. */
export const STREAM_HEARTBEAT_MS = 5_000;

/**
 * Newline-delimited JSON: a record a line. A gap is an object with the key `$`, and the sign of life an
 * empty line, so `jq` passes over the one and `select(."$" | not)` over the other.
 */
export const ndjsonFace: HttpFace = {
  type: "application/x-ndjson; charset=utf-8",
  open: () => "",
  rows: (_tail, read, rows) => rows.map(({ line }) => recordOf(read, line) + "\n").join(""),
  gap: (_tail, gap) => controlLine(gap) + "\n",
  live: () => "",
  heartbeat: () => "\n",
};

/** The messages of protocol version 1, one a line. */
export const ndjsonProtocolFace: HttpFace = {
  type: "application/x-ndjson; charset=utf-8",
  open: (tail) => hello(tail) + "\n",
  rows: (_tail, read, rows, replay) =>
    rows.length === 0 ? "" : batchMessage(read, rows, replay) + "\n",
  gap: (_tail, gap) => gapFrame(gap) + "\n",
  live: (seq) => frame({ t: "live", seq }) + "\n",
  heartbeat: (_tail, _seq, beat) => frame({ t: "hb", ...beat }) + "\n",
};

/**
 * Server-sent events: the lines of one batch an event, so that an `EventSource` gets them joined by LF.
 * The identity of an event is the run and the last sequence number in it, and that is where a client
 * which comes back goes on.
 */
export const sseFace: HttpFace = {
  type: "text/event-stream; charset=utf-8",
  open: () => RETRY,
  rows: (tail, read, rows) =>
    rows.length === 0
      ? ""
      : event(tail, read.to, rows.map(({ line }) => recordOf(read, line)).join("\n")),
  gap: (tail, gap) => `event: gap\n${event(tail, placeBehind(gap), controlLine(gap))}`,
  live: () => "",
  heartbeat: (tail, seq) => `: still here\nid: ${tail.run}.${seq}\n\n`,
};

/** The messages of protocol version 1, one an event. */
export const sseProtocolFace: HttpFace = {
  type: "text/event-stream; charset=utf-8",
  open: (tail) => `${RETRY}data: ${hello(tail)}\n\n`,
  rows: (tail, read, rows, replay) =>
    rows.length === 0 ? "" : event(tail, read.to, batchMessage(read, rows, replay)),
  gap: (tail, gap) => event(tail, placeBehind(gap), gapFrame(gap)),
  live: (seq) => `data: ${frame({ t: "live", seq })}\n\n`,
  heartbeat: (tail, seq, beat) => event(tail, seq, frame({ t: "hb", ...beat })),
};

/** How long an `EventSource` waits before it comes back. */
const RETRY = "retry: 1000\n\n";

function hello(tail: Tail): string {
  const [first, last] = [tail.oldestSeq, tail.stats().nextSeq - 1];
  return frame({ t: "hello", v: 1, run: tail.run, first, last, hb: STREAM_HEARTBEAT_MS });
}

function batchMessage({ from, to, raw }: Span, rows: readonly Row[], replay: boolean): string {
  return rowsFrame(
    replay ? "r" : "l",
    from,
    to,
    rows.map(({ seq, line }) => wireRow(seq, line, raw)),
  );
}

/** Where a client goes on that was told of a gap: after a restart its numbers are given anew. */
function placeBehind({ from, to, reason }: TailGap): number {
  return reason === "restart" ? from - 1 : to;
}

/** An event, on a line of `data` for each of the text's; CR ends a line here as well. */
function event(tail: Tail, seq: number, text: string): string {
  const data = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`).join("");
  return `id: ${tail.run}.${seq}\n${data}\n`;
}

/** A line as the JSON of a record: raw text becomes a message, so that it cannot pass for one. */
function recordOf(read: Span, line: string): string {
  return read.raw ? JSON.stringify({ msg: line }) : line;
}
