import type { Job } from "./pool_job.ts";

interface Watched {
  readonly jobs: Set<Job>;
  readonly listener: () => void;
}

/**
 * Callers' signals. Many jobs often share one: it gets a single listener, since adding and removing one
 * takes longer the more there are.
 */
export class JobSignals {
  readonly #watched = new Map<AbortSignal, Watched>();
  readonly #onAbort: (job: Job, reason: unknown) => void;

  /** `onAbort` is called for each job of a signal that is aborted, oldest first. */
  constructor(onAbort: (job: Job, reason: unknown) => void) {
    this.#onAbort = onAbort;
  }

  /** Watches the job's signal, if it has one. */
  watch(job: Job): void {
    const signal = job.caller;
    if (signal === undefined) return;
    const watched = this.#watched.get(signal) ?? this.#listen(signal);
    watched.jobs.add(job);
  }

  #listen(signal: AbortSignal): Watched {
    const watched: Watched = { jobs: new Set(), listener: () => this.#aborted(signal, watched) };
    this.#watched.set(signal, watched);
    signal.addEventListener("abort", watched.listener, { once: true });
    return watched;
  }

  #aborted(signal: AbortSignal, { jobs }: Watched): void {
    this.#watched.delete(signal);
    for (const job of jobs) this.#onAbort(job, signal.reason);
  }

  /** The job has its outcome: its signal matters no more. */
  forget(job: Job): void {
    const signal = job.caller;
    const watched = signal === undefined ? undefined : this.#watched.get(signal);
    if (signal === undefined || watched === undefined) return;
    watched.jobs.delete(job);
    if (watched.jobs.size > 0) return;
    this.#watched.delete(signal);
    signal.removeEventListener("abort", watched.listener);
  }
}
