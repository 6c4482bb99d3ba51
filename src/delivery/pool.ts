import { alarm } from "./alarm.ts";
import { Admission } from "./pool_admission.ts";
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
import { JobQueue } from "./pool_queue.ts";
import { Runner, type RunnerHost } from "./pool_runner.ts";
import { JobSignals } from "./pool_signals.ts";
import { PoolTime } from "./pool_time.ts";
import { PoolCounts, type PoolStats } from "./pool_stats.ts";

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
   * - `PoolFullError` if it was refused, or found no room in time; it never runs
   * - `JobDroppedError` if it was given up for a newer one; it never runs
   * - `JobTimeoutError` if its time was over
   * - the reason of its signal
   * - `PoolClosedError` if the pool is stopped, or was closed before the job's end
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
   * Waits until nothing waits and nothing is under way, or the time is over; leaked jobs are not waited
   * for. Call `stop` first where others go on handing jobs over.
   *
   * @throws {RangeError} If the time is negative or not a number
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
  readonly time: PoolTime;
  readonly #queue = new JobQueue();
  readonly #signals: JobSignals;
  readonly #runner: Runner;
  readonly #admission: Admission;
  readonly #whenIdle = new Set<() => void>();
  #closing: Promise<PoolReport> | undefined;

  constructor(options: PoolOptions) {
    this.settings = poolSettings(options);
    this.time = new PoolTime(this.settings.clock);
    this.#signals = new JobSignals((job, reason) => this.#admission.abort(job, reason));
    this.outcomes = new Outcomes(this.counts, this.#signals, this.settings.onError);
    this.#runner = new Runner(this);
    this.#admission = new Admission(this, this.#queue, this.#runner, options);
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

  #offer(job: Job, options: JobOptions): boolean {
    const isTaken = this.#admission.offer(job, options);
    if (isTaken) this.#signals.watch(job);
    return isTaken;
  }

  /** The longest run of a job that may be run. */
  #check(
    work: unknown,
    { timeoutMs = this.settings.timeoutMs, roomTimeoutMs, graceMs }: JobOptions,
  ): number {
    if (typeof work !== "function") {
      throw new TypeError(
        `Cannot run a job that is no function but ${typeof work}: pass a function`,
      );
    }
    if (roomTimeoutMs !== undefined) duration("roomTimeoutMs", roomTimeoutMs);
    if (graceMs !== undefined) duration("graceMs", graceMs);
    return duration("timeoutMs", timeoutMs);
  }

  release(job: Job): void {
    this.#queue.release(job);
  }

  advance(): void {
    this.#admission.advance();
    if (this.#whenIdle.size > 0 && this.#isIdle) { for (const wake of [...this.#whenIdle]) wake(); }
  }

  get #isIdle(): boolean {
    return this.#queue.queued + this.#queue.blocked + this.running === 0;
  }

  resize(size: number | PoolSizeRange): void {
    this.#runner.resize(poolSize(size));
    this.advance();
  }

  stop(): void {
    this.#admission.stop();
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
    this.#admission.stop();
    this.#admission.abortAll();
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
      dropped: this.#admission.dropped,
      wait: wait.stats(),
      run: run.stats(),
      settle: settle.stats(),
      workers: workers.stats(),
    };
  }
}
