import { type Clock, systemClock } from "../clock.ts";
import type { LogStore } from "../storage/store.ts";

/** Why a record could not be delivered. */
export type DeadLetterReason = "rejected" | "max_attempts";

/** A record that could not be delivered, with what is known about why. */
export interface DeadLetter {
  /** `<log>/<lane>/<sequence number>`, for ever. */
  readonly id: string;
  /** The lane that gave up. */
  readonly lane: string;
  /** The record's sequence number in its log. */
  readonly seq: number;
  /** When the lane gave up, ISO 8601. */
  readonly time: string;
  /** Why. */
  readonly reason: DeadLetterReason;
  /** What the last attempt said. */
  readonly error: string;
  /** Attempts made. */
  readonly attempts: number;
  /** The record's line, as it was sent. */
  readonly record: string;
}

/** Records that could not be delivered, durable before the lane moves past them. */
export interface DeadLetters {
  /** Records held. */
  readonly size: number;
  /** Records added since this process opened it, updates of held ones not counted. */
  readonly added: number;
  /** Records given up because there was no room for more. */
  readonly evicted: number;
  /** Adds entries, and resolves when they are durable. One with an id that is held replaces it. */
  add(entries: readonly Omit<DeadLetter, "time">[]): Promise<void>;
  /** The records held, oldest first. */
  list(): AsyncIterable<DeadLetter>;
  /** Gives the log back. */
  close(): Promise<void>;
}

/** How dead letters are bounded. */
export interface DeadLetterOptions {
  /** The oldest is given up beyond this many. @default {10000} */
  readonly maxEntries?: number;
  /** Time. */
  readonly clock?: Clock;
}

/**
 * Opens dead letters over a log of their own.
 *
 * @throws {RangeError} If `maxEntries` is not a whole number from 1 on
 *
 * @example
 * ```ts
 * import { memoryStore, openDeadLetters, openWal } from "@logflume/logflume";
 *
 * const letters = await openDeadLetters(await openWal(memoryStore()));
 * for await (const { id, error } of letters.list()) console.log(id, error);
 * await letters.close();
 * ```
 */
export async function openDeadLetters(
  log: LogStore,
  options: DeadLetterOptions = {},
): Promise<DeadLetters> {
  const maxEntries = options.maxEntries ?? 10_000;
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) {
    throw new RangeError(
      `Cannot keep ${maxEntries} dead letters: allowed are whole numbers from 1`,
    );
  }
  const letters = new LoggedDeadLetters(log, maxEntries, options.clock ?? systemClock);
  await letters.load();
  return letters;
}

class LoggedDeadLetters implements DeadLetters {
  readonly #log: LogStore;
  readonly #maxEntries: number;
  readonly #clock: Clock;
  /** Where each held entry stands in the log; oldest first, as a Map keeps the order of insertion. */
  readonly #index = new Map<string, number>();
  added = 0;
  evicted = 0;

  constructor(log: LogStore, maxEntries: number, clock: Clock) {
    this.#log = log;
    this.#maxEntries = maxEntries;
    this.#clock = clock;
  }

  get size(): number {
    return this.#index.size;
  }

  async load(): Promise<void> {
    for await (const { seq, letter } of this.#read()) this.#put(letter.id, seq);
    this.added = this.evicted = 0;
  }

  async add(entries: readonly Omit<DeadLetter, "time">[]): Promise<void> {
    const time = new Date(this.#clock.now()).toISOString();
    for (const entry of entries) {
      this.#put(entry.id, this.#log.stage(JSON.stringify({ time, ...entry }) + "\n"));
    }
    await this.#log.sync();
    await this.#log.trim(this.#index.values().next().value ?? this.#log.nextSeq);
  }

  #put(id: string, seq: number): void {
    // An update moves to the end of the Map, which must stay in the order of the log: it is trimmed so.
    if (!this.#index.delete(id)) this.added++;
    this.#index.set(id, seq);
    if (this.#index.size <= this.#maxEntries) return;
    this.#index.delete(this.#index.keys().next().value!);
    this.evicted++;
  }

  async *list(): AsyncIterable<DeadLetter> {
    for await (const { seq, letter } of this.#read()) {
      if (this.#index.get(letter.id) === seq) yield letter;
    }
  }

  async *#read(): AsyncIterable<{ seq: number; letter: DeadLetter }> {
    const reader = this.#log.reader(this.#log.firstSeq);
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const read = await reader.next();
        if (read.kind === "end") return;
        if (read.kind === "gap") continue;
        let { firstSeq: seq } = read.chunk;
        for (const line of decoder.decode(read.chunk.bytes).split("\n").slice(0, -1)) {
          yield { seq: seq++, letter: JSON.parse(line) as DeadLetter };
        }
      }
    } finally {
      reader.close();
    }
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}
