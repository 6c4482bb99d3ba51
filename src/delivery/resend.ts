import type { Clock } from "../clock.ts";
import { RejectedError } from "../errors.ts";
import type { Sink } from "../sink/sink.ts";
import type { Attempt } from "./attempt.ts";
import type { Backoff } from "./backoff.ts";
import { LineBatch } from "./batch.ts";
import type { DeadLetter } from "./dead_letter.ts";
import type { ResendContext } from "./dead_letter_replay.ts";
import { pause } from "./pause.ts";

/** A replay gives up a record after this many attempts even where the lane never would. */
const MAX_REPLAY_ATTEMPTS = 5;

/** What dead letters that are sent again need of their lane. */
export interface ResendLane {
  /** Aborted when the lane is closed. */
  readonly signal: AbortSignal;
  /** One call of the sink; undefined if the lane ended over it. */
  attempt(batch: LineBatch, attempt: number, signal: AbortSignal): Promise<Attempt | undefined>;
  /** Something waits for its turn. */
  notify(): void;
  /** The sink took something, and synced it. */
  delivered(): void;
}

/** How a lane sends. */
export interface ResendSettings {
  /** The destination. */
  readonly sink: Sink;
  /** Tries before the lane gives up. */
  readonly maxAttempts: number;
  /** The wait between tries. */
  readonly backoff: Backoff;
}

/** Chance and time. */
interface Surroundings {
  readonly random: () => number;
  readonly clock: Clock;
}

/**
 * Records of the dead letters that go through a lane again: each attempt takes its turn among the lane's
 * own batches, within the lane's concurrency, and between two attempts the lane goes on, so that a record
 * which fails again holds nobody up.
 */
export class Resends {
  readonly #settings: ResendSettings;
  readonly #around: Surroundings;
  readonly #lane: ResendLane;
  readonly #waiting: (() => Promise<void>)[] = [];
  #ended = false;

  constructor(settings: ResendSettings, around: Surroundings, lane: ResendLane) {
    this.#settings = settings;
    this.#around = around;
    this.#lane = lane;
  }

  /** Attempts that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Begins the attempt that waits longest, and resolves when it is over; undefined if none waits. */
  next(): Promise<void> | undefined {
    return this.#waiting.shift()?.();
  }

  /** The lane has ended: whatever waits, and whatever comes, is skipped. */
  end(): void {
    this.#ended = true;
    while (this.next() !== undefined);
  }

  /**
   * Sends a record again, with the lane's tries (at most five) and waits, and syncs the sink.
   *
   * @returns `skip` if the lane ended over it
   * @throws {RejectedError} If it can never be delivered
   * @throws {Error} If all attempts failed, or the sink cannot sync
   */
  async send(letter: DeadLetter, context: ResendContext): Promise<void | "skip"> {
    const signal = AbortSignal.any([this.#lane.signal, context.signal]);
    if (!await this.#deliver(batchOfLetter(letter), { ...context, signal })) return "skip";
    await this.#settings.sink.sync?.();
    this.#lane.delivered();
  }

  async #deliver(batch: LineBatch, { signal, attempted }: ResendContext): Promise<boolean> {
    const { maxAttempts, backoff } = this.#settings;
    const { random, clock } = this.#around;
    for (let attempt = 1;; attempt++) {
      const outcome = await this.#inTurn(() => this.#lane.attempt(batch, attempt, signal), signal);
      if (outcome === undefined) return false;
      attempted();
      if (outcome.delivered > 0) return true;
      const [rejected] = outcome.rejected;
      if (rejected !== undefined) throw new RejectedError(rejected.reason);
      if (attempt >= Math.min(maxAttempts, MAX_REPLAY_ATTEMPTS)) throw new Error(outcome.error);
      await pause(backoff(attempt, random), clock, signal);
    }
  }

  /** Undefined if the lane ended, or `signal` was aborted, before its turn came. */
  #inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    this.#waiting.push(async () => {
      if (this.#ended || signal.aborted) resolve(undefined);
      else await work().then(resolve, reject);
    });
    if (this.#ended) this.end();
    else this.#lane.notify();
    return promise;
  }
}

function batchOfLetter({ seq, record }: DeadLetter): LineBatch {
  return new LineBatch([{ firstSeq: seq, count: 1 }], new TextEncoder().encode(record + "\n"));
}
