import { alarm } from "./alarm.ts";
import { JobDroppedError, PoolClosedError, PoolFullError } from "./pool_errors.ts";
import { Job, type JobOptions, type Work } from "./pool_job.ts";
import type { PoolSizeRange } from "./pool_limit.ts";
import {
  duration,
  type PoolOptions,
  type PoolSettings,
  poolSettings,
  poolSize,
} from "./pool_options.ts";
import { Outcomes } from "./pool_outcomes.ts";
import { chooseOneIn, PoolDrops } from "./pool_overflow.ts";
import { JobQueue } from "./pool_queue.ts";
import { Runner, type RunnerHost } from "./pool_runner.ts";
import { JobSignals } from "./pool_signals.ts";
import { type JobRefusal, PoolCounts, type PoolStats } from "./pool_stats.ts";

/** How long to wait for a pool to come to rest. */
export interface PoolWaitOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal;
  /** The longest wait in milliseconds. @default {Infinity} */
  readonly timeoutMs?: number;
}

/** How a pool was left. */
export interface PoolReport {
  /** Whether nothing waits and nothing is under way, leaked jobs aside. */
  readonly idle: boolean;
  /** Jobs that wait, for a worker or for room. */
  readonly waiting: number;
  /** Jobs under way, those included that were aborted and go on. */
  readonly running: number;
  /** Jobs that were given up and still run. */
  readonly leaked: number;
}

/**
 * Runs jobs, so many at once and no more.
 *
 * On one thread a worker is a permit: jobs share the thread and take turns where they wait. There is
 * nothing to steal from another core, so work stealing only means that a worker that is free takes the
 * next job that may start, whatever its key: the first jobs of all keys stand in one line, and a key goes
 * to its end after each job, so that a long backlog of one key delays no other.
 */
export interface Pool extends AsyncDisposable {
  /** Jobs that may run at once. */
  readonly size: number;
  /** Jobs under way, those included that were aborted and go on. */
  readonly running: number;
  /** Accepted jobs that wait for a worker. */
  readonly queued: number;
  /**
   * Hands a job over and waits for what it returns. The job is never called before the caller has
   * returned. The promise rejects with what the job throws, or with:
   * - {@linkcode PoolFullError} if it was refused, or found no room in time; it never runs
   * - {@linkcode JobDroppedError} if it was given up for a newer one; it never runs
   * - {@linkcode JobTimeoutError} if its time was over
   * - the reason of its signal
   * - {@linkcode PoolClosedError} if the pool is stopped, or was closed before the job's end
   */
  submit<T>(work: Work<T>, options?: JobOptions): Promise<T>;
  /**
   * Hands a job over and never waits: false if it was refused. What becomes of it is counted, and `onError`
   * is told why it did not succeed.
   */
  post(work: Work<unknown>, options?: JobOptions): boolean;
  /**
   * Changes how many jobs may run at once. More start at once; where there are too many, they end as they
   * would have. A range lets the pool find its size by itself from here on, a number ends that.
   *
   * @throws {RangeError} If it is no whole number from 1, nor a range of them
   */
  resize(size: number | PoolSizeRange): void;
  /** Takes no more jobs, for good; those that were accepted go on. Idempotent. */
  stop(): void;
  /**
   * Waits until nothing waits and nothing is under way, or the time is over. Never rejects. Call `stop`
   * first where others go on handing jobs over.
   */
  drain(options?: PoolWaitOptions): Promise<PoolReport>;
  /**
   * Ends the pool: takes no more jobs, cancels those that wait, aborts those under way and waits until they
   * have ended or their grace period is over. Idempotent, never rejects.
   */
  close(): Promise<PoolReport>;
  /** Figures. */
  stats(): PoolStats;
}

/**
 * Makes a pool of workers for asynchronous jobs.
 *
 * @throws {RangeError} If an option is out of range
 *
 * @example
 * ```ts
 * import { createPool } from "@logflume/logflume";
 *
 * await using pool = createPool({ size: 2, timeoutMs: 1000 });
 * const sum = await pool.submit(async ({ signal }) => {
 *   signal.throwIfAborted();
 *   return await Promise.resolve(40 + 2);
 * });
 * console.assert(sum === 42);
 *
 * const order: number[] = [];
 * pool.post(() => void order.push(1), { key: "file" });
 * pool.post(() => void order.push(2), { key: "file" });
 * await pool.drain();
 * console.assert(order.join() === "1,2");
 * ```
 */
export function createPool(options: PoolOptions = {}): Pool {
  return new WorkerPool(options);
}

const NO_OPTIONS: JobOptions = {};

class WorkerPool implements Pool, RunnerHost {
  readonly settings: PoolSettings;
  readonly counts: PoolCounts = new PoolCounts();
  readonly outcomes: Outcomes;
  readonly #queue = new JobQueue();
  readonly #runner: Runner;
  readonly #drops: PoolDrops;
  readonly #signals: JobSignals;
  readonly #whenIdle = new Set<() => void>();
  #isStopped = false;
  #closing: Promise<PoolReport> | undefined;

  constructor(options: PoolOptions) {
    const settings = poolSettings(options);
    this.settings = settings;
    this.#drops = new PoolDrops(
      settings.overflow,
      chooseOneIn(settings.sampleEvery, settings.random),
      options,
    );
    this.#signals = new JobSignals((job, reason) => this.#end(job, "aborted", () => reason));
    this.outcomes = new Outcomes(this.counts, this.#signals, settings.onError);
    this.#runner = new Runner(this);
  }

  get size(): number {
    return this.#runner.workers.size;
  }

  get running(): number {
    return this.counts.running + this.counts.settling;
  }

  get queued(): number {
    return this.#queue.queued;
  }

  submit<T>(work: Work<T>, options: JobOptions = NO_OPTIONS): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timeoutMs = this.#check(work, options);
      const fulfil = resolve as (value: unknown) => void;
      this.#offer(new Job(work, options, timeoutMs, fulfil, reject), options);
    });
  }

  post(work: Work<unknown>, options: JobOptions = NO_OPTIONS): boolean {
    return this.#offer(new Job(work, options, this.#check(work, options)), options);
  }

  /** The longest run of a job that may be run. */
  #check(
    work: unknown,
    { timeoutMs = this.settings.timeoutMs, roomTimeoutMs }: JobOptions,
  ): number {
    if (typeof work !== "function") {
      throw new TypeError(
        `Cannot run a job that is no function but ${typeof work}: pass a function`,
      );
    }
    if (roomTimeoutMs !== undefined) duration("roomTimeoutMs", roomTimeoutMs);
    return duration("timeoutMs", timeoutMs);
  }

  /** False if the job is refused now. */
  #offer(job: Job, options: JobOptions): boolean {
    this.counts.offered++;
    if (job.caller?.aborted) return this.outcomes.refuse(job, "aborted", () => job.caller?.reason);
    if (this.#isStopped) return this.outcomes.refuse(job, "closed", stoppedError);
    if (this.#runner.workers.hasFree && this.#queue.isFirst(job)) {
      this.#queue.begin(job);
      this.counts.accepted++;
      job.since = -1;
      this.#runner.assign(job);
    } else if (this.#hasRoom) this.#enqueue(job);
    else if (!this.#offerFull(job, options)) return false;
    this.#signals.watch(job);
    return true;
  }

  #enqueue(job: Job): void {
    this.counts.accepted++;
    job.state = "queued";
    this.#lineUp(job);
  }

  #lineUp(job: Job): void {
    job.since = this.settings.clock.monotonic();
    this.#queue.add(job);
  }

  /** What the policy does with a job for which there is no room. */
  #offerFull(job: Job, { roomTimeoutMs = Infinity }: JobOptions): boolean {
    const { policy } = this.#drops;
    if (policy === "block") return this.#block(job, roomTimeoutMs);
    const victim = this.#queue.oldest;
    if (victim === undefined || !this.#drops.evicts) {
      this.#drops.add();
      return this.outcomes.refuse(job, "full", () => this.#fullError());
    }
    this.#remove(victim);
    this.#enqueue(job);
    this.outcomes.fail(victim, "evicted", droppedError);
    this.#drops.add();
    return true;
  }

  #block(job: Job, roomTimeoutMs: number): boolean {
    const { maxBlocked, clock } = this.settings;
    if (job.reject === undefined || roomTimeoutMs === 0 || this.#queue.blocked >= maxBlocked) {
      return this.outcomes.refuse(job, "full", () => this.#fullError());
    }
    this.#lineUp(job);
    if (roomTimeoutMs === Infinity) return true;
    job.cancelTimer = alarm(
      clock,
      () => this.#withdraw(job, "full", () => this.#fullError()),
      roomTimeoutMs,
    );
    return true;
  }

  #fullError(): PoolFullError {
    const { maxQueued } = this.settings;
    return new PoolFullError(
      `No room in the pool: ${this.size} jobs may run and ${maxQueued} may wait; ` +
        `wait for earlier ones first, or give the pool a larger size or maxQueued`,
    );
  }

  /** Takes a job back that waits for room. */
  #withdraw(job: Job, why: JobRefusal, errorOf: () => unknown): void {
    this.#remove(job);
    this.outcomes.refuse(job, why, errorOf);
    this.advance();
  }

  /** Ends a job wherever it stands. */
  #end(job: Job, end: "aborted" | "closed", reasonOf: () => unknown): void {
    if (job.state === "blocked") return this.#withdraw(job, end, reasonOf);
    if (job.state !== "queued") return this.#runner.cutShort(job, "aborted", reasonOf);
    this.#remove(job);
    this.outcomes.fail(job, "canceled", reasonOf);
    this.advance();
  }

  #remove(job: Job): void {
    job.state = "over";
    this.#queue.remove(job);
  }

  release(job: Job): void {
    this.#queue.release(job);
  }

  advance(): void {
    while (this.#runner.workers.hasFree) {
      const job = this.#queue.take();
      if (job === undefined) break;
      if (job.state === "blocked") this.#accept(job);
      this.#runner.assign(job);
    }
    while (this.#queue.blocked > 0 && this.#hasRoom) this.#accept(this.#queue.admit());
    if (this.#drops.isOpen && this.#queue.queued <= this.settings.maxQueued / 2) {
      this.#drops.recover();
    }
    if (this.#whenIdle.size > 0 && this.#isIdle) { for (const wake of [...this.#whenIdle]) wake(); }
  }

  /** There is room for a job that waited for some. */
  #accept(job: Job): void {
    this.counts.accepted++;
    job.state = "queued";
    job.cancelTimer?.();
    job.cancelTimer = undefined;
  }

  get #hasRoom(): boolean {
    return this.#queue.queued < this.settings.maxQueued;
  }

  get #isIdle(): boolean {
    return this.#queue.queued + this.#queue.blocked + this.running === 0;
  }

  resize(size: number | PoolSizeRange): void {
    this.#runner.resize(poolSize(size));
    this.advance();
  }

  stop(): void {
    this.#isStopped = true;
    // All are taken out before anything moves on: none of them may slip in.
    for (let job = this.#queue.oldestBlocked; job; job = this.#queue.oldestBlocked) {
      this.#remove(job);
      this.outcomes.refuse(job, "closed", stoppedError);
    }
    this.advance();
  }

  async drain({ signal, timeoutMs = Infinity }: PoolWaitOptions = {}): Promise<PoolReport> {
    duration("timeoutMs", timeoutMs);
    if (!this.#isIdle && timeoutMs > 0 && !signal?.aborted) await this.#rest(timeoutMs, signal);
    return this.#report();
  }

  async #rest(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = alarm(this.settings.clock, resolve, timeoutMs);
    const stop = (): void => resolve();
    signal?.addEventListener("abort", stop, { once: true });
    this.#whenIdle.add(resolve);
    await promise;
    this.#whenIdle.delete(resolve);
    signal?.removeEventListener("abort", stop);
    cancel();
  }

  #report(): PoolReport {
    const { queued, blocked } = this.#queue;
    const { running, counts: { leaked } } = this;
    return { idle: this.#isIdle, waiting: queued + blocked, running, leaked };
  }

  close(): Promise<PoolReport> {
    return this.#closing ??= this.#close();
  }

  #close(): Promise<PoolReport> {
    this.stop();
    for (let job = this.#queue.oldest; job; job = this.#queue.oldest) {
      this.#remove(job);
      this.outcomes.fail(job, "canceled", closedError);
    }
    for (const job of this.#runner.workers.jobs()) {
      this.#runner.cutShort(job, "aborted", closedError);
    }
    return this.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  stats(): PoolStats {
    const { refused, ended, ...counts } = this.counts;
    const { workers, wait, run, settle } = this.#runner;
    const { queued, blocked, keys } = this.#queue;
    return {
      ...counts,
      ...ended,
      refused: { ...refused },
      size: workers.size,
      idle: Math.max(0, workers.size - workers.busy),
      queued,
      blocked,
      keys,
      dropped: this.#drops.total,
      wait: wait.stats(),
      run: run.stats(),
      settle: settle.stats(),
      workers: workers.stats(),
    };
  }
}

function stoppedError(): PoolClosedError {
  return new PoolClosedError("The pool is stopped and takes no more jobs: make another one");
}

function closedError(): PoolClosedError {
  return new PoolClosedError("The pool was closed before the job ended: drain it first");
}

function droppedError(): JobDroppedError {
  return new JobDroppedError(
    "The job was given up for a newer one while it waited: give the pool a larger size or maxQueued, " +
      'or use the overflow "block"',
  );
}
