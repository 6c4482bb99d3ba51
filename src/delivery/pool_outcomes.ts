import type { Job } from "./pool_job.ts";
import type { JobSignals } from "./pool_signals.ts";
import type { JobEnd, JobRefusal, PoolCounts } from "./pool_stats.ts";

/** Gives each job its one outcome: counts it, lets go of its signal, and tells who handed it over. */
export class Outcomes {
  readonly #counts: PoolCounts;
  readonly #signals: JobSignals;
  readonly #onError: ((error: unknown) => void) | undefined;

  constructor(
    counts: PoolCounts,
    signals: JobSignals,
    onError: ((error: unknown) => void) | undefined,
  ) {
    this.#counts = counts;
    this.#signals = signals;
    this.#onError = onError;
  }

  /** The job returned a value. */
  succeed(job: Job, value: unknown): void {
    this.#counts.ended.succeeded++;
    this.#signals.forget(job);
    job.resolve?.(value);
  }

  /** The job was accepted and has no value. Its error is made only where somebody wants it. */
  fail(job: Job, end: JobEnd, errorOf: () => unknown): void {
    this.#counts.ended[end]++;
    this.#signals.forget(job);
    if (job.reject !== undefined) job.reject(errorOf());
    else this.#onError?.(errorOf());
  }

  /** The job is not accepted. Who posted it is told by `false` alone. */
  refuse(job: Job, why: JobRefusal, errorOf: () => unknown): false {
    this.#counts.refused[why]++;
    this.#signals.forget(job);
    job.cancelTimer?.();
    job.reject?.(errorOf());
    return false;
  }
}
