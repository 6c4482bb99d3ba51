/** What a worker is doing; `settling` waits for a job that was aborted, `leaked` for one that hangs. */
export type WorkerState = "idle" | "running" | "settling" | "leaked";

/** One worker's figures since the pool was made. */
export interface WorkerStats {
  /** Its number, from 1. */
  readonly id: number;
  /** What it is doing. */
  readonly state: WorkerState;
  /** Jobs it has started. */
  readonly started: number;
  /** Jobs that failed on it: they threw, or rejected. */
  readonly failed: number;
  /** Jobs whose time was over. */
  readonly timedOut: number;
  /** Jobs that it was freed of, or is stuck with, since they did not end within the grace period. */
  readonly leaked: number;
  /** How long its jobs had waited, in milliseconds. */
  readonly waitMs: number;
  /** How long its jobs ran until they had an outcome, in milliseconds. */
  readonly runMs: number;
  /** How long aborted jobs went on until they ended or leaked, in milliseconds. */
  readonly settleMs: number;
}

/** What occupies a worker. */
interface Occupant {
  readonly state: string;
}

/** A worker: on one thread it is no more than a permit with a number and counters. */
export class Worker<J extends Occupant> {
  readonly id: number;
  job: J | undefined;
  started = 0;
  failed = 0;
  timedOut = 0;
  leaked = 0;
  waitMs = 0;
  runMs = 0;
  settleMs = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** The figures now. */
  stats(): WorkerStats {
    const { id, started, failed, timedOut, leaked, waitMs, runMs, settleMs } = this;
    return { id, state: this.#state, started, failed, timedOut, leaked, waitMs, runMs, settleMs };
  }

  get #state(): WorkerState {
    const state = this.job?.state;
    if (state === undefined) return "idle";
    return state === "settling" || state === "leaked" ? state : "running";
  }
}

/**
 * The workers of a pool. They are made when they are first needed and kept, so that resizing only changes
 * a number, and their counters go on. The one that was freed last is taken first: how many workers a load
 * needs can be read from their counters.
 */
export class Workers<J extends Occupant> {
  /** How many may be busy at once. Busy ones above it finish what they do. */
  size: number;
  /** How many are busy, those stuck with a leaked job included. */
  busy = 0;
  readonly #all: Worker<J>[] = [];
  readonly #idle: Worker<J>[] = [];

  constructor(size: number) {
    this.size = size;
  }

  /** Whether one is free. */
  get hasFree(): boolean {
    return this.busy < this.size;
  }

  /** Takes a free one, which must be there. */
  take(job: J): Worker<J> {
    const worker = this.#idle.pop() ?? this.#hire();
    worker.job = job;
    this.busy++;
    return worker;
  }

  #hire(): Worker<J> {
    const worker = new Worker<J>(this.#all.length + 1);
    this.#all.push(worker);
    return worker;
  }

  /** Gives one back. */
  free(worker: Worker<J>): void {
    worker.job = undefined;
    this.#idle.push(worker);
    this.busy--;
  }

  /** The jobs that have a worker. */
  jobs(): J[] {
    return this.#all.flatMap(({ job }) => job === undefined ? [] : [job]);
  }

  /** One entry a worker that was ever needed. */
  stats(): WorkerStats[] {
    return this.#all.map((worker) => worker.stats());
  }
}
