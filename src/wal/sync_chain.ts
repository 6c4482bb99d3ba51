import type { Clock } from "../clock.ts";
import { Histogram } from "../metrics/histogram.ts";

/** What a sync asks of the log. */
export interface SyncHost {
  /** Records below this one are written. */
  writtenSeq(): number;
  /** Whether something written is not synced. */
  isDue(): boolean;
  /** Why nothing can be acknowledged any more. */
  refusal(): Error | undefined;
  /** Syncs everything written so far. */
  sync(): Promise<void>;
  /** Records below `seq` are synced. */
  synced(seq: number): void;
  /** A sync failed: nothing more may be acknowledged. */
  failed(error: unknown): Error;
}

/** Syncs of one log, one after another: never two in flight, and other work only between two of them. */
export class SyncChain {
  /** How long syncs took that ended well; none of those that are done at once. */
  readonly latency: Histogram = new Histogram();
  readonly #host: SyncHost;
  readonly #clock: Clock;
  /** The newest link; the next one is chained to it. */
  #last: Promise<void> = Promise.resolve();

  constructor(host: SyncHost, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  /** Syncs everything that is written when its turn comes; does nothing if nothing is due. */
  sync(): Promise<void> {
    return this.#then(() => this.#sync());
  }

  /**
   * Syncs everything written, then does `work` before another sync begins: what a sync has in hand, and
   * what it promises when it ends, must not change under it.
   */
  exclusively(work: () => Promise<void>): Promise<void> {
    return this.#then(async () => {
      await this.#sync();
      await work();
    });
  }

  #then(link: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(link, link);
    return this.#last;
  }

  async #sync(): Promise<void> {
    // After a failed sync the next one may succeed without the bytes of the first.
    const refusal = this.#host.refusal();
    if (refusal !== undefined) throw refusal;
    if (!this.#host.isDue()) return;
    const seq = this.#host.writtenSeq();
    const since = this.#clock.monotonic();
    try {
      await this.#host.sync();
    } catch (error) {
      throw this.#host.failed(error);
    }
    this.latency.record(this.#clock.monotonic() - since);
    this.#host.synced(seq);
  }
}
