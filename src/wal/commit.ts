import type { Clock } from "../clock.ts";
import { Histogram } from "../metrics/histogram.ts";
import type { SyncPolicy } from "../storage/store.ts";

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
  /** How long syncs took that ended well; none of those that are done at once. */
  readonly latency: Histogram = new Histogram();
  #waiters: Waiters | undefined;
  #running = false;
  /** The last sync; the next one is chained to it, so that at most one is in flight. */
  #syncing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #cancelInterval: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;

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

  /**
   * Syncs everything written, then does `work` before another sync begins: what a sync has in hand, and
   * what it promises when it ends, must not change under it.
   */
  exclusively(work: () => Promise<void>): Promise<void> {
    const run = async (): Promise<void> => {
      await this.#sync();
      await work();
    };
    this.#syncing = this.#syncing.then(run, run);
    return this.#syncing;
  }

  /** Something was written: with `interval`, it is synced after that time at the latest. */
  written(): void {
    if (this.#policy !== "interval" || this.#cancelInterval !== undefined) return;
    this.#cancelInterval = this.#clock.setTimer(() => {
      this.#cancelInterval = undefined;
      // A failure is told by the host.
      this.#syncOnce().catch(() => {});
    }, this.#intervalMs);
  }

  /** Ends the timers and rejects those who wait; nothing is acknowledged afterwards. */
  stop(error: Error): void {
    this.#cancelInterval?.();
    this.#cancelRetry?.();
    this.fail(error);
  }

  /** Rejects those who wait, and all who come. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#waiters?.reject(error);
    this.#waiters = undefined;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiters !== undefined) {
      const current = this.#waiters;
      // Taken before the write: who is told of written lines may stage more and ask for the next commit.
      this.#waiters = undefined;
      if (!this.#host.flush()) {
        if (this.#failure !== undefined) {
          current.reject(this.#failure);
          break;
        }
        this.#waitOn(current);
        this.#retryLater();
        break;
      }
      try {
        if (this.#policy === "always") await this.#syncOnce();
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
    // After a failed sync the next one may succeed without the bytes of the first.
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#host.dirty()) return;
    const seq = this.#host.writtenSeq();
    const since = this.#clock.monotonic();
    try {
      await this.#host.sync();
    } catch (error) {
      const failure = this.#host.failed(error);
      this.fail(failure);
      throw failure;
    }
    this.latency.record(this.#clock.monotonic() - since);
    this.#host.synced(seq);
  }

  /** These go on waiting, and those that came meanwhile wait with them. */
  #waitOn(current: Waiters): void {
    const later: Waiters | undefined = this.#waiters;
    this.#waiters = current;
    if (later !== undefined) current.promise.then(later.resolve, later.reject);
  }

  #retryLater(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#clock.setTimer(() => {
      this.#cancelRetry = undefined;
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
