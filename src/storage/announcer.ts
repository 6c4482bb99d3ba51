import { isolated } from "../isolated.ts";
import type { LogChunk, LogNotice } from "./store.ts";

/**
 * Tells listeners what was written and what happened: each of them in order, also when one of them makes
 * the log write more; and not before a piece of work is done that nobody may meddle with.
 */
export class Announcer {
  readonly #onNotice: (notice: LogNotice) => void;
  readonly #listeners = new Set<(chunk: LogChunk) => void>();
  #untold: (LogChunk | LogNotice)[] = [];
  #held = 0;
  #isTelling = false;

  /** @param onNotice Must not throw */
  constructor(onNotice: (notice: LogNotice) => void) {
    this.#onNotice = onNotice;
  }

  /** Calls `listener` with all lines written from now on; the answer withdraws it. */
  onWritten(listener: (chunk: LogChunk) => void): () => void {
    const guarded = isolated("a listener of onWritten", listener);
    this.#listeners.add(guarded);
    return () => this.#listeners.delete(guarded);
  }

  /** Does `work`, which nobody may meddle with; what there is to tell is told after it. */
  after<T>(work: () => T): T {
    this.#held++;
    try {
      return work();
    } finally {
      this.#held--;
      this.#tellAll();
    }
  }

  /** Lines were written, or something happened. */
  tell(news: LogChunk | LogNotice): void {
    this.#untold.push(news);
    this.#tellAll();
  }

  #tellAll(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    while (this.#held === 0 && this.#untold.length > 0) {
      const news = this.#untold;
      this.#untold = [];
      for (const one of news) this.#tellOne(one);
    }
    this.#isTelling = false;
  }

  #tellOne(news: LogChunk | LogNotice): void {
    if ("message" in news) this.#onNotice(news);
    else for (const listener of this.#listeners) listener(news);
  }
}
