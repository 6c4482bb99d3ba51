import { isolated } from "../isolated.ts";
import type { Level } from "../record/level.ts";

/**
 * What a full buffer does with one more item:
 * - `block` refuses it; who wants to wait has `append`, `ready` and `writable`
 * - `drop-oldest` takes it and gives up the oldest
 * - `drop-newest` refuses it
 * - `sample` takes one in `sampleEvery` as `drop-oldest` does and refuses the others
 * - `warn` refuses it, with one warning an episode
 */
export type Overflow = "block" | "drop-oldest" | "drop-newest" | "sample" | "warn";

/** Numbers of dropped items by level. */
export type LevelCounts = Readonly<Partial<Record<Level, number>>>;

/** Numbers of dropped items by the policy that dropped them, and by level. */
export type DropCounts = Readonly<Partial<Record<Overflow, LevelCounts>>>;

/** Why and at which level an item was dropped. */
export interface Drop {
  /** The policy that dropped it. */
  readonly policy: Overflow;
  /** Its level, as `levelOf` tells it. */
  readonly level: Level;
}

/** A time of drops: from the first one until the buffer is half empty again. */
export interface DropEpisode {
  /** The policy that dropped. */
  readonly policy: Overflow;
  /** Items dropped so far. */
  readonly dropped: number;
  /** The same by level. */
  readonly levels: LevelCounts;
}

/** Who is told of drops. An error that is thrown here goes to standard error and nowhere else. */
export interface DropListeners<T> {
  /** Told of each item that was dropped, after it happened. */
  readonly onDrop?: (item: T, drop: Drop) => void;
  /** With `warn`: told of the first drop of an episode. @default {console.warn} */
  readonly onWarn?: (episode: DropEpisode) => void;
  /** Told when an episode is over: the buffer is half empty again. */
  readonly onRecover?: (episode: DropEpisode) => void;
}

/** Counts drops and tells of them. */
export class Drops<T> {
  readonly #policy: Overflow;
  readonly #levelOf: (item: T) => Level;
  readonly #onDrop: ((item: T, drop: Drop) => void) | undefined;
  readonly #onWarn: (episode: DropEpisode) => void;
  readonly #onRecover: ((episode: DropEpisode) => void) | undefined;
  readonly #total: Partial<Record<Level, number>> = {};
  #episode: { dropped: number; readonly levels: Partial<Record<Level, number>> } | undefined;

  constructor(policy: Overflow, levelOf: (item: T) => Level, listeners: DropListeners<T>) {
    this.#policy = policy;
    this.#levelOf = levelOf;
    const { onDrop, onWarn = warnOnConsole, onRecover } = listeners;
    this.#onDrop = onDrop && isolated("onDrop", onDrop);
    this.#onWarn = isolated("onWarn", onWarn);
    this.#onRecover = onRecover && isolated("onRecover", onRecover);
  }

  /** All drops so far. */
  get counts(): DropCounts {
    return Object.keys(this.#total).length === 0 ? {} : { [this.#policy]: { ...this.#total } };
  }

  /** Whether an episode is under way. */
  get isOpen(): boolean {
    return this.#episode !== undefined;
  }

  /** Counts one drop. The item must be out of the buffer already: listeners may push. */
  add(item: T): void {
    const level = this.#levelOf(item);
    this.#total[level] = (this.#total[level] ?? 0) + 1;
    const first = this.#episode === undefined;
    this.#episode ??= { dropped: 0, levels: {} };
    this.#episode.dropped++;
    this.#episode.levels[level] = (this.#episode.levels[level] ?? 0) + 1;
    if (first && this.#policy === "warn") this.#onWarn(this.#told());
    this.#onDrop?.(item, { policy: this.#policy, level });
  }

  /** There is plenty of room again. */
  recover(): void {
    if (this.#episode === undefined) return;
    const told = this.#told();
    this.#episode = undefined;
    this.#onRecover?.(told);
  }

  #told(): DropEpisode {
    const { dropped, levels } = this.#episode!;
    return { policy: this.#policy, dropped, levels: { ...levels } };
  }
}

function warnOnConsole(): void {
  console.warn("logflume: The buffer is full: records are dropped until there is room");
}
