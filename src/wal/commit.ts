import type { Clock } from "../clock.ts";

/** When written records are synced: before they are acknowledged, every so often, or never. */
export type SyncPolicy = "always" | "interval" | "never";

/** What a commit is made of. */
export interface CommitHost {
  /** Writes what is staged, at once; false while the disk refuses. */
  flush(): boolean;
  /** Records below this one are written. */
  writtenSeq(): number;
  /** Whether something written is not synced. */
  dirty(): boolean;
  /** Syncs everything written so far. */
  sync(): Promise<void>;
  /** Records below `seq` are synced. */
  synced(seq: number): void;
  /** A sync failed: nothing more may be acknowledged. */
  failed(error: unknown): Error;
}

interface Waiters {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** How long to wait before asking a disk again that refused a write. */
const RETRY_WRITE_MS = 250;

/**
 * Group commit: callers that arrive while a sync runs share the next one, and one promise. There is no
 * artificial delay: a batch is whatever gathered during the sync before it.
 */
export class GroupCommit {
  readonly #host: CommitHost;
  readonly #policy: SyncPolicy;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #waiters: Waiters | undefined;
  #running = false;
  /** The last sync; the next one is chained to it, so that at most one is in flight. */
  #syncing: Promise<void> = Promise.resolve();
  #cancelTimer: (() => void) | undefined;

  constructor(host: CommitHost, policy: SyncPolicy, intervalMs: number, clock: Clock) {
    this.#host = host;
    this.#policy = policy;
    this.#intervalMs = intervalMs;
    this.#clock = clock;
  }

  /** Resolves when everything staged before the call is acknowledged as the policy defines it. */
  request(): Promise<void> {
    this.#waiters ??= waiters();
    const { promise } = this.#waiters;
    if (!this.#running) void this.#run();
    return promise;
  }

  /** Syncs everything written, whatever the policy. */
  syncNow(): Promise<void> {
    return this.#syncOnce();
  }

  /** Ends the timers; nothing is acknowledged afterwards. */
  stop(): void {
    this.#cancelTimer?.();
  }

  /** Rejects those who wait. */
  fail(error: Error): void {
    this.#waiters?.reject(error);
    this.#waiters = undefined;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiters !== undefined) {
      const current = this.#waiters;
      if (!this.#host.flush()) {
        this.#retryLater();
        break;
      }
      this.#waiters = undefined;
      try {
        if (this.#policy === "always") await this.#syncOnce();
        else this.#syncLater();
        current.resolve();
      } catch (error) {
        current.reject(error as Error);
      }
    }
    this.#running = false;
  }

  #syncOnce(): Promise<void> {
    this.#syncing = this.#syncing.then(() => this.#sync(), () => this.#sync());
    return this.#syncing;
  }

  async #sync(): Promise<void> {
    if (!this.#host.dirty()) return;
    const seq = this.#host.writtenSeq();
    try {
      await this.#host.sync();
    } catch (error) {
      throw this.#host.failed(error);
    }
    this.#host.synced(seq);
  }

  #syncLater(): void {
    if (this.#policy !== "interval" || this.#cancelTimer !== undefined) return;
    this.#cancelTimer = this.#clock.setTimer(() => {
      this.#cancelTimer = undefined;
      this.#syncOnce().catch((error) => this.fail(error as Error));
    }, this.#intervalMs);
  }

  #retryLater(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.setTimer(() => {
      this.#cancelTimer = undefined;
      if (this.#waiters !== undefined && !this.#running) void this.#run();
    }, RETRY_WRITE_MS);
  }
}

function waiters(): Waiters {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Most commits are asked for without anybody waiting; their failure is told by `failed`.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
