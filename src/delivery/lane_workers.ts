import type { Clock } from "../clock.ts";
import { judgeError } from "./circuit_breaker_options.ts";
import { createPool, type Pool } from "./pool.ts";
import type { JobOptions, Work } from "./pool_job.ts";
import type { PoolSizeRange } from "./pool_limit.ts";
import type { PoolStats } from "./pool_stats.ts";
import { TurnQueue } from "./turn_queue.ts";

/** A lane's calls that are under way or wait for a worker, beside the first one. */
interface Turn {
  readonly share: LaneShare;
  readonly start: () => void;
}

/**
 * The workers of all lanes. One of them belongs to each lane, so that no sink, however slow, can keep
 * another one waiting; those beyond go to whoever asked first. So there are never fewer than lanes.
 */
export class LaneWorkers {
  readonly #pool: Pool;
  readonly #range: PoolSizeRange;
  readonly #waiting: Turn[] = [];
  readonly #turns: TurnQueue;
  #lanes = 0;
  /** Calls under way that are not the first of their lane. */
  #extras = 0;

  constructor(range: PoolSizeRange, clock: Clock, random: () => number) {
    this.#range = range;
    this.#turns = new TurnQueue(clock);
    this.#pool = createPool({
      size: range,
      maxQueued: Infinity,
      // A lane bounds what leaks by itself: the worker of another one must never be lost to it.
      maxLeaked: Infinity,
      // What is the record's fault says nothing of the load.
      isBackPressure: (error) => judgeError(error) === "failure",
      clock,
      random,
    });
  }

  /** Gives a lane its worker. */
  join(): LaneShare {
    this.#resize(1);
    return new LaneShare(this.#pool, {
      enter: (share) => this.#enter(share),
      leave: (share) => this.#leave(share),
      quit: () => this.#resize(-1),
      pause: () => this.#turns.next(),
    });
  }

  #resize(lanes: number): void {
    this.#lanes += lanes;
    const min = Math.max(this.#range.min, this.#lanes, 1);
    const max = Math.max(this.#range.max, min);
    this.#pool.resize(min === max ? min : { min, max });
    this.#advance();
  }

  #enter(share: LaneShare): undefined | Promise<void> {
    if (this.#mayStart(share)) return void this.#begin(share);
    return new Promise((resolve) => {
      this.#waiting.push({ share, start: () => (this.#begin(share), resolve()) });
    });
  }

  #mayStart({ busy }: LaneShare): boolean {
    return busy === 0 || this.#extras < this.#pool.size - this.#lanes;
  }

  #begin(share: LaneShare): void {
    if (share.busy++ > 0) this.#extras++;
  }

  #leave(share: LaneShare): void {
    if (--share.busy > 0) this.#extras--;
    this.#advance();
  }

  #advance(): void {
    for (let i = 0; i < this.#waiting.length;) {
      const { share, start } = this.#waiting[i]!;
      if (!this.#mayStart(share)) i++;
      else {
        this.#waiting.splice(i, 1);
        start();
      }
    }
  }

  /** Figures of the pool. */
  stats(): PoolStats {
    return this.#pool.stats();
  }

  /** No call begins any more; those that still run are left alone. */
  stop(): void {
    this.#pool.stop();
  }
}

interface ShareOwner {
  enter(share: LaneShare): undefined | Promise<void>;
  leave(share: LaneShare): void;
  quit(): void;
  pause(): Promise<void>;
}

/** The workers of one lane. */
export class LaneShare {
  readonly #pool: Pool;
  readonly #owner: ShareOwner;
  /** Calls that have a worker. */
  busy = 0;

  constructor(pool: Pool, owner: ShareOwner) {
    this.#pool = pool;
    this.#owner = owner;
  }

  /** Takes a worker; a promise if there is none now. Call `leave` when the call is over. */
  enter(): undefined | Promise<void> {
    return this.#owner.enter(this);
  }

  /** Gives a worker back. */
  leave(): void {
    this.#owner.leave(this);
  }

  /** Runs one call on a worker that was taken. */
  run<T>(work: Work<T>, options: JobOptions): Promise<T> {
    return this.#pool.submit(work, options);
  }

  /** Gives the event loop back, after long work; of all lanes that do so, one goes on in a turn. */
  pause(): Promise<void> {
    return this.#owner.pause();
  }

  /** The lane is gone: its worker goes with it. */
  quit(): void {
    this.#owner.quit();
  }
}
