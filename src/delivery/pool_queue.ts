import { Line } from "./line.ts";
import type { Job, JobKey } from "./pool_job.ts";

/**
 * Jobs that wait. One line holds those that may start, whatever their key: the first job of each key and
 * all jobs without one. Behind the first job of a key the others of that key stand in a lane of their own,
 * and a lane whose job is over joins the line at its end. So no key waits for another one's backlog, and a
 * worker that is free never searches.
 */
export class JobQueue {
  readonly #ready = new Line<Job>();
  /** By key, the jobs behind the one that may start or is under way. */
  readonly #lanes = new Map<JobKey, Line<Job>>();
  /** Accepted jobs, oldest first. */
  readonly #queued = new Line<Job>();
  /** Jobs that wait for room, oldest first. They keep their turn meanwhile. */
  readonly #blocked = new Line<Job>();

  /** Accepted jobs that wait. */
  get queued(): number {
    return this.#queued.size;
  }

  /** Jobs that wait for room. */
  get blocked(): number {
    return this.#blocked.size;
  }

  /** Keys that have a job waiting or under way. */
  get keys(): number {
    return this.#lanes.size;
  }

  /** The accepted job that has waited longest. */
  get oldest(): Job | undefined {
    return this.#queued.first;
  }

  /** The job that has waited longest for room. */
  get oldestBlocked(): Job | undefined {
    return this.#blocked.first;
  }

  /** Whether a job could start before all that wait. */
  isFirst({ key }: Job): boolean {
    return this.#ready.size === 0 && (key === undefined || !this.#lanes.has(key));
  }

  /** A job starts without having waited. */
  begin({ key }: Job): void {
    if (key !== undefined) this.#lanes.set(key, new Line());
  }

  /** Lines a job up by its state, `queued` or `blocked`. */
  add(job: Job): void {
    job.age = (job.state === "blocked" ? this.#blocked : this.#queued).push(job);
    const lane = job.key === undefined ? undefined : this.#lanes.get(job.key);
    if (lane === undefined) this.begin(job);
    job.turn = (lane ?? this.#ready).push(job);
  }

  /** Accepts the job that has waited longest for room. */
  admit(): Job {
    const job = this.#blocked.shift()!;
    job.age = this.#queued.push(job);
    return job;
  }

  /** Takes the job whose turn it is; its key is held until `release`. */
  take(): Job | undefined {
    const job = this.#ready.shift();
    job?.age?.leave();
    return job;
  }

  /** Takes a waiting job out. */
  remove(job: Job): void {
    const isReady = job.turn?.line === this.#ready;
    job.turn?.leave();
    job.age?.leave();
    if (isReady) this.release(job);
  }

  /** A job of this key is over: the next one of it may start. */
  release({ key }: Job): void {
    const lane = key === undefined ? undefined : this.#lanes.get(key);
    if (lane === undefined) return;
    const next = lane.shift();
    if (next === undefined) this.#lanes.delete(key!);
    else next.turn = this.#ready.push(next);
  }
}
