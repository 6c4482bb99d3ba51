import type { Clock } from "../clock.ts";

/** So long after the last sync the log itself tells how far it is durable. */
const HORIZON_MS = 50;

/** What telling the horizon asks of the log. */
export interface HorizonHost {
  /** Records below this one are written. */
  writtenSeq(): number;
  /** Records below this one are synced. */
  syncedSeq(): number;
  /** Whether nothing waits to be written, and the log takes frames. */
  isAtRest(): boolean;
  /** Writes a frame without records; false if it is not written yet. Throws if the disk refuses. */
  write(): boolean;
}

/**
 * How far the log itself tells that it is durable. Every frame tells it; once the log is at rest, one
 * without records does, so that damage in the last records can be told from a write that was cut.
 */
export class Horizon {
  readonly #host: HorizonHost;
  readonly #clock: Clock;
  #toldSeq: number;
  #syncs = 0;
  #cancel: (() => void) | undefined;

  /** Takes what is synced for told: an opening looks at the rest. */
  constructor(host: HorizonHost, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
    this.#toldSeq = host.syncedSeq();
  }

  /** A frame goes out, which tells it. */
  told(): void {
    this.#toldSeq = this.#host.syncedSeq();
  }

  /** Something was synced: the wait for rest begins anew. No timer is set while one runs. */
  synced(): void {
    this.#syncs++;
    this.#cancel ??= this.#wait();
  }

  #wait(): () => void {
    const syncs = this.#syncs;
    return this.#clock.setTimer(() => {
      const isAtRest = syncs === this.#syncs;
      this.#cancel = isAtRest ? undefined : this.#wait();
      if (isAtRest) this.write();
    }, HORIZON_MS);
  }

  /** Writes a frame that tells it; false if there is nothing new to tell, or more to write first. */
  write(): boolean {
    const syncedSeq = this.#host.syncedSeq();
    const isTold = this.#toldSeq >= syncedSeq || this.#host.writtenSeq() > syncedSeq;
    if (isTold || !this.#host.isAtRest()) return false;
    try {
      return this.#host.write();
    } catch {
      // It goes out with what is written next.
      return false;
    }
  }

  /** Ends the timer. */
  stop(): void {
    this.#cancel?.();
  }
}
