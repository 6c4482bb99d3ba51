import type { Clock } from "../clock.ts";
import type { SyncPolicy } from "./store.ts";

/** What a commit asks of the log. */
export interface CommitHost {
  /** Writes what is staged, at once; false while the disk refuses. */
  flush(): boolean;
  /** Why nothing can be acknowledged any more. */
  refusal(): Error | undefined;
  /** Makes everything written before the call survive a power cut; the log tells of its failure. */
  sync(): Promise<void>;
}

interface Waiters {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
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
  readonly #intervalMs: number;
  readonly #clock: Clock;
  #waiters: Waiters | undefined;
  #running = false;
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

  /** Something was written: with `interval`, it is synced after that time at the latest. */
  written(): void {
    if (this.#policy !== "interval" || this.#cancelInterval !== undefined) return;
    this.#cancelInterval = this.#clock.setTimer(() => {
      this.#cancelInterval = undefined;
      this.#host.sync().catch(() => {});
    }, this.#intervalMs);
  }

  /** Rejects those who wait: the log takes nothing more. */
  fail(error: Error): void {
    this.#waiters?.reject(error);
    this.#waiters = undefined;
  }

  /** Ends the timers and rejects those who wait. */
  stop(error: Error): void {
    this.#cancelInterval?.();
    this.#cancelRetry?.();
    this.fail(error);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiters !== undefined) {
      const current = this.#waiters;
      // Taken before the write: who is told of written lines may stage more and ask for the next commit.
      this.#waiters = undefined;
      try {
        if (!this.#host.flush()) {
          const refusal = this.#host.refusal();
          if (refusal === undefined) {
            this.#waitOn(current);
            break;
          }
          throw refusal;
        }
        if (this.#policy === "always") await this.#host.sync();
        current.resolve();
      } catch (error) {
        current.reject(error);
      }
    }
    this.#running = false;
  }

  /** These go on waiting, those that came meanwhile wait with them, and a timer asks again. */
  #waitOn(current: Waiters): void {
    const later = this.#waiters;
    this.#waiters = current;
    if (later !== undefined) current.promise.then(later.resolve, later.reject);
    this.#cancelRetry?.();
    this.#cancelRetry = this.#clock.setTimer(() => {
      this.#cancelRetry = undefined;
      if (this.#waiters !== undefined && !this.#running) void this.#run();
    }, RETRY_WRITE_MS);
  }
}

function waiters(): Waiters {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Most commits are asked for without anybody waiting; their failure is told by the log.
  promise.catch(() => {});
  return { promise, resolve, reject };
}
