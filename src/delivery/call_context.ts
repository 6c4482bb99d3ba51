import type { BatchSource, SinkContext } from "../sink/sink.ts";
import type { JobContext } from "./pool_job.ts";

/**
 * What a sink is told with a batch. The signal is made only when the sink looks at it: a controller costs
 * more than a short call. A call is begun before it is known whether it takes time; one that does gets a
 * job, whose signal goes on in that of the call.
 */
export class CallContext implements SinkContext {
  readonly attempt: number;
  readonly source: BatchSource | undefined;
  #controller: AbortController | undefined;
  #job: JobContext | undefined;

  /** Without a source the numbers are those of another log. */
  constructor(attempt: number, source: BatchSource | undefined) {
    this.attempt = attempt;
    this.source = source;
  }

  get isForeign(): boolean {
    return this.source === undefined;
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    if (this.#job !== undefined) return this.#job.signal;
    this.#controller = new AbortController();
    return this.#controller.signal;
  }

  /** The call takes time: it is this job. */
  follow(job: JobContext): void {
    this.#job = job;
    const controller = this.#controller;
    if (controller === undefined) return;
    const { signal } = job;
    const abort = (): void => controller.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  }
}
