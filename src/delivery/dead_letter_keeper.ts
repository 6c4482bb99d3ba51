import type { Clock } from "../clock.ts";
import { isolated } from "../isolated.ts";
import type { DeadLetter } from "./dead_letter.ts";
import type { DeadLetterStats } from "./dead_letter_face.ts";
import {
  type DeadLetterEvictions,
  type DeadLetterLimits,
  DeadLettersFullError,
  type Eviction,
  evictionsFor,
} from "./dead_letter_limits.ts";
import { type LetterLog, lineOfLetter } from "./dead_letter_log.ts";

/** The timer of the clean-up is set to the next entry's end, but at least and at most to this. */
const MIN_CLEAN_UP_MS = 1_000;
const MAX_CLEAN_UP_MS = 3_600_000;

/** How entries are kept. */
export interface KeeperSettings {
  /** Their bounds. */
  readonly limits: Required<DeadLetterLimits>;
  /** Time. */
  readonly clock: Clock;
  /** Told of entries that are given up. */
  readonly onEvicted: ((evictions: DeadLetterEvictions) => void) | undefined;
}

/** Changes what is held: one change at a time, within the limits, counted, and tidied up after. */
export class LetterKeeper {
  readonly #log: LetterLog;
  readonly #settings: KeeperSettings;
  readonly #tell: (evictions: DeadLetterEvictions) => void;
  readonly #evicted = { entries: 0, bytes: 0, age: 0 };
  /** Settles when the change made last is done, and what it left was tidied up. */
  #last: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;
  #isStopped = false;
  #updated = 0;
  #replayed = 0;
  #removed = 0;
  /** Entries that were not held before. */
  added = 0;

  constructor(log: LetterLog, settings: KeeperSettings) {
    this.#log = log;
    this.#settings = settings;
    this.#tell = isolated("onEvicted", settings.onEvicted ?? (() => {}));
  }

  /** Runs a change when those before it are done. */
  alone<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#last.then(change);
    this.#last = done.then(() => this.#tidyUp(), () => {});
    return done;
  }

  /** Within a change: stores entries, gives up what passes the limits, and answers how many are new. */
  async put(letters: readonly DeadLetter[]): Promise<number> {
    const lines = letters.map(lineOfLetter);
    const { index } = this.#log;
    const { limits, clock } = this.#settings;
    const evictions = evictionsFor(index, lines, limits, clock.now());
    if (this.#log.isFull) await this.#log.tidy();
    if (this.#log.isFull) {
      throw new DeadLettersFullError(
        "The log of the dead letters is full: give it a higher limit, or remove some of them",
      );
    }
    const fresh = lines.filter(({ id }) => index.get(id) === undefined).length;
    await this.#log.commit(lines, evictions.map(({ id }) => id));
    this.#count(evictions);
    this.added += fresh;
    this.#updated += lines.length - fresh;
    return fresh;
  }

  /** Within a change: removes those of the entries that are held, and answers how many. */
  async remove(ids: readonly string[]): Promise<number> {
    const count = await this.#drop(ids);
    this.#removed += count;
    return count;
  }

  /** Within a change: removes an entry that was delivered, if it is still held. */
  async removeDelivered(id: string): Promise<void> {
    await this.#drop([id]);
    this.#replayed++;
  }

  async #drop(ids: readonly string[]): Promise<number> {
    const held = [...new Set(ids)].filter((id) => this.#log.index.get(id) !== undefined);
    await this.#log.commit([], held);
    return held.length;
  }

  /** Gives up what is too old, or too much since the limits were changed. */
  cleanUp(): Promise<void> {
    return this.alone(async () => {
      const { limits, clock } = this.#settings;
      const evictions = evictionsFor(this.#log.index, [], limits, clock.now());
      if (evictions.length === 0) return;
      await this.#log.commit([], evictions.map(({ id }) => id));
      this.#count(evictions);
    });
  }

  #count(evictions: readonly Eviction[]): void {
    if (evictions.length === 0) return;
    const counts = { entries: 0, bytes: 0, age: 0 };
    for (const { limit } of evictions) {
      counts[limit]++;
      this.#evicted[limit]++;
    }
    this.#tell(counts);
  }

  async #tidyUp(): Promise<void> {
    this.#setTimer();
    try {
      await this.#log.tidy();
    } catch {
      // The log tells of disks that refuse by itself, and what was changed is durable all the same.
    }
  }

  #setTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { limits: { maxAgeMs }, clock } = this.#settings;
    const oldest = this.#log.index.oldestFirst().next().value;
    if (oldest === undefined || maxAgeMs === Infinity || this.#isStopped) return;
    // The time of day may jump: it is looked at again before long.
    const leftMs = oldest.firstFailedMs + maxAgeMs - clock.now() + 1;
    const delayMs = Math.min(Math.max(leftMs, MIN_CLEAN_UP_MS), MAX_CLEAN_UP_MS);
    this.#cancelTimer = clock.setTimer(() => {
      // A log that takes nothing now is asked again when the next change is made.
      this.cleanUp().catch(() => {});
    }, delayMs);
  }

  /** Figures. */
  stats(): DeadLetterStats {
    const { index, unreadable } = this.#log;
    return {
      held: index.size,
      bytes: index.bytes,
      added: this.added,
      updated: this.#updated,
      replayed: this.#replayed,
      removed: this.#removed,
      evicted: { ...this.#evicted },
      unreadable,
    };
  }

  /** Ends the timer. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }
}
