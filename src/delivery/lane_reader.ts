import { type Level, LEVEL_RANK } from "../record/level.ts";
import { levelOfLine } from "../record/line_level.ts";
import { messageOf } from "../errors.ts";
import { BatchAge } from "./batch_age.ts";
import type { LineBatch } from "./batch.ts";
import { KeyLines } from "./key_lines.ts";
import type { LaneGate } from "./lane_gate.ts";
import type { LaneHealth } from "./lane_health.ts";
import type { LaneHost, LaneSettings } from "./lane_settings.ts";
import type { LogCursor } from "./source.ts";

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

  /** The next batch; undefined if there is none now. */
  async next(): Promise<LineBatch | undefined> {
    for (;;) {
      const ready = this.keys?.take(this.#lane.settings.batch);
      if (ready !== undefined) return ready;
      const claimed = this.#mayClaim ? await this.#claim() : undefined;
      if (claimed === undefined) return undefined;
      this.#age.took(claimed.bytes.length, this.#waiting);
      const wanted = this.#select(claimed);
      if (wanted.count === 0) continue;
      if (this.keys === undefined) return wanted;
      this.keys.add(wanted);
    }
  }

  /** A log that cannot be read is asked again: it may only lack descriptors. */
  async #claim(): Promise<LineBatch | undefined> {
    const { cursor, settings: { batch, retry }, gate, health, host } = this.#lane;
    for (let tries = 1;; tries++) {
      try {
        return await cursor.claim(batch);
      } catch (error) {
        health.failing(`Cannot read the log: ${messageOf(error)}`);
        if (!await gate.restForRetry(retry.backoff(tries, host.random))) return undefined;
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
