import { alarm } from "./alarm.ts";
import { JobDroppedError, PoolClosedError, PoolFullError } from "./pool_errors.ts";
import type { Job, JobOptions } from "./pool_job.ts";
import { createSampler } from "../sampler.ts";
import { type PoolDropListeners, PoolDrops } from "./pool_overflow.ts";
import type { JobQueue } from "./pool_queue.ts";
import type { Runner, RunnerHost } from "./pool_runner.ts";
import type { JobRefusal } from "./pool_stats.ts";

/** Decides whether a job may come in, and moves those that wait on when something becomes free. */
export class Admission {
  readonly #host: RunnerHost;
  readonly #queue: JobQueue;
  readonly #runner: Runner;
  readonly #drops: PoolDrops;
  #isStopped = false;

  constructor(host: RunnerHost, queue: JobQueue, runner: Runner, listeners: PoolDropListeners) {
    const { overflow, sampleEvery, random } = host.settings;
    this.#host = host;
    this.#queue = queue;
    this.#runner = runner;
    this.#drops = new PoolDrops(overflow, createSampler(sampleEvery, random), listeners);
  }

  /** Jobs that the policy dropped. */
  get dropped(): number {
    return this.#drops.total;
  }

  /** False if the job is refused now. */
  offer(job: Job, options: JobOptions): boolean {
    const { counts, outcomes } = this.#host;
    counts.offered++;
    if (job.caller?.aborted) return outcomes.refuse(job, "aborted", () => job.caller?.reason);
    if (this.#isStopped) return outcomes.refuse(job, "closed", stoppedError);
    if (this.#runner.workers.hasFree && this.#queue.isFirst(job)) {
      counts.accepted++;
      // It has not waited: reading the clock would cost more than the rest of its way.
      job.since = -1;
      this.#queue.begin(job);
      this.#runner.assign(job);
    } else if (this.#hasRoom) this.#enqueue(job);
    else return this.#offerFull(job, options);
    return true;
  }

  get #hasRoom(): boolean {
    return this.#queue.queued < this.#host.settings.maxQueued;
  }

  #enqueue(job: Job): void {
    this.#host.counts.accepted++;
    job.state = "queued";
    this.#lineUp(job);
  }

  #lineUp(job: Job): void {
    job.since = this.#host.time.shared();
    this.#queue.add(job);
  }

  /** What the policy does with a job for which there is no room. */
  #offerFull(job: Job, { roomTimeoutMs = Infinity }: JobOptions): boolean {
    const { outcomes } = this.#host;
    if (this.#drops.policy === "block") return this.#block(job, roomTimeoutMs);
    const victim = this.#queue.oldest;
    if (victim === undefined || !this.#drops.evicts) {
      this.#drops.add();
      return outcomes.refuse(job, "full", () => this.#fullError());
    }
    this.#remove(victim);
    this.#enqueue(job);
    outcomes.fail(victim, "evicted", droppedError);
    this.#drops.add();
    return true;
  }

  #block(job: Job, roomTimeoutMs: number): boolean {
    const { outcomes, settings: { maxBlocked, clock } } = this.#host;
    if (job.reject === undefined || roomTimeoutMs === 0 || this.#queue.blocked >= maxBlocked) {
      return outcomes.refuse(job, "full", () => this.#fullError());
    }
    this.#lineUp(job);
    if (roomTimeoutMs === Infinity) return true;
    const giveUp = (): void => this.#withdraw(job, "full", () => this.#fullError());
    job.cancelTimer = alarm(clock, giveUp, roomTimeoutMs);
    return true;
  }

  #fullError(): PoolFullError {
    const { size } = this.#runner.workers;
    const { maxQueued } = this.#host.settings;
    return new PoolFullError(
      `No room in the pool: ${size} jobs may run and ${maxQueued} may wait; ` +
        `wait for earlier ones first, or give the pool a larger size or maxQueued`,
    );
  }

  /** Takes a job back that waits for room. */
  #withdraw(job: Job, why: JobRefusal, errorOf: () => unknown): void {
    this.#remove(job);
    this.#host.outcomes.refuse(job, why, errorOf);
    this.#host.advance();
  }

  #remove(job: Job): void {
    job.state = "over";
    this.#queue.remove(job);
  }

  /** The signal of a job was aborted, wherever it stands. */
  abort(job: Job, reason: unknown): void {
    const reasonOf = (): unknown => reason;
    if (job.state === "blocked") return this.#withdraw(job, "aborted", reasonOf);
    if (job.state === "queued") return this.#cancel(job, reasonOf);
    this.#runner.cutShort(job, reasonOf);
  }

  #cancel(job: Job, reasonOf: () => unknown): void {
    this.#remove(job);
    this.#host.outcomes.fail(job, "canceled", reasonOf);
    this.#host.advance();
  }

  /** Gives free workers to the jobs whose turn it is, and free room to those that wait for it. */
  advance(): void {
    while (this.#runner.workers.hasFree) {
      const job = this.#queue.take();
      if (job === undefined) break;
      if (job.state === "blocked") this.#accept(job);
      this.#runner.assign(job);
    }
    while (this.#queue.blocked > 0 && this.#hasRoom) this.#accept(this.#queue.admit());
    const isHalfEmpty = this.#queue.queued <= this.#host.settings.maxQueued / 2;
    if (this.#drops.isOpen && isHalfEmpty) this.#drops.recover();
  }

  /** There is room for a job that waited for some. */
  #accept(job: Job): void {
    this.#host.counts.accepted++;
    job.state = "queued";
    job.cancelTimer?.();
    job.cancelTimer = undefined;
  }

  /** Lets no job in any more, those that wait for room included. */
  stop(): void {
    this.#isStopped = true;
    // All are taken out before anything moves on: none of them may slip in.
    for (let job = this.#queue.oldestBlocked; job; job = this.#queue.oldestBlocked) {
      this.#remove(job);
      this.#host.outcomes.refuse(job, "closed", stoppedError);
    }
    this.#host.advance();
  }

  /** Cancels the jobs that wait and aborts those under way. */
  abortAll(): void {
    for (let job = this.#queue.oldest; job; job = this.#queue.oldest) {
      this.#remove(job);
      this.#host.outcomes.fail(job, "canceled", closedError);
    }
    for (const job of this.#runner.workers.jobs()) this.#runner.cutShort(job, closedError);
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
