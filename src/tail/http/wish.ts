import { FilterError, type TailFilter } from "../filter.ts";
import { parseQuery } from "../query.ts";
import { sinceMs } from "../query_since.ts";
import type { TailFrom } from "../tail.ts";

/** What a client asks for in its URL, whatever the face. */
export interface Wish {
  /** Where to begin. */
  readonly from: TailFrom;
  /** The last sequence number wanted; `Infinity` unless given. */
  readonly to: number;
  /** Whether to go on with live records. */
  readonly follow: boolean;
  /** Which records. */
  readonly filter: TailFilter;
  /** Whether it speaks the protocol of `protocol.ts`. */
  readonly isProtocol: boolean;
}

/** Reads one key of a query; undefined if it is not there. */
export type QueryReader = (name: string) => string | undefined;

/** A wish, or one sentence about what is wrong with it. */
export type ParsedWish =
  | { readonly ok: true; readonly wish: Wish }
  | { readonly ok: false; readonly problem: string };

const FROM_PROBLEM =
  'Invalid from: use "live", "kept", a sequence number, -n for the last n records, or RUN.SEQ to go on';
const TO_PROBLEM = "Invalid to: use the sequence number of the last record wanted";
const SINCE_PROBLEM = "Invalid since: use an age such as 15m (ms, s, m, h, d), or a time such as " +
  "2026-11-21T10:00, which is UTC unless it has a zone";

/** Reads `from`, `to`, `since`, `q`, `follow` and `v`; `lastEventId` stands for `from` where it is given. */
export function parseWish(query: QueryReader, lastEventId?: string): ParsedWish {
  const filter = filterOf(query);
  if (typeof filter === "string") return { ok: false, problem: filter };
  const from = placeOf(lastEventId ?? query("from"), filter.since);
  if (from === undefined) return { ok: false, problem: FROM_PROBLEM };
  const to = query("to");
  if (to !== undefined && !/^\d{1,15}$/.test(to)) return { ok: false, problem: TO_PROBLEM };
  const follow = to === undefined && query("follow") !== "0";
  const isProtocol = query("v") !== undefined;
  return { ok: true, wish: { from, to: Number(to ?? Infinity), follow, filter, isProtocol } };
}

/** The place that `from` names; undefined if it is none. A time to begin at counts where it is missing. */
function placeOf(text: string | undefined, since: number | undefined): TailFrom | undefined {
  if (text === undefined || text === "") return since === undefined ? "kept" : { since };
  if (text === "live" || text === "kept") return text;
  const [, run, seen] = /^([\w.-]{1,64})\.(\d{1,15})$/.exec(text) ?? [];
  if (run !== undefined) return { run, seq: Number(seen) + 1 };
  if (!/^-?\d{1,15}$/.test(text)) return undefined;
  return text.startsWith("-") ? { last: -Number(text) } : { seq: Number(text) };
}

/** The filter of `q` and `since`, or what is wrong with it. */
function filterOf(query: QueryReader): TailFilter | string {
  const filter = queryFilter(query("q") ?? "");
  const text = query("since");
  if (typeof filter === "string" || text === undefined) return filter;
  // Read as a time and nothing else: as part of a query line it could bring a pattern along.
  const since = sinceMs(text, Date.now());
  return since === undefined ? SINCE_PROBLEM : { ...filter, since };
}

function queryFilter(text: string): TailFilter | string {
  try {
    const filter = parseQuery(text);
    return filter.patterns === undefined ? filter : "Regular expressions run in the page only";
  } catch (error) {
    if (error instanceof FilterError) return error.message;
    throw error;
  }
}
