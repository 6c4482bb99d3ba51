import type { Clock } from "../clock.ts";
import { Durations } from "./durations.ts";
import { JobTimeoutError } from "./pool_errors.ts";
import type { Job } from "./pool_job.ts";
import { PoolLimit, type PoolSizeRange } from "./pool_limit.ts";
import type { PoolSettings } from "./pool_options.ts";
import type { Outcomes } from "./pool_outcomes.ts";
import type { JobEnd, PoolCounts } from "./pool_stats.ts";
import type { PoolTime } from "./pool_time.ts";
import { Watchdog } from "./pool_watchdog.ts";
import { type Worker, Workers } from "./pool_workers.ts";

/** What the runner needs of the pool around it. */
export interface RunnerHost {
  readonly settings: PoolSettings;
  readonly counts: PoolCounts;
  readonly outcomes: Outcomes;
  readonly time: PoolTime;
  /** The job holds its key no longer. */
  release(job: Job): void;
  /** A worker or a key has become free. */
  advance(): void;
}

/** Gives the event loop back after starting jobs for this long without a pause. */
const MAX_BUSY_MS = 4;
/** Its `then` calls back from a microtask for half of what `queueMicrotask` costs on Node. */
const SETTLED: Promise<void> = Promise.resolve();

/**
 * Runs jobs on workers, from the start to the end, however late that comes. Jobs are called from a
 * microtask, never from the call that hands them over or sets them free: nobody runs another one's code,
 * and a job that hands over the next one adds nothing to the stack.
 */
export class Runner {
  readonly workers: Workers<Job>;
  readonly wait: Durations = new Durations();
  readonly run: Durations = new Durations();
  readonly settle: Durations = new Durations();
  readonly #host: RunnerHost;
  readonly #clock: Clock;
  readonly #time: PoolTime;
  readonly #watchdog: Watchdog;
  /** Finds the size, where it is not given. */
  #limit: PoolLimit | undefined;
  /** Leaked jobs that hold their workers, since too many have been replaced. */
  readonly #stuck = new Set<Job>();
  #starting: Job[] = [];
  #called: Job[] = [];
  #isScheduled = false;
  #isPumping = false;

  constructor(host: RunnerHost) {
    this.#host = host;
    this.#clock = host.settings.clock;
    this.#time = host.time;
    this.workers = new Workers(host.settings.size.min);
    this.resize(host.settings.size);
    const jobs = (): Job[] => this.workers.jobs();
    this.#watchdog = new Watchdog(this.#clock, jobs, (job) => this.#due(job));
  }

  /** Changes how many jobs run at once; starts none. */
  resize({ min, max }: PoolSizeRange): void {
    const { workers } = this;
    workers.size = Math.min(max, Math.max(min, workers.size));
    this.#limit = min === max ? undefined : new PoolLimit({ min, max }, this.#clock);
  }

  #adapt(runMs: number, isPressure: boolean): void {
    if (this.#limit === undefined) return;
    this.workers.size = this.#limit.next(this.workers.size, runMs, isPressure);
  }

  /** Gives a worker, which must be free, to a job. It will be called in a moment. */
  assign(job: Job): void {
    job.state = "starting";
    job.worker = this.workers.take(job);
    if (!this.workers.hasFree) this.#limit?.reach();
    this.#host.counts.running++;
    this.#starting.push(job);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isPumping) return;
    this.#isScheduled = true;
    void SETTLED.then(this.#pump);
  }

  readonly #pump = (): void => {
    this.#isScheduled = false;
    this.#startAll(this.#time.shared());
  };

  #startAll(began: number): void {
    this.#isPumping = true;
    do {
      this.#callAll();
    } while (this.#starting.length > 0 && this.#time.fresh() - began < MAX_BUSY_MS);
    this.#isPumping = false;
    if (this.#starting.length === 0) return;
    this.#isScheduled = true;
    this.#clock.defer(this.#pump);
  }

  #callAll(): void {
    const jobs = this.#starting;
    this.#starting = this.#called;
    for (const job of jobs) if (job.state === "starting") this.#call(job);
    jobs.length = 0;
    this.#called = jobs;
  }

  #call(job: Job): void {
    // A deadline counts from the true start.
    this.#started(job, job.timeoutMs === Infinity ? this.#time.shared() : this.#time.fresh());
    let value: unknown;
    let isDone = true;
    try {
      value = job.work(job);
      if (isThenable(value)) return this.#follow(job, Promise.resolve(value));
    } catch (error) {
      value = error;
      isDone = false;
    }
    this.#settled(job, isDone, value, this.#time.fresh());
  }

  #follow(job: Job, outcome: Promise<unknown>): void {
    outcome.then(
      (value) => this.#settledLater(job, true, value),
      (error) => this.#settledLater(job, false, error),
    );
  }

  #started(job: Job, now: number): void {
    const waitMs = job.since < 0 ? 0 : now - job.since;
    const worker = job.worker!;
    job.state = "running";
    job.since = now;
    worker.started++;
    worker.waitMs += waitMs;
    this.wait.add(waitMs);
    if (job.timeoutMs !== Infinity) this.#watchdog.watch(job, now + job.timeoutMs);
  }

  #settledLater(job: Job, isDone: boolean, value: unknown): void {
    const now = this.#time.shared();
    this.#settled(job, isDone, value, now);
    if (!this.#isScheduled && this.#starting.length > 0) this.#startAll(now);
  }

  #settled(job: Job, isDone: boolean, value: unknown, now: number): void {
    const { counts, outcomes, settings } = this.#host;
    const { state, since } = job;
    // A promise of somebody else's making may call back twice.
    if (state === "over") return;
    if (state === "leaked") this.#endLeak(job, now);
    else this.#freeAfter(job, now);
    if (state === "running") {
      this.#adapt(now - since, !isDone && settings.isBackPressure(value));
      if (!isDone) job.worker!.failed++;
      if (isDone) outcomes.succeed(job, value);
      else outcomes.fail(job, "failed", () => value);
    } else if (state === "settling") counts.settling--;
    this.#host.advance();
  }

  /** The job has ended within its time or its grace. */
  #freeAfter(job: Job, now: number): void {
    const worker = job.worker!;
    if (job.deadline !== Infinity) this.#watchdog.watch(job, Infinity);
    if (job.state === "running") this.#ranFor(now - job.since, worker);
    else {
      worker.settleMs += now - job.since;
      this.settle.add(now - job.since);
    }
    job.state = "over";
    this.workers.free(worker);
    this.#host.release(job);
  }

  #ranFor(ms: number, worker: Worker<Job>): void {
    this.#host.counts.running--;
    worker.runMs += ms;
    this.run.add(ms);
  }

  /** Ends a job that has a worker: one that was not called never will be, one under way is aborted. */
  cutShort(job: Job, reasonOf: () => unknown): void {
    if (job.state === "starting") this.#cancel(job, reasonOf);
    else if (job.state === "running") this.#abort(job, "aborted", reasonOf());
  }

  #cancel(job: Job, reasonOf: () => unknown): void {
    job.state = "over";
    this.#host.counts.running--;
    this.workers.free(job.worker!);
    this.#host.release(job);
    this.#host.outcomes.fail(job, "canceled", reasonOf);
    this.#host.advance();
  }

  #abort(job: Job, end: JobEnd, reason: unknown): void {
    const now = this.#clock.monotonic();
    this.#ranFor(now - job.since, job.worker!);
    job.state = "settling";
    job.since = now;
    this.#host.counts.settling++;
    this.#watchdog.watch(job, now + (job.graceMs ?? this.#host.settings.graceMs));
    this.#host.outcomes.fail(job, end, () => reason);
    job.abort(reason);
  }

  #due(job: Job): void {
    if (job.state === "settling") return this.#leak(job);
    if (job.state !== "running") return;
    job.worker!.timedOut++;
    this.#adapt(this.#clock.monotonic() - job.since, true);
    this.#abort(job, "timedOut", new JobTimeoutError(job.timeoutMs));
  }

  #leak(job: Job): void {
    const { counts, settings } = this.#host;
    const worker = job.worker!;
    const replaced = counts.leaked - this.#stuck.size < settings.maxLeaked;
    worker.settleMs += this.#clock.monotonic() - job.since;
    worker.leaked++;
    job.state = "leaked";
    counts.settling--;
    counts.leaked++;
    counts.leaks++;
    this.#watchdog.watch(job, Infinity);
    if (replaced) this.workers.free(worker);
    else this.#stuck.add(job);
    this.#host.release(job);
    settings.onLeak({ worker: worker.id, replaced, leaked: counts.leaked });
    this.#host.advance();
  }

  /** A leaked job has ended after all: a worker that is stuck, its own or another's, goes on. */
  #endLeak(job: Job, now: number): void {
    job.state = "over";
    this.#host.counts.leaked--;
    this.settle.add(now - job.since);
    const [oldest] = this.#stuck;
    const freed = this.#stuck.has(job) ? job : oldest;
    if (freed === undefined) return;
    this.#stuck.delete(freed);
    this.workers.free(freed.worker!);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return typeof (value as { then?: unknown }).then === "function";
}
