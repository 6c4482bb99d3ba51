import { compareAge, type LetterAge, type LetterIndex } from "./dead_letter_index.ts";

/** How dead letters are bounded. */
export interface DeadLetterLimits {
  /** Entries, at most. @default {10000} */
  readonly maxEntries?: number;
  /** Bytes of all entries, at most; one entry alone may have more. @default {67108864} (64 MiB) */
  readonly maxBytes?: number;
  /** An entry goes this long after it failed first. @default {604800000} (7 days) */
  readonly maxAgeMs?: number;
  /**
   * What happens when there is no room for a new entry: `evict` gives up the oldest ones and counts them;
   * `park` refuses the new one, so that its lane stops until there is room. Age evicts either way.
   *
   * @default {"evict"}
   */
  readonly onFull?: "evict" | "park";
}

/** Entries that were given up, by the limit that they passed. */
export interface DeadLetterEvictions {
  /** Because of `maxEntries`. */
  readonly entries: number;
  /** Because of `maxBytes`. */
  readonly bytes: number;
  /** Because of `maxAgeMs`. */
  readonly age: number;
}

/** There is no room for more dead letters, and none may be given up: the lane keeps its records. */
export class DeadLettersFullError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "DeadLettersFullError";
}

/** An entry that is about to be put. */
export interface LetterDraft extends LetterAge {
  /** Bytes of its line. */
  readonly bytes: number;
}

/** An entry that has to go, and why. */
export interface Eviction {
  /** The entry's id. */
  readonly id: string;
  /** The limit that it passed. */
  readonly limit: keyof DeadLetterEvictions;
}

/**
 * Fills in what an option leaves open.
 *
 * @throws {RangeError} If a limit is out of its range
 */
export function letterLimits(options: DeadLetterLimits): Required<DeadLetterLimits> {
  const { maxEntries = 10_000, maxBytes = 64 * 1024 ** 2, maxAgeMs = 604_800_000 } = options;
  assertLimit("maxEntries", maxEntries);
  assertLimit("maxBytes", maxBytes);
  assertLimit("maxAgeMs", maxAgeMs);
  const { onFull = "evict" } = options;
  if (onFull !== "evict" && onFull !== "park") {
    throw new RangeError(`Cannot use onFull "${onFull}": allowed are "evict" and "park"`);
  }
  return { maxEntries, maxBytes, maxAgeMs, onFull };
}

function assertLimit(name: string, value: number): void {
  if (value === Infinity || (Number.isSafeInteger(value) && value >= 1)) return;
  throw new RangeError(
    `Cannot keep dead letters within ${name} ${value}: allowed are whole numbers from 1, and Infinity`,
  );
}

/**
 * Which entries have to go, oldest first, once the drafts are put.
 *
 * @throws {DeadLettersFullError} If drafts are new, have no room, and nothing may be given up for them
 */
export function evictionsFor(
  index: LetterIndex,
  drafts: readonly LetterDraft[],
  limits: Required<DeadLetterLimits>,
  nowMs: number,
): Eviction[] {
  const after = totalsAfter(index, drafts);
  const evictions: Eviction[] = [];
  for (const { id, bytes, firstFailedMs } of oldestFirst(index, drafts)) {
    const limit = limitPassed(after, nowMs - firstFailedMs, limits);
    if (limit === undefined) break;
    evictions.push({ id, limit });
    after.entries--;
    after.bytes -= bytes;
  }
  const isOver = after.entries > limits.maxEntries || after.bytes > limits.maxBytes;
  // What would never fit is taken when nothing else is held: a lane must not stop for ever.
  if (limits.onFull === "park" && isOver && after.fresh > 0 && after.entries > drafts.length) {
    throw new DeadLettersFullError(
      `The dead letters are full (${index.size} entries, ${index.bytes} bytes): ` +
        `replay or remove some, raise the limits, or let them evict the oldest`,
    );
  }
  return evictions;
}

interface Totals {
  entries: number;
  bytes: number;
  readonly fresh: number;
}

function totalsAfter(index: LetterIndex, drafts: readonly LetterDraft[]): Totals {
  let { size: entries, bytes } = index;
  for (const draft of drafts) {
    const held = index.get(draft.id);
    if (held === undefined) entries++;
    bytes += draft.bytes - (held?.bytes ?? 0);
  }
  return { entries, bytes, fresh: entries - index.size };
}

function limitPassed(
  { entries, bytes }: Totals,
  ageMs: number,
  { maxEntries, maxBytes, maxAgeMs, onFull }: Required<DeadLetterLimits>,
): keyof DeadLetterEvictions | undefined {
  if (ageMs > maxAgeMs) return "age";
  if (onFull === "park" || entries <= 1) return undefined;
  return entries > maxEntries ? "entries" : bytes > maxBytes ? "bytes" : undefined;
}

/** What is held and what is put, oldest first, as it will be. */
function* oldestFirst(
  index: LetterIndex,
  drafts: readonly LetterDraft[],
): IterableIterator<LetterDraft> {
  const put = new Set(drafts.map(({ id }) => id));
  const waiting = [...drafts].sort(compareAge);
  for (const held of index.oldestFirst()) {
    if (put.has(held.id)) continue;
    while (waiting.length > 0 && compareAge(waiting[0]!, held) < 0) yield waiting.shift()!;
    yield held;
  }
  yield* waiting;
}
