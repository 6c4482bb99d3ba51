import { type Clock, systemClock } from "../clock.ts";
import type { LogStore } from "../storage/store.ts";
import {
  type DeadLetter,
  type DeadLetterFailure,
  failedAgain,
  joined,
  letterOf,
} from "./dead_letter.ts";
import {
  type DeadLetterFilter,
  type DeadLetterListOptions,
  letterTest,
} from "./dead_letter_filter.ts";
import type { DeadLetters, DeadLetterStats } from "./dead_letter_face.ts";
import { putLine } from "./dead_letter_form.ts";
import { pause } from "./pause.ts";
import { compareAge } from "./dead_letter_index.ts";
import {
  type DeadLetterEvictions,
  type DeadLetterLimits,
  letterLimits,
} from "./dead_letter_limits.ts";
import { type KeeperSettings, LetterKeeper } from "./dead_letter_keeper.ts";
import { LetterLog } from "./dead_letter_log.ts";
import {
  assertReplay,
  type ReplayHost,
  replayLetters,
  type ReplayOptions,
  type ReplayReport,
  type Resend,
} from "./dead_letter_replay.ts";
import {
  bytesOf,
  type ImportReport,
  type LetterLines,
  lettersFrom,
} from "./dead_letter_transfer.ts";

export type { DeadLetter, DeadLetterReason } from "./dead_letter.ts";
export type { DeadLetters } from "./dead_letter_face.ts";

/** How dead letters are kept, and replayed. */
export interface DeadLetterOptions extends DeadLetterLimits {
  /** A replay passes over entries that failed in so many replays. @default {3} */
  readonly maxReplays?: number;
  /** Where a replay sends to, unless it is told another place. */
  readonly resend?: Resend;
  /** Told of entries that are given up, by the limits that they passed: records that are lost. */
  readonly onEvicted?: (evictions: DeadLetterEvictions) => void;
  /** Time. */
  readonly clock?: Clock;
}

/** How long a replay gets to end. */
const CLOSE_GRACE_MS = 1_000;

/**
 * Opens dead letters over a log of their own: reads which are held, and gives up those that are too old.
 * The log is theirs alone from then on; they keep what it takes on the disk within about twice what they
 * hold, and a segment.
 *
 * @throws {RangeError} If a limit is out of its range
 *
 * @example
 * ```ts
 * import { memoryStore, openDeadLetters, openWal } from "@logflume/logflume";
 *
 * await using letters = await openDeadLetters(await openWal(memoryStore()));
 * await letters.add([{
 *   id: "0123456789abcdef/http/42",
 *   lane: "http",
 *   seq: 42,
 *   reason: "non_retryable",
 *   error: new Error("400 Bad Request"),
 *   attempts: 1,
 *   record: '{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"hello"}',
 * }]);
 * const { replayed } = await letters.replay({
 *   filter: { lane: "http" },
 *   resend: async ({ record }) => console.log(record),
 * });
 * console.assert(replayed === 1 && letters.size === 0);
 * ```
 */
export async function openDeadLetters(
  log: LogStore,
  options: DeadLetterOptions = {},
): Promise<DeadLetters> {
  const limits = letterLimits(options);
  const { maxReplays = 3 } = options;
  if (maxReplays !== Infinity && !(Number.isSafeInteger(maxReplays) && maxReplays >= 0)) {
    throw new RangeError(
      `Cannot use maxReplays ${maxReplays}: allowed are whole numbers from 0, and Infinity`,
    );
  }
  const { resend, onEvicted, clock = systemClock } = options;
  const letters = new LoggedDeadLetters(log, { limits, clock, onEvicted }, maxReplays, resend);
  await letters.load();
  return letters;
}

class LoggedDeadLetters implements DeadLetters {
  readonly #log: LetterLog;
  readonly #keeper: LetterKeeper;
  readonly #clock: Clock;
  readonly #maxReplays: number;
  readonly #resend: Resend | undefined;
  readonly #closed = new AbortController();
  #replaying: Promise<ReplayReport> | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    log: LogStore,
    settings: KeeperSettings,
    maxReplays: number,
    resend: Resend | undefined,
  ) {
    this.#log = new LetterLog(log);
    this.#keeper = new LetterKeeper(this.#log, settings);
    this.#clock = settings.clock;
    this.#maxReplays = maxReplays;
    this.#resend = resend;
  }

  get size(): number {
    return this.#log.index.size;
  }

  get added(): number {
    return this.#keeper.added;
  }

  async load(): Promise<void> {
    await this.#log.load();
    await this.#keeper.cleanUp();
  }

  add(failures: readonly DeadLetterFailure[]): Promise<void> {
    return this.#keeper.alone(async () => {
      const now = this.#now();
      const letters = new Map<string, DeadLetter>();
      for (const failure of failures) {
        const held = letters.get(failure.id) ?? await this.get(failure.id);
        letters.set(
          failure.id,
          held === undefined ? letterOf(failure, now) : failedAgain(held, failure, now),
        );
      }
      await this.#keeper.put([...letters.values()]);
    });
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  async *list(options: DeadLetterListOptions = {}): AsyncIterable<DeadLetter> {
    const { after, limit = Infinity } = options;
    const isWanted = letterTest(options);
    const behind = after === undefined
      ? undefined
      : { ...after, firstFailedMs: Date.parse(after.firstFailed) };
    const reader = this.#log.reader();
    let left = limit;
    try {
      for (const place of [...this.#log.index.oldestFirst()]) {
        if (left <= 0) return;
        if (behind !== undefined && compareAge(place, behind) <= 0) continue;
        const letter = await reader.letter(place.id);
        if (letter === undefined || !isWanted(letter)) continue;
        left--;
        yield letter;
      }
    } finally {
      reader.close();
    }
  }

  async get(id: string): Promise<DeadLetter | undefined> {
    if (this.#log.index.get(id) === undefined) return undefined;
    const reader = this.#log.reader();
    try {
      return await reader.letter(id);
    } finally {
      reader.close();
    }
  }

  async replay(options: ReplayOptions = {}): Promise<ReplayReport> {
    assertReplay(options);
    const resend = options.resend ?? this.#resend;
    if (resend === undefined) {
      throw new Error("There is nowhere to send to: give replay() the option resend");
    }
    if (this.#replaying !== undefined) {
      throw new Error("A replay is under way: wait for it to end, or end it with its signal");
    }
    const release = this.#clock.hold();
    const { signal } = this.#closed;
    const ends = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
    try {
      return await (this.#replaying = replayLetters(this.#replayHost(resend), options, ends));
    } finally {
      this.#replaying = undefined;
      release();
    }
  }

  #replayHost(resend: Resend): ReplayHost {
    return {
      clock: this.#clock,
      maxReplays: this.#maxReplays,
      resend,
      list: (filter) => this.list(filter),
      renewed: (letter) => this.#log.renewed(letter),
      delivered: (letter) =>
        this.#keeper.alone(async () => {
          const held = await this.#log.renewed(letter);
          // Another account of the id came in meanwhile, with another record: that one was not sent.
          if (held !== undefined && held.record !== letter.record) return;
          await this.#keeper.removeDelivered(letter.id);
        }),
      failed: (letter, failure) =>
        this.#keeper.alone(async () => {
          const held = await this.#log.renewed(letter);
          if (held === undefined) return;
          const again = failedAgain(held, failure, this.#now());
          await this.#keeper.put([{ ...again, replays: held.replays + 1 }]);
        }),
    };
  }

  remove(which: readonly string[] | DeadLetterFilter): Promise<number> {
    return this.#keeper.alone(async () =>
      await this.#keeper.remove(isList(which) ? which : await this.#idsOf(which))
    );
  }

  async #idsOf(filter: DeadLetterFilter): Promise<string[]> {
    const ids: string[] = [];
    for await (const { id } of this.list(filter)) ids.push(id);
    return ids;
  }

  purge(): Promise<number> {
    return this.#keeper.alone(() =>
      this.#keeper.remove([...this.#log.index.oldestFirst()].map(({ id }) => id))
    );
  }

  async *exportLines(filter: DeadLetterFilter = {}): AsyncIterable<string> {
    for await (const letter of this.list(filter)) yield putLine(letter);
  }

  readable(filter: DeadLetterFilter = {}): ReadableStream<Uint8Array> {
    return bytesOf(this.exportLines(filter));
  }

  async importFrom(lines: LetterLines): Promise<ImportReport> {
    const total = { added: 0, updated: 0 };
    for await (const batch of lettersFrom(lines)) {
      const fresh = await this.#keeper.alone(() => this.#import(batch));
      total.added += fresh;
      total.updated += batch.length - fresh;
    }
    return total;
  }

  async #import(batch: readonly DeadLetter[]): Promise<number> {
    const letters = new Map<string, DeadLetter>();
    for (const letter of batch) {
      const held = letters.get(letter.id) ?? await this.get(letter.id);
      letters.set(letter.id, held === undefined ? letter : joined(held, letter));
    }
    return await this.#keeper.put([...letters.values()]);
  }

  stats(): DeadLetterStats {
    return this.#keeper.stats();
  }

  /** What a sink has just taken is removed, unless the disk refuses. */
  async #endReplay(replaying: Promise<ReplayReport>): Promise<void> {
    const wait = new AbortController();
    const late = pause(CLOSE_GRACE_MS, this.#clock, wait.signal);
    await Promise.race([Promise.allSettled([replaying]), late]);
    wait.abort();
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#closed.abort(new Error("The dead letters are closed"));
    this.#keeper.stop();
    if (this.#replaying !== undefined) await this.#endReplay(this.#replaying);
    await this.#log.close();
  }
}

function isList(which: readonly string[] | DeadLetterFilter): which is readonly string[] {
  return Array.isArray(which);
}
