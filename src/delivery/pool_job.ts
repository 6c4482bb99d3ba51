import type { Place } from "./line.ts";
import type { Worker } from "./pool_workers.ts";

/** What a job is given. */
export interface JobContext {
  /**
   * Aborted when the job's time is over, when its caller's signal is aborted, and when the pool closes. A
   * job that heeds it gives its worker back early.
   */
  readonly signal: AbortSignal;
}

/** Work for a pool. What it returns or throws is its outcome; a promise is waited for. */
export type Work<T> = (context: JobContext) => T | PromiseLike<T>;

/** What keeps jobs in order. */
export type JobKey = string | number | bigint | symbol | object;

/** How one job is to be run. */
export interface JobOptions {
  /** Jobs of the same key run one after the other, in the order in which they came. */
  readonly key?: JobKey;
  /**
   * Aborting it takes a waiting job out of the queue, and cuts a running one short: the promise rejects at
   * once with its reason.
   */
  readonly signal?: AbortSignal;
  /** The longest run in milliseconds, not counting the wait before. @default {the pool's timeoutMs} */
  readonly timeoutMs?: number;
  /** How long it may go on after it was aborted, in milliseconds. @default {the pool's graceMs} */
  readonly graceMs?: number;
  /**
   * With `block` and `submit`: the longest wait for room in the queue, in milliseconds; 0 does not wait.
   *
   * @default {Infinity}
   */
  readonly roomTimeoutMs?: number;
}

/**
 * Where a job stands:
 * - `blocked` waits for room in the queue, and is not accepted yet
 * - `queued` is accepted and waits for a worker, or for the job of its key before it
 * - `starting` has a worker and will be called in a moment
 * - `running` is under way
 * - `settling` has its outcome (its time is over, or it was aborted) and still runs
 * - `leaked` still runs after the grace period
 * - `over` is done with
 */
export type JobState =
  | "blocked"
  | "queued"
  | "starting"
  | "running"
  | "settling"
  | "leaked"
  | "over";

/** One job on its way through a pool. */
export class Job implements JobContext {
  readonly work: Work<unknown>;
  readonly key: JobKey | undefined;
  readonly caller: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly graceMs: number | undefined;
  /** Settle the promise of a job that was submitted; one that was posted has none. */
  readonly resolve: ((value: unknown) => void) | undefined;
  readonly reject: ((reason: unknown) => void) | undefined;
  state: JobState = "blocked";
  /** Where it stands among those that may start, or behind the job of its key before it. */
  turn: Place<Job> | undefined;
  /** Where it stands among all that wait, by age. */
  age: Place<Job> | undefined;
  worker: Worker<Job> | undefined;
  /** When it must be over, by the monotonic clock: its time first, then the grace. */
  deadline: number = Infinity;
  /** When its present state began, by the monotonic clock. */
  since = 0;
  /** Ends the wait for room at its time. */
  cancelTimer: (() => void) | undefined;
  #controller: AbortController | undefined;
  #reason: unknown;
  #isAborted = false;

  constructor(
    work: Work<unknown>,
    options: JobOptions,
    timeoutMs: number,
    resolve?: (value: unknown) => void,
    reject?: (reason: unknown) => void,
  ) {
    this.work = work;
    this.key = options.key;
    this.caller = options.signal;
    this.timeoutMs = timeoutMs;
    this.graceMs = options.graceMs;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** Made when it is asked for: most jobs never look, and a controller costs more than a short job. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Aborts the signal that the job was given. */
  abort(reason: unknown): void {
    this.#isAborted = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
