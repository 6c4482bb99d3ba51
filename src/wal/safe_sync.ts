import { messageOf } from "../errors.ts";
import type { FileStore, LogNotice } from "../storage/store.ts";
import type { Fence } from "./fence.ts";
import type { Grafting } from "./grafting.ts";
import type { Retention } from "./retention.ts";
import { FAILED_SYNC_NAME, markFailedSync } from "./segment.ts";
import { siteAt } from "./site.ts";
import type { SegmentWriter } from "./writer.ts";

/** What syncing needs of the log. */
export interface SafeSyncHost {
  readonly store: FileStore;
  readonly writer: SegmentWriter;
  readonly retention: Retention;
  readonly grafting: Grafting;
  readonly fence: Fence;
  /** Records below this one are written. */
  writtenSeq(): number;
  /** Whether the log is being closed: nothing is begun any more. */
  isClosing(): boolean;
  /** What was not durable is written once more. */
  tell(notice: LogNotice): void;
}

/**
 * Makes what is written durable. After a failed sync the same bytes are never synced again: the kernel may
 * have dropped them, and would call that a success. What was not durable is written once more from memory,
 * in a new segment.
 */
export class SafeSync {
  readonly #host: SafeSyncHost;
  readonly #atOnce: boolean;
  /** What a sync at once said that failed and was not made good yet. */
  #failed: { readonly error: unknown } | undefined;

  /** @param atOnce Whether every sync is done in the calling thread */
  constructor(host: SafeSyncHost, atOnce: boolean) {
    this.#host = host;
    this.#atOnce = atOnce;
  }

  /** Whether something written is not synced. */
  get isDue(): boolean {
    return this.#failed !== undefined || this.#host.writer.dirty;
  }

  /**
   * Resolves when all that is written is durable, be it in a second try.
   *
   * @throws {Error} If that failed as well, or the store is not ours any more
   */
  async run(): Promise<void> {
    try {
      if (this.#failed !== undefined) throw this.#failed.error;
      if (this.#atOnce) this.#host.writer.syncSync();
      else await this.#host.writer.sync();
    } catch (error) {
      await this.#rewrite(error);
    }
    this.#host.fence.assert();
  }

  /** A sync at once has failed: nothing is written any more until `run` has made it good. */
  failed(error: unknown): void {
    this.#failed = { error };
    this.#host.writer.close();
    if (this.#host.store.isHeld()) markFailedSync(this.#host.store);
  }

  async #rewrite(error: unknown): Promise<void> {
    const { store, writer, retention, grafting, fence } = this.#host;
    const { held, durable } = writer;
    writer.close();
    fence.assert();
    markFailedSync(store);
    if (held === undefined || this.#host.isClosing()) throw error;
    this.#host.tell({
      kind: "write-failed",
      message: `Segment "${durable.segment.name}" in "${store.label}" cannot be synced: ` +
        `${messageOf(error)}; what was not durable is written anew into another one`,
    });
    const first = held.find(({ chunk }) => chunk.count > 0)?.chunk.firstSeq ??
      this.#host.writtenSeq();
    const index = retention.segments.indexOf(durable.segment);
    const site = siteAt(retention.segments, { index, offset: durable.end, seq: first });
    const lines = held.map(({ chunk, mark }) => ({ chunk, mark }));
    retention.discard([FAILED_SYNC_NAME]);
    await grafting.orWait(() => grafting.once(site, lines));
    this.#failed = undefined;
  }
}
