import { type Level, LEVEL_RANK, LEVELS } from "../record/level.ts";

/** Which records are wanted. One that tells no level or no time is left out where that is asked for. */
export interface LineFilter {
  /** This level and those above it. @default {all} */
  readonly level?: Level;
  /** Not older than this, milliseconds since 1970. @default {-Infinity} */
  readonly fromMs?: number;
  /** Not newer than this, milliseconds since 1970. @default {Infinity} */
  readonly toMs?: number;
}

/** Whether the line from `start` to `end` of some bytes, without its LF, is wanted. */
export type LineTest = (bytes: Uint8Array, start: number, end: number) => boolean;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How a line begins, up to a time of 24 characters; behind that, how it goes on up to its level. */
const HEAD = encoder.encode('{"time":"');
const BETWEEN = encoder.encode('","level":"');
const TIME_BYTES = 24;
const LEVEL_AT = HEAD.length + TIME_BYTES + BETWEEN.length;
/** No two levels begin with the same letter. */
const RANK_OF_LETTER: ReadonlyMap<number, number> = new Map(
  LEVELS.map((level) => [level.charCodeAt(0), LEVEL_RANK[level]]),
);

/** A test for a filter; undefined if every line is wanted. Lines as loggers write them are not parsed. */
export function lineTest(
  { level, fromMs = -Infinity, toMs = Infinity }: LineFilter,
): LineTest | undefined {
  if (level === undefined && fromMs === -Infinity && toMs === Infinity) return undefined;
  const rank = level === undefined ? undefined : LEVEL_RANK[level];
  const from = isoBytes(fromMs);
  const to = isoBytes(toMs);
  return (bytes, start, end) => {
    if (!isPlain(bytes, start, end)) {
      return isWanted(parse(bytes, start, end), rank, fromMs, toMs);
    }
    if (rank !== undefined && RANK_OF_LETTER.get(bytes[start + LEVEL_AT]!)! < rank) return false;
    const at = start + HEAD.length;
    return (from === undefined || compareAt(bytes, at, from) >= 0) &&
      (to === undefined || compareAt(bytes, at, to) <= 0);
  };
}

/** Whether a line is as loggers write it, with a time of the usual length. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start > LEVEL_AT && hasAt(bytes, start, HEAD) &&
    bytes[start + HEAD.length + TIME_BYTES - 1] === 0x5a &&
    hasAt(bytes, start + HEAD.length + TIME_BYTES, BETWEEN) &&
    RANK_OF_LETTER.has(bytes[start + LEVEL_AT]!);
}

function hasAt(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}

/** Times of this form are in order as their letters are; undefined for one without bound. */
function isoBytes(ms: number): Uint8Array | undefined {
  return Number.isFinite(ms) ? encoder.encode(new Date(ms).toISOString()) : undefined;
}

/** Which of two comes first: negative for that in `bytes`, 0 if they are the same. */
function compareAt(bytes: Uint8Array, at: number, other: Uint8Array): number {
  for (let i = 0; i < other.length; i++) {
    const difference = bytes[at + i]! - other[i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

interface Told {
  readonly level?: unknown;
  readonly time?: unknown;
}

function parse(bytes: Uint8Array, start: number, end: number): Told {
  try {
    return JSON.parse(decoder.decode(bytes.subarray(start, end))) as Told;
  } catch {
    return {};
  }
}

function isWanted(
  record: Told | null,
  rank: number | undefined,
  fromMs: number,
  toMs: number,
): boolean {
  const own = LEVELS.findIndex((level) => level === record?.level);
  if (rank !== undefined && own < rank) return false;
  if (fromMs === -Infinity && toMs === Infinity) return true;
  const time = Date.parse(String(record?.time));
  return time >= fromMs && time <= toMs;
}
