/** The pool did not take the job: all workers are busy and the queue is full. */
export class PoolFullError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "PoolFullError";
}

/** The pool is stopped or closed: the job was not taken, not started, or cut short. */
export class PoolClosedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "PoolClosedError";
}

/** The job waited in the queue and was given up for a newer one; it never started. */
export class JobDroppedError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "JobDroppedError";
}

/** The job ran longer than it may. Its signal was aborted; whether its work was done is not known. */
export class JobTimeoutError extends Error {
  /** The name of this kind of error. */
  override readonly name: string = "JobTimeoutError";
  /** How long it was allowed to run. */
  readonly timeoutMs: number;
  /** Says how long the job was allowed to run. */
  constructor(timeoutMs: number) {
    super(
      `The job did not end within ${timeoutMs} ms and was aborted: give it more time, or make it ` +
        `end when its signal is aborted`,
    );
    this.timeoutMs = timeoutMs;
  }
}
