import { messageOf } from "../errors.ts";
import type { LineBatch } from "./batch.ts";
import type { GivenUp } from "./dead_letter_reason.ts";
import type { LaneGate } from "./lane_gate.ts";
import type { LaneHealth } from "./lane_health.ts";
import type { LaneHost, LaneSettings } from "./lane_settings.ts";
import type { SinkCaller } from "./sink_caller.ts";
import type { Outcome } from "./open_claim.ts";

/** What giving up needs of its lane. */
export interface LastResortLane {
  readonly settings: LaneSettings;
  readonly host: LaneHost;
  readonly gate: LaneGate;
  readonly health: LaneHealth;
  readonly signal: AbortSignal;
  /** Calls the fallback, if there is one. */
  readonly fallback: SinkCaller | undefined;
  settle(batch: LineBatch, outcome: Outcome): void;
}

/** Where records go that their sink did not take: to the fallback first, then to the dead letters. */
export class LastResort {
  readonly #lane: LastResortLane;

  constructor(lane: LastResortLane) {
    this.#lane = lane;
  }

  /**
   * Finds another place for all records of a batch.
   *
   * @param why By the index in the batch
   * @returns False if the lane ended before all of them had one
   */
  async take(
    batch: LineBatch,
    why: (index: number) => GivenUp & { readonly attempts: number },
  ): Promise<boolean> {
    if (batch.count === 0) return true;
    const left = await this.#offer(batch);
    if (left === undefined) return false;
    if (left.length === 0) return true;
    return await this.#bury(batch, left, why);
  }

  /** The indexes of those that the fallback did not take; undefined if the lane ended meanwhile. */
  async #offer(batch: LineBatch): Promise<readonly number[] | undefined> {
    const { fallback, signal } = this.#lane;
    const all = Array.from({ length: batch.count }, (_, index) => index);
    if (fallback === undefined) return all;
    const answer = await fallback.call(batch, 1, signal);
    // Nobody knows what became of them: they stay with the lane, and are offered again.
    if (answer === undefined) return undefined;
    if (answer.kind !== "answered") return all;
    const { retry = [], reject = [] } = answer.result ?? {};
    const refused = new Set([...retry, ...reject.map(({ index }) => index)]);
    const left = all.filter((index) => refused.has(index));
    const taken = all.filter((index) => !refused.has(index));
    if (taken.length > 0) this.#lane.settle(pickFrom(batch, taken), "fallback");
    return left;
  }

  async #bury(
    batch: LineBatch,
    indexes: readonly number[],
    why: (index: number) => GivenUp & { readonly attempts: number },
  ): Promise<boolean> {
    const { settings: { name: lane, retry }, host, gate, health } = this.#lane;
    const lines = batch.lines();
    const entries = indexes.map((index) => {
      const seq = batch.seqAt(index);
      const id = `${host.log.logId}/${lane}/${seq}`;
      return { id, lane, seq, ...why(index), record: lines[index]! };
    });
    for (let tries = 1;; tries++) {
      try {
        await host.deadLetters.add(entries);
        this.#lane.settle(pickFrom(batch, indexes), "deadLettered");
        this.#tell(entries.length, entries[0]!.error);
        return true;
      } catch (error) {
        // Nothing may be lost: the lane stands still until they are stored.
        health.failing(messageOf(error));
        if (!await gate.restForRetry(retry.backoff(tries, host.random))) return false;
      }
    }
  }

  #tell(count: number, error: unknown): void {
    this.#lane.host.tell(
      "dead-lettered",
      `Sink "${this.#lane.settings.name}" gave up ${count} ${
        count === 1 ? "record" : "records"
      }, kept in the dead letters: ${messageOf(error)}`,
    );
  }
}

function pickFrom(batch: LineBatch, indexes: readonly number[]): LineBatch {
  return indexes.length === batch.count ? batch : batch.pick(indexes);
}
