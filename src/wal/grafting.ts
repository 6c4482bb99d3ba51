import type { Clock } from "../clock.ts";
import type { FileStore, StoreFile } from "../storage/store.ts";
import { type Carried, graftSegment, isOutOfRoom } from "./graft.ts";
import type { NewSegment, Segment } from "./segment.ts";
import type { Site } from "./site.ts";

/** How long to wait before asking a disk again that had no room for a new segment. */
const RETRY_MS = 250;

/** What grafting asks of the log. */
export interface GraftHost {
  /** The bytes. */
  readonly store: FileStore;
  /** Throws if the store is not ours any more. */
  fence(): void;
  /** What the first line says beside the site. */
  header(): Omit<NewSegment, keyof Site>;
  /** Records below this one are written. */
  writtenSeq(): number;
  /** A segment holds all that is written from its site on, durable: the log goes on in it. */
  grafted(segment: Segment, file: StoreFile, endSeq: number): Promise<void>;
  /** The disk had no room; it is asked again. */
  refused(error: unknown): void;
}

/**
 * Begins segments that take the place of what was written and is not proven to be durable, or is to be
 * forgotten. One at a time; while one is under way nothing is written to the log.
 */
export class Grafting {
  readonly #host: GraftHost;
  readonly #clock: Clock;
  #running: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  #wake: (() => void) | undefined;

  constructor(host: GraftHost, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  /** Resolves when no segment is being begun. */
  get settled(): Promise<unknown> {
    return this.#running;
  }

  /** Begins a segment, once. */
  async once(site: Site, carried: Carried): Promise<void> {
    const host = this.#host;
    host.fence();
    const end = host.writtenSeq();
    const header = { ...site, ...host.header() };
    const { segment, file } = await graftSegment(host.store, header, carried, end);
    await host.grafted(segment, file, end);
  }

  /** Runs `graft` now, and again and again while the disk has no room. */
  orWait(graft: () => Promise<void>): Promise<void> {
    return this.#track(this.#orWait(graft));
  }

  async #orWait(graft: () => Promise<void>): Promise<void> {
    try {
      await graft();
    } catch (error) {
      if (!isOutOfRoom(error)) throw error;
      await this.#whenThereIsRoom(graft, error);
    }
  }

  /**
   * Runs `graft` when the disk may have room again.
   *
   * @param refusal What the disk said so far
   */
  later(graft: () => Promise<void>, refusal: unknown): Promise<void> {
    return this.#track(this.#whenThereIsRoom(graft, refusal));
  }

  #track(running: Promise<void>): Promise<void> {
    this.#running = running.catch(() => {});
    return running;
  }

  async #whenThereIsRoom(graft: () => Promise<void>, refusal: unknown): Promise<void> {
    let said = refusal;
    while (!this.#isStopped) {
      this.#host.refused(said);
      await this.#pause();
      try {
        return await graft();
      } catch (error) {
        if (!isOutOfRoom(error)) throw error;
        said = error;
      }
    }
    throw said;
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(resolve, RETRY_MS);
    this.#wake = resolve;
    await promise;
    cancel();
  }

  /** Who waits for room looks once more, and then gives up. */
  stop(): void {
    this.#isStopped = true;
    this.#wake?.();
  }
}
