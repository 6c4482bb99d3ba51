/**
 * The messages of the tail over a WebSocket with `?v=1`: JSON text, the client speaks first.
 *
 * @module
 */
import type { TailGap, TailGapReason } from "./cursor.ts";
import type { TailLines } from "./lines.ts";
import type { TailFrom } from "./tail.ts";

/** Where a client wants to begin; `seq` is the last record it has seen. */
export type SubscribeFrom =
  | { readonly run: string; readonly seq: number }
  | { readonly last: number }
  | "kept"
  | "live";

/** What a client sends, once. */
export interface SubscribeMessage {
  /** The kind of message. */
  readonly t: "sub";
  /** The version of the protocol. */
  readonly v: 1;
  /** Where to begin. */
  readonly from: SubscribeFrom;
}

/** What the server sends. */
export type ServerMessage =
  /** First: the run, and the first and last sequence number that the ring keeps. */
  | {
    readonly t: "hello";
    readonly v: 1;
    readonly run: string;
    readonly first: number;
    readonly last: number;
    readonly hb: number;
  }
  /** Records, replayed (`r`) or live (`l`): the sequence number and the record, or any other text. */
  | {
    readonly t: "b";
    readonly ph: "r" | "l";
    readonly from: number;
    readonly to: number;
    readonly r: readonly (readonly [seq: number, record: Record<string, unknown> | string])[];
  }
  /** `n` records from `from` to `to` do not come. */
  | {
    readonly t: "gap";
    readonly from: number;
    readonly to: number;
    readonly n: number;
    readonly why: TailGapReason;
  }
  /** Replay is done; `seq` comes next. */
  | { readonly t: "live"; readonly seq: number }
  /** Still here: the newest sequence number, and how far the client is behind it. */
  | { readonly t: "hb"; readonly last: number; readonly lag: number }
  /** What is wrong; the socket closes with `code`. */
  | { readonly t: "err"; readonly code: number; readonly msg: string };

/** Why a socket was closed, as WebSocket close codes. */
export const CLOSE_CODES: {
  readonly done: 1000;
  readonly shutdown: 1001;
  readonly failed: 1011;
  readonly badMessage: 4400;
  readonly stalled: 4408;
  readonly tooMany: 4429;
} = { done: 1000, shutdown: 1001, failed: 1011, badMessage: 4400, stalled: 4408, tooMany: 4429 };

/** The longest message a client may send, in characters. */
const MAX_MESSAGE = 4096;

/** What `parseSubscribe` gives: the message, or one sentence that says what is wrong with it. */
export type Parsed =
  | { readonly ok: true; readonly message: SubscribeMessage }
  | { readonly ok: false; readonly problem: string };

/** Reads a client's message. Never throws. */
export function parseSubscribe(data: unknown): Parsed {
  if (typeof data !== "string") return bad("Send messages as JSON text, not as bytes");
  if (data.length > MAX_MESSAGE) return bad(`Send at most ${MAX_MESSAGE} characters a message`);
  const value = parseJson(data) as Partial<SubscribeMessage> | null | undefined;
  if (value === undefined) return bad("The message is not JSON");
  if (value?.t !== "sub") {
    return bad('Unknown message: the first one must be {"t":"sub","v":1,...}');
  }
  if (value.v !== 1) return bad("Unknown protocol version: this server speaks version 1");
  const from = value.from ?? "kept";
  if (!isFrom(from)) {
    return bad('Invalid from: use "live", "kept", {"last":n} or {"run":"...","seq":n}');
  }
  return { ok: true, message: { t: "sub", v: 1, from } };
}

/** A client's wish as a place in the tail: it has seen `seq`, so it goes on behind it. */
export function tailFrom(from: SubscribeFrom): TailFrom {
  return typeof from === "object" && "seq" in from ? { run: from.run, seq: from.seq + 1 } : from;
}

/** A message as text. */
export function frame(message: ServerMessage): string {
  return JSON.stringify(message);
}

/** A gap as text. */
export function gapFrame(gap: TailGap): string {
  return frame({ t: "gap", from: gap.from, to: gap.to, n: gap.count, why: gap.reason });
}

/** Lines as the text of one `b` message: records go in as they are, without being parsed. */
export function linesFrame(read: TailLines, phase: "r" | "l"): string {
  const rows = read.lines().map((line, i) =>
    `[${read.from + i},${isRecord(read, line) ? line : JSON.stringify(line)}]`
  );
  return `{"t":"b","ph":"${phase}","from":${read.from},"to":${read.to},"r":[${rows.join(",")}]}`;
}

/** Whether a line is the JSON object of a record and may stand in JSON as it is. */
function isRecord(read: TailLines, line: string): boolean {
  return !read.raw && line.startsWith("{") && line.endsWith("}");
}

function bad(problem: string): Parsed {
  return { ok: false, problem };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isFrom(from: unknown): from is SubscribeFrom {
  if (from === "live" || from === "kept") return true;
  if (typeof from !== "object" || from === null) return false;
  const { last, run, seq } = from as { last?: unknown; run?: unknown; seq?: unknown };
  return isCount(last) || (typeof run === "string" && isCount(seq));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
