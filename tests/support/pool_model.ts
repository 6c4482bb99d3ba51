import type { PoolOverflow } from "../../src/delivery/pool_overflow.ts";

/** The bounds of a pool in a model run. */
export interface ModelBounds {
  readonly size: number;
  readonly maxQueued: number;
  readonly maxBlocked: number;
  readonly maxLeaked: number;
  readonly graceMs: number;
  readonly sampleEvery: number;
  readonly overflow: PoolOverflow;
}

/** A job of the model. It ends when it is told to, or at once when it heeds its signal and is aborted. */
export interface ModelJob {
  readonly id: number;
  readonly key: number | undefined;
  readonly isSubmit: boolean;
  readonly heeds: boolean;
  readonly timeoutMs: number;
  readonly roomTimeoutMs: number;
  state: "new" | "blocked" | "queued" | "starting" | "running" | "settling" | "leaked" | "over";
  /** How it was refused or ended. */
  outcome: string | undefined;
  deadline: number;
}

/** What a pool should do, with plain arrays that are searched, and no thought of speed. */
export class PoolModel {
  readonly jobs: ModelJob[] = [];
  /** Jobs in the order in which they started. */
  readonly started: number[] = [];
  readonly #bounds: ModelBounds;
  size: number;
  now = 0;
  stopped = false;
  /** Jobs that will be called when the turn is over. */
  #starting: ModelJob[] = [];
  /** Jobs that may start, and keys that are held with the jobs behind. */
  #ready: ModelJob[] = [];
  #lanes = new Map<number, ModelJob[]>();
  #full = 0;

  constructor(bounds: ModelBounds) {
    this.#bounds = bounds;
    this.size = bounds.size;
  }

  in(...states: ModelJob["state"][]): ModelJob[] {
    return this.jobs.filter(({ state }) => states.includes(state));
  }

  ended(...outcomes: string[]): number {
    return this.jobs.filter(({ outcome }) => outcomes.includes(outcome ?? "")).length;
  }

  /** Workers that are not free. */
  get held(): number {
    const stuck = Math.max(0, this.in("leaked").length - this.#bounds.maxLeaked);
    return this.in("starting", "running", "settling").length + stuck;
  }

  offer(job: ModelJob): boolean {
    this.jobs.push(job);
    if (this.stopped) return this.#refuse(job, "closed");
    const isFirst = this.#ready.length === 0 && !this.#lanes.has(job.key ?? NaN);
    if (this.held < this.size && isFirst) {
      if (job.key !== undefined) this.#lanes.set(job.key, []);
      this.#start(job);
      return true;
    }
    if (this.in("queued").length < this.#bounds.maxQueued) return this.#lineUp(job, "queued");
    return this.#offerFull(job);
  }

  #offerFull(job: ModelJob): boolean {
    const { overflow, maxBlocked, sampleEvery } = this.#bounds;
    if (overflow === "block") {
      const waits = job.isSubmit && job.roomTimeoutMs > 0 && this.in("blocked").length < maxBlocked;
      if (!waits) return this.#refuse(job, "full");
      job.deadline = this.now + job.roomTimeoutMs;
      return this.#lineUp(job, "blocked");
    }
    const [oldest] = this.in("queued");
    const evicts = oldest !== undefined &&
      (overflow === "drop-oldest" || (overflow === "sample" && this.#full++ % sampleEvery === 0));
    if (!evicts) return this.#refuse(job, "full");
    this.#takeOut(oldest, "evicted");
    return this.#lineUp(job, "queued");
  }

  #refuse(job: ModelJob, outcome: string): false {
    job.outcome = outcome;
    job.state = "over";
    return false;
  }

  #lineUp(job: ModelJob, state: "queued" | "blocked"): true {
    job.state = state;
    const lane = this.#lanes.get(job.key ?? NaN);
    if (lane === undefined && job.key !== undefined) this.#lanes.set(job.key, []);
    (lane ?? this.#ready).push(job);
    return true;
  }

  #start(job: ModelJob): void {
    job.state = "starting";
    this.#starting.push(job);
  }

  /** The turn is over: jobs that got a worker are called. */
  flush(): void {
    for (const job of this.#starting.splice(0)) {
      if (job.state !== "starting") continue;
      job.state = "running";
      job.deadline = this.now + job.timeoutMs;
      this.started.push(job.id);
    }
  }

  #takeOut(job: ModelJob, outcome: string): void {
    job.state = "over";
    job.outcome = outcome;
    const isReady = this.#ready.includes(job);
    this.#ready = this.#ready.filter((other) => other !== job);
    for (const [key, lane] of this.#lanes) {
      this.#lanes.set(key, lane.filter((other) => other !== job));
    }
    if (isReady) this.#release(job);
  }

  #release({ key }: ModelJob): void {
    if (key === undefined) return;
    const next = this.#lanes.get(key)!.shift();
    if (next === undefined) this.#lanes.delete(key);
    else this.#ready.push(next);
  }

  #advance(): void {
    while (this.held < this.size && this.#ready.length > 0) this.#start(this.#ready.shift()!);
    while (this.in("queued").length < this.#bounds.maxQueued) {
      const [oldest] = this.in("blocked");
      if (oldest === undefined) break;
      oldest.state = "queued";
    }
  }

  /** A job under way ends by itself. */
  end(job: ModelJob, outcome: "succeeded" | "failed"): void {
    const { state } = job;
    if (state === "running") job.outcome = outcome;
    job.state = "over";
    if (state !== "leaked") this.#release(job);
    this.#advance();
  }

  /** A job's signal is aborted, or the pool is closed. */
  abort(job: ModelJob, why: "aborted" | "closed"): void {
    if (job.state === "blocked") this.#takeOut(job, why);
    else if (job.state === "queued") this.#takeOut(job, "canceled");
    else if (job.state === "starting") this.#takeBack(job);
    else if (job.state === "running") return this.#cutShort(job, "aborted");
    this.#advance();
  }

  #takeBack(job: ModelJob): void {
    job.state = "over";
    job.outcome = "canceled";
    this.#release(job);
  }

  #cutShort(job: ModelJob, outcome: string): void {
    job.outcome = outcome;
    job.state = "settling";
    job.deadline = this.now + this.#bounds.graceMs;
    if (job.heeds) this.end(job, "failed");
  }

  resize(size: number): void {
    this.size = size;
    this.#advance();
  }

  stop(): void {
    this.stopped = true;
    for (const job of this.in("blocked")) this.#takeOut(job, "closed");
    this.#advance();
  }

  /** Moves time on; deadlines are met one after the other. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const [due] = this.in("blocked", "running", "settling")
        .filter(({ deadline }) => deadline <= until)
        .sort((a, b) => a.deadline - b.deadline);
      if (due === undefined) break;
      this.now = Math.max(this.now, due.deadline);
      this.#due(due);
      this.flush();
    }
    this.now = until;
  }

  #due(job: ModelJob): void {
    if (job.state === "running") return this.#cutShort(job, "timedOut");
    if (job.state === "settling") {
      job.state = "leaked";
      this.#release(job);
    } else this.#takeOut(job, "full");
    this.#advance();
  }
}
