import type { TailFilter } from "./filter.ts";
import type { ClientMessage, OnSlow, SubscribeFrom, SubscribeMessage } from "./protocol.ts";

/** What `parseMessage` gives: the message, or one sentence that says what is wrong with it. */
export type Parsed =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly problem: string };

type Json = Readonly<Record<string, unknown>>;

const ON_SLOW: readonly unknown[] = ["skip", "sample", "close"];

/** The end of the year 9999: no record is younger, since times have four digits for the year. */
const MAX_TIME_MS = 253_402_300_799_999;

/** What a run is called at most; our own names are far shorter. */
const MAX_RUN_LENGTH = 256;

/** Reads a client's message. Never throws. What the filter means is not looked at. */
export function parseMessage(data: unknown, maxBytes: number): Parsed {
  if (typeof data !== "string") return bad("Send messages as JSON text, not as bytes");
  if (isLonger(data, maxBytes)) return bad(`Send at most ${maxBytes} bytes a message`);
  const value = parseJson(data);
  if (value === undefined) return bad("The message is not JSON");
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return bad('The message is not a JSON object: send {"t":"...",...}');
  }
  return parseKind(value as Json);
}

function parseKind(value: Json): Parsed {
  switch (value.t) {
    case "sub":
      return parseSubscribe(value);
    case "ack":
      if (!isCount(value.seq)) return bad("Invalid seq of an ack: use an integer from 0 on");
      return { ok: true, message: { t: "ack", seq: value.seq } };
    case "pause":
    case "resume":
      return { ok: true, message: { t: value.t } };
    case "ping":
      if (!Number.isFinite(value.n)) return bad("Invalid n of a ping: use a number");
      return { ok: true, message: { t: "ping", n: value.n as number } };
    default:
      return bad('Unknown message: t must be "sub", "ack", "pause", "resume" or "ping"');
  }
}

function parseSubscribe(value: Json): Parsed {
  const { from, filter, onSlow, rate } = value;
  if (value.v !== 1) return bad("Unknown protocol version: this server speaks version 1");
  if (from !== undefined && !isFrom(from)) {
    return bad(
      'Invalid from: use "live", "kept", {"last":n}, {"since":ms} or {"run":"...","seq":n}',
    );
  }
  if (filter !== undefined && typeof filter !== "string" && !isObject(filter)) {
    return bad("Invalid filter: use a query line or a filter object");
  }
  if (onSlow !== undefined && !ON_SLOW.includes(onSlow)) {
    return bad('Invalid onSlow: use "skip", "sample" or "close"');
  }
  if (rate !== undefined && !(isCount(rate) && rate > 0)) {
    return bad("Invalid rate: use an integer from 1 on, in records a second");
  }
  return { ok: true, message: subscribeMessage(value as Partial<SubscribeMessage>) };
}

/** Only what is given, and nothing that a client adds of its own. */
function subscribeMessage(given: Partial<SubscribeMessage>): SubscribeMessage {
  const { from, filter, onSlow, rate } = given;
  return {
    t: "sub",
    v: 1,
    ...from === undefined ? {} : { from: from as SubscribeFrom },
    ...filter === undefined ? {} : { filter: filter as string | TailFilter },
    ...onSlow === undefined ? {} : { onSlow: onSlow as OnSlow },
    ...rate === undefined ? {} : { rate: rate as number },
  };
}

function bad(problem: string): Parsed {
  return { ok: false, problem };
}

/** Whether the text has more UTF-8 bytes than `maxBytes`. */
function isLonger(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && new TextEncoder().encode(text).length > maxBytes;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFrom(from: unknown): from is SubscribeFrom {
  if (from === "live" || from === "kept") return true;
  if (!isObject(from)) return false;
  const { last, since, run, seq } = from;
  if (run !== undefined || seq !== undefined) {
    return typeof run === "string" && run.length <= MAX_RUN_LENGTH && isCount(seq);
  }
  if (since === undefined) return isCount(last);
  return last === undefined && isCount(since) && since <= MAX_TIME_MS;
}

/** An integer that may be counted on from. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 &&
    (value as number) < Number.MAX_SAFE_INTEGER;
}
