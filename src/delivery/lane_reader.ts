import { type Level, LEVEL_RANK } from "../record/level.ts";
import { levelOfLine } from "../record/line_level.ts";
import { messageOf } from "../errors.ts";
import { BatchAge } from "./batch_age.ts";
import type { LineBatch } from "./batch.ts";
import { KeyLines } from "./key_lines.ts";
import type { LaneGate } from "./lane_gate.ts";
import type { LaneHealth } from "./lane_health.ts";
import type { LaneHost, LaneSettings } from "./lane_settings.ts";
import type { LogCursor } from "./log_cursor.ts";

/**
 * A record that is stuck keeps the cursor, while others are settled beyond it and would be sent again
 * after a crash; records that wait for their key are held in memory. The lane stops at so many batches for
 * each one that may be in flight.
 */
const AHEAD_BATCHES = 4;

/** What reading needs of its lane. */
export interface LaneReaderHost {
  readonly settings: LaneSettings;
  readonly host: LaneHost;
  readonly cursor: LogCursor;
  readonly gate: LaneGate;
  readonly health: LaneHealth;
  /** There may be a batch to send. */
  notify(): void;
}

/** Cuts what a lane owes into batches, by the rules of size, age, level and key. */
export class LaneReader {
  readonly #lane: LaneReaderHost;
  readonly #age: BatchAge;
  readonly #rank: number;
  readonly #aheadRecords: number;
  readonly #aheadBytes: number;
  /** Only with order by key. */
  readonly keys: KeyLines | undefined;
  /** Everything below this number goes without waiting for more. */
  #hurryTo = 0;

  constructor(lane: LaneReaderHost) {
    const { level, order, batch, concurrency } = lane.settings;
    this.#lane = lane;
    this.#age = new BatchAge(batch, lane.host.clock, () => lane.notify());
    this.#rank = LEVEL_RANK[level];
    this.#aheadRecords = AHEAD_BATCHES * concurrency * batch.maxRecords;
    this.#aheadBytes = AHEAD_BATCHES * concurrency * batch.maxBytes;
    this.keys = typeof order === "object" ? new KeyLines(order.key) : undefined;
  }

  /** Records have come. */
  note(bytes: number): void {
    this.#age.note(bytes);
  }

  /** Records below `seq` wait for no others any more. */
  hurry(seq: number): void {
    this.#hurryTo = Math.max(this.#hurryTo, seq);
    this.#lane.notify();
  }

  get #waiting(): number {
    return this.#lane.host.log.writtenSeq - this.#lane.cursor.claimedTo;
  }

  /** Whether `next` has something to give. */
  get isDue(): boolean {
    return this.keys?.isReady === true || this.#mayClaim;
  }

  get #mayClaim(): boolean {
    const { cursor } = this.#lane;
    if (this.#waiting <= 0 || cursor.claimedTo - cursor.nextSeq >= this.#aheadRecords) return false;
    if ((this.keys?.waitingBytes ?? 0) >= this.#aheadBytes) return false;
    return cursor.claimedTo < this.#hurryTo || this.#age.isDue(this.#waiting);
  }

  /** The next batch, at once if it is at hand; undefined if there is none now. */
  next(): LineBatch | undefined | Promise<LineBatch | undefined> {
    for (;;) {
      const ready = this.keys?.take(this.#lane.settings.batch);
      if (ready !== undefined) return ready;
      const claimed = this.#mayClaim ? this.#claim() : undefined;
      if (claimed instanceof Promise) return this.#nextOf(claimed);
      if (claimed === undefined) return undefined;
      const wanted = this.#take(claimed);
      if (wanted !== undefined) return wanted;
    }
  }

  async #nextOf(claiming: Promise<LineBatch | undefined>): Promise<LineBatch | undefined> {
    const claimed = await claiming;
    return claimed === undefined ? undefined : this.#take(claimed) ?? await this.next();
  }

  /** What goes out of a claim at once; with order by key `next` says what does. */
  #take(claimed: LineBatch): LineBatch | undefined {
    this.#age.took(claimed.bytes.length, this.#waiting);
    const wanted = this.#select(claimed);
    if (wanted.count === 0) return undefined;
    if (this.keys === undefined) return wanted;
    this.keys.add(wanted);
    return undefined;
  }

  #claim(): LineBatch | undefined | Promise<LineBatch | undefined> {
    const { cursor, settings: { batch } } = this.#lane;
    try {
      const claimed = cursor.claim(batch);
      return claimed instanceof Promise
        ? claimed.catch((error) => this.#claimAgain(error))
        : claimed;
    } catch (error) {
      return this.#claimAgain(error);
    }
  }

  /** A log that cannot be read is asked again: it may only lack descriptors. */
  async #claimAgain(failure: unknown): Promise<LineBatch | undefined> {
    const { cursor, settings: { batch, retry }, gate, health, host } = this.#lane;
    for (let tries = 1, error = failure;; tries++) {
      health.failing(`Cannot read the log: ${messageOf(error)}`);
      if (!await gate.restForRetry(retry.backoff(tries, host.random))) return undefined;
      try {
        return await cursor.claim(batch);
      } catch (again) {
        error = again;
      }
    }
  }

  /** The records that the lane's level lets through; the others are settled. */
  #select(batch: LineBatch): LineBatch {
    const left = this.leftOut(batch);
    if (left.size === 0) return batch;
    this.#lane.cursor.settle(batch.pick([...left]), "filtered");
    this.#lane.host.settled(0);
    return batch.without(left);
  }

  /** The indexes of records below the lane's level. */
  leftOut(batch: LineBatch): ReadonlySet<number> {
    const left = new Set<number>();
    if (this.#rank === LEVEL_RANK.trace) return left;
    batch.lines().forEach((line, index) => {
      if (LEVEL_RANK[levelOfLine(line) as Level] < this.#rank) left.add(index);
    });
    return left;
  }

  /** Waits for nothing any more. */
  stop(): void {
    this.#age.stop();
  }
}
