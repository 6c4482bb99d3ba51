/**
 * The messages of the tail, version 1: JSON text. Over a WebSocket the client speaks first. What reads
 * them on the server is `protocol_parse.ts`.
 *
 * @module
 */
import type { TailGap, TailGapReason } from "./cursor.ts";
import type { TailFilter } from "./filter.ts";
import type { TailFrom } from "./tail.ts";

/** Where a client wants to begin; `seq` is the last record it has seen, `since` Unix milliseconds. */
export type SubscribeFrom =
  | { readonly run: string; readonly seq: number }
  | { readonly last: number }
  | { readonly since: number }
  | "kept"
  | "live";

/**
 * What becomes of a live client that falls behind: it is moved on to the present (`skip`), gets at most
 * some records a second all the time (`sample`), or is told to go (`close`).
 */
export type OnSlow = "skip" | "sample" | "close";

/**
 * What a client says it wants; sent again, it changes filter or place on the same socket, and ends a pause.
 */
export interface SubscribeMessage {
  /** The kind of message. */
  readonly t: "sub";
  /** The version of the protocol. */
  readonly v: 1;
  /** Where to begin; `"kept"` unless given. Sent again without it, the client goes on where it is. */
  readonly from?: SubscribeFrom;
  /** Which records it wants: a query line or a filter; all unless given. */
  readonly filter?: string | TailFilter;
  /** What to do when it falls behind; `"skip"` unless given. */
  readonly onSlow?: OnSlow;
  /** The most records a second in a sample; the server's own limit unless less is given. */
  readonly rate?: number;
}

/** What a client sends. */
export type ClientMessage =
  | SubscribeMessage
  /** All up to `seq` is shown. Sent each 250 ms or 256 KiB, or the server stops sending. */
  | { readonly t: "ack"; readonly seq: number }
  /** Send nothing more; the place stays, and nothing is skipped. */
  | { readonly t: "pause" }
  /** Go on where it stopped. */
  | { readonly t: "resume" }
  /** Answered by `pong` with the same number. */
  | { readonly t: "ping"; readonly n: number };

/** Why records do not come: as the tail says, or because a sample left them out. */
export type GapWhy = TailGapReason | "sampled";

/** What the server sends. */
export type ServerMessage =
  /**
   * Answers `sub`: the run, the first and last sequence number that can be had (of the log behind the
   * ring, where there is one), the milliseconds between heartbeats, and how much may be unacknowledged;
   * no limits where nothing is acknowledged.
   */
  | {
    readonly t: "hello";
    readonly v: 1;
    readonly run: string;
    readonly first: number;
    readonly last: number;
    readonly hb: number;
    readonly limits?: HelloLimits;
  }
  /**
   * Records, replayed (`r`) or live (`l`): the sequence number and the record, or any other text. From
   * `from` to `to` nothing else passes the filter.
   */
  | {
    readonly t: "b";
    readonly ph: "r" | "l";
    readonly from: number;
    readonly to: number;
    readonly r: readonly (readonly [seq: number, record: Record<string, unknown> | string])[];
  }
  /**
   * `n` records from `from` to `to` do not come; `back` says whether they may still be fetched. If they
   * were `sampled`, `n` counts what passed the filter, and the batches before have the others.
   */
  | {
    readonly t: "gap";
    readonly from: number;
    readonly to: number;
    readonly n: number;
    readonly why: GapWhy;
    readonly back: boolean;
  }
  /** Replay is done; `seq` comes next. */
  | { readonly t: "live"; readonly seq: number }
  /** Still here: the newest record, and how many are not sent yet, were sent, were left out. */
  | {
    readonly t: "hb";
    readonly last: number;
    readonly lag: number;
    readonly sent: number;
    readonly skipped: number;
  }
  /** The search for a place to begin is at `at` and has found `found` matches. */
  | { readonly t: "scan"; readonly at: number; readonly found: number; readonly done: boolean }
  /** Answers `ping`. */
  | { readonly t: "pong"; readonly n: number }
  /** What is wrong, and where in the query line; the socket closes with `code`, except over a new filter. */
  | { readonly t: "err"; readonly code: number; readonly msg: string; readonly column?: number };

/** What a client must know of the limits. */
export interface HelloLimits {
  /** Characters that may be unacknowledged. */
  readonly windowBytes: number;
  /** Records that may be unacknowledged. */
  readonly windowRecords: number;
  /** A longer line is cut; it has `truncated` then. */
  readonly lineBytes: number;
}

/** Why a socket was closed, as WebSocket close codes. */
export const CLOSE_CODES: {
  readonly done: 1000;
  readonly shutdown: 1001;
  readonly failed: 1011;
  readonly badMessage: 4400;
  readonly unauthorized: 4401;
  readonly foreignOrigin: 4403;
  readonly stalled: 4408;
  readonly tooMany: 4429;
} = {
  done: 1000,
  shutdown: 1001,
  failed: 1011,
  badMessage: 4400,
  unauthorized: 4401,
  foreignOrigin: 4403,
  stalled: 4408,
  tooMany: 4429,
};

/** A gap as it is told: of the tail, or of a sample. */
export interface ToldGap extends Omit<TailGap, "kind" | "reason"> {
  /** Why the records do not come. */
  readonly reason: GapWhy;
}

/** A client's wish as a place in the tail: it has seen `seq`, so it goes on behind it. */
export function tailFrom(from: SubscribeFrom): TailFrom {
  return typeof from === "object" && "seq" in from ? { run: from.run, seq: from.seq + 1 } : from;
}

/** A message as text. */
export function frame(message: ServerMessage): string {
  return JSON.stringify(message);
}

/** A gap as text; `back` says whether its records may still be fetched. */
export function gapFrame({ from, to, count, reason }: ToldGap, back = false): string {
  return frame({ t: "gap", from, to, n: count, why: reason, back });
}

/** One row of a `b` message. */
export function wireRow(seq: number, line: string, raw: boolean): string {
  const isRecord = !raw && line.startsWith("{") && line.endsWith("}");
  return `[${seq},${isRecord ? line : JSON.stringify(line)}]`;
}

/** Rows as the text of one `b` message. */
export function rowsFrame(
  phase: "r" | "l",
  from: number,
  to: number,
  rows: readonly string[],
): string {
  return `{"t":"b","ph":"${phase}","from":${from},"to":${to},"r":[${rows.join(",")}]}`;
}
