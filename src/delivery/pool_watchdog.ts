import type { Clock } from "../clock.ts";
import { alarm } from "./alarm.ts";
import type { Job } from "./pool_job.ts";

/**
 * Looks after the deadlines of the jobs that have a worker, with one timer for all of them: it is set for
 * the nearest deadline, and a job that ends in time leaves it alone. When it rings it looks at each busy
 * worker, at most once in the shortest time a job is given.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #jobs: () => readonly Job[];
  readonly #onDue: (job: Job) => void;
  #watched = 0;
  #ringsAt = Infinity;
  #cancel: (() => void) | undefined;
  #isIdling = false;

  /** `jobs` are those that have a worker; `onDue` is called for each one whose deadline has passed. */
  constructor(clock: Clock, jobs: () => readonly Job[], onDue: (job: Job) => void) {
    this.#clock = clock;
    this.#jobs = jobs;
    this.#onDue = onDue;
  }

  /** Gives a job a deadline in place of the one it had; `Infinity` is none. */
  watch(job: Job, deadline: number): void {
    if (job.deadline !== Infinity) this.#watched--;
    job.deadline = deadline;
    if (deadline !== Infinity) this.#watched++;
    if (deadline < this.#ringsAt) this.#set(deadline);
    if (this.#watched === 0 && !this.#isIdling) this.#idle();
  }

  /**
   * Leaves no timer behind where nobody has a deadline. At the end of the turn only: a caller that waits for
   * each job before it hands over the next would set a timer for every one of them.
   */
  #idle(): void {
    this.#isIdling = true;
    this.#clock.defer(() => {
      this.#isIdling = false;
      if (this.#watched === 0) this.#stop();
    });
  }

  #set(deadline: number): void {
    this.#cancel?.();
    this.#ringsAt = deadline;
    const delayMs = Math.max(0, deadline - this.#clock.monotonic());
    this.#cancel = alarm(this.#clock, () => this.#ring(), delayMs);
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#ringsAt = Infinity;
  }

  #ring(): void {
    this.#stop();
    const now = this.#clock.monotonic();
    for (const job of this.#jobs()) if (job.deadline <= now) this.#onDue(job);
    const next = this.#jobs().reduce((least, { deadline }) => Math.min(least, deadline), Infinity);
    if (next < this.#ringsAt) this.#set(next);
  }
}
