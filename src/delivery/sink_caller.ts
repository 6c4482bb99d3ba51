import type { Clock } from "../clock.ts";
import { readable, SinkClosedError } from "../errors.ts";
import type { Batch, BatchSource, Sink, SinkResult } from "../sink/sink.ts";
import { alarm } from "./alarm.ts";
import { CallContext } from "./call_context.ts";
import type { CircuitBreaker, Permit } from "./circuit_breaker_contract.ts";
import { isBreakerRefusal } from "./circuit_breaker_errors.ts";
import type { LaneShare } from "./lane_workers.ts";
import { JobTimeoutError } from "./pool_errors.ts";
import type { JobContext } from "./pool_job.ts";

/** What came of a call: an answer, an error, or a refusal of the breaker, so that it never ran. */
export type Answer =
  | { readonly kind: "answered"; readonly result: SinkResult | undefined }
  | { readonly kind: "threw"; readonly error: unknown }
  | { readonly kind: "refused"; readonly retryAfterMs: number };

/** The same, or a promise of it; undefined if nothing is known of what became of the call. */
export type Answered = Answer | undefined | Promise<Answer | undefined>;

/** How a sink is called. */
export interface SinkCallSettings {
  readonly sink: Sink;
  readonly timeoutMs: number;
  readonly graceMs: number;
}

/** What calls need of their lane. */
export interface SinkCallHost {
  readonly workers: LaneShare;
  readonly breaker?: CircuitBreaker | undefined;
  readonly clock: Clock;
  readonly source: BatchSource;
  /** A call goes on after its grace (1), or such a one has ended (-1). */
  leaked(change: 1 | -1): void;
}

type Called = void | SinkResult | Promise<void | SinkResult>;

/**
 * Calls a sink: with the leave of its breaker, on one of the lane's workers, for as long as a call may
 * take. A call whose time is over keeps its worker until it has ended, or for its grace; what it still
 * answers in that time counts, so that nothing is sent again that was delivered.
 */
export class SinkCaller {
  readonly #settings: SinkCallSettings;
  readonly #host: SinkCallHost;
  /** Calls begun. */
  calls = 0;
  /** Those of them that were told that they are no first attempt. */
  retries = 0;
  /** Calls under way. */
  running = 0;

  constructor(settings: SinkCallSettings, host: SinkCallHost) {
    this.#settings = settings;
    this.#host = host;
  }

  /**
   * One call; undefined if `signal` was aborted and nothing is known of what became of it. A sink that
   * answers when it returns is answered for at once: small batches would take longer to pass through
   * promises than through their sink. `isForeign` says that the batch bears the numbers of another log;
   * `begins` is told when there is a worker and the breaker gave leave.
   */
  call(
    batch: Batch,
    attempt: number,
    signal: AbortSignal,
    isForeign: boolean = false,
    begins?: () => void,
  ): Answered {
    const context = new CallContext(attempt, isForeign ? undefined : this.#host.source);
    const turn = this.#host.workers.enter();
    if (turn === undefined) return this.#callNow(batch, context, signal, begins);
    return turn.then(() => this.#callNow(batch, context, signal, begins));
  }

  /** A worker was taken. A call that takes time gives it back when it has ended. */
  #callNow(
    batch: Batch,
    context: CallContext,
    signal: AbortSignal,
    begins: (() => void) | undefined,
  ): Answered {
    let answer: Answered = undefined;
    try {
      if (!signal.aborted) answer = this.#callWithLeave(batch, context, signal, begins);
      return answer;
    } finally {
      if (!(answer instanceof Promise)) this.#host.workers.leave();
    }
  }

  #callWithLeave(
    batch: Batch,
    context: CallContext,
    signal: AbortSignal,
    begins: (() => void) | undefined,
  ): Answered {
    let permit: Permit | undefined;
    try {
      permit = this.#host.breaker?.allow();
    } catch (error) {
      if (!isBreakerRefusal(error)) throw error;
      const { retryAfterMs = Infinity } = this.#host.breaker ?? {};
      return { kind: "refused", retryAfterMs };
    }
    begins?.();
    return this.#run(batch, context, signal, permit);
  }

  #run(
    batch: Batch,
    context: CallContext,
    signal: AbortSignal,
    permit: Permit | undefined,
  ): Answered {
    this.calls++;
    if (context.attempt > 1) this.retries++;
    this.running++;
    let call: Called = undefined;
    try {
      call = this.#settings.sink.write(batch, context);
      if (isPromise(call)) return this.#follow(call, context, batch, signal, permit);
      const answer = answered(batch, call, permit);
      this.running--;
      return answer;
    } catch (thrown) {
      const error = readable(thrown);
      this.running--;
      judge(permit, error, signal.aborted);
      return signal.aborted ? undefined : { kind: "threw", error };
    }
  }

  async #follow(
    call: Promise<void | SinkResult>,
    context: CallContext,
    batch: Batch,
    signal: AbortSignal,
    permit: Permit | undefined,
  ): Promise<Answer | undefined> {
    try {
      return answered(batch, await this.#watched(call, context, signal), permit);
    } catch (thrown) {
      const error = readable(thrown);
      const isCut = error instanceof JobTimeoutError || signal.aborted;
      judge(permit, error, signal.aborted);
      return isCut ? await this.#endOf(call, error, signal) : { kind: "threw", error };
    } finally {
      this.running--;
      this.#host.workers.leave();
    }
  }

  /** A call that takes time is a job. One that has ended when it returns needs neither time nor worker. */
  #watched(
    call: Promise<void | SinkResult>,
    context: CallContext,
    signal: AbortSignal,
  ): Promise<void | SinkResult> {
    const { timeoutMs, graceMs } = this.#settings;
    const end = Promise.resolve(call);
    // Where the job cannot begin any more, nobody else hears of an error.
    end.catch(() => {});
    const work = (job: JobContext): Promise<void | SinkResult> => {
      context.follow(job);
      return end;
    };
    return this.#host.workers.run(work, { signal, timeoutMs, graceMs });
  }

  /** A call that was cut short: what it still says within its grace. */
  async #endOf(
    call: Promise<void | SinkResult>,
    error: unknown,
    signal: AbortSignal,
  ): Promise<Answer | undefined> {
    const end = await this.#within(call);
    if (end?.kind === "answered") return end;
    if (end?.kind === "threw" && end.error instanceof SinkClosedError) return end;
    return signal.aborted ? undefined : { kind: "threw", error };
  }

  async #within(call: Promise<void | SinkResult>): Promise<Answer | undefined> {
    const end = call.then(resultOf).then<Answer, Answer>(
      (result) => ({ kind: "answered", result }),
      (error) => ({ kind: "threw", error: readable(error) }),
    );
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const cancel = alarm(this.#host.clock, () => resolve(undefined), this.#settings.graceMs);
    const first = await Promise.race([end, promise]);
    cancel();
    if (first !== undefined) return first;
    this.#host.leaked(1);
    void end.then(() => this.#host.leaked(-1));
    return undefined;
  }
}

/** Sinks may answer with any kind of promise. */
function isPromise(call: Called): call is Promise<void | SinkResult> {
  return typeof (call as { then?: unknown } | undefined)?.then === "function";
}

/**
 * What a sink answered. One that cannot be understood is a failed call, told in words, and not the end of
 * the lane.
 *
 * @throws {TypeError} If it names records in another way than a result does
 */
function resultOf(said: void | SinkResult): SinkResult | undefined {
  if (said === undefined || said === null) return undefined;
  const retry = said.retry ?? [];
  const reject = said.reject ?? [];
  const isResult = Array.isArray(retry) && Array.isArray(reject) &&
    reject.every((one) => typeof one === "object" && one !== null);
  if (isResult) return { retry, reject, error: readable(said.error) };
  throw new TypeError(
    "The sink gave no result that can be understood: retry must be a list of indexes, and reject one " +
      "of { index, reason }",
  );
}

/** A sink that takes nothing of a batch has failed, whatever it calls that. */
function answered(batch: Batch, said: void | SinkResult, permit: Permit | undefined): Answer {
  const result = resultOf(said);
  if (result !== undefined && takesNothing(result, batch)) judge(permit, result.error, false);
  else permit?.success();
  return { kind: "answered", result };
}

/** Whether every record is to be sent again; a sink may name one twice, or one that is not there. */
function takesNothing({ retry = [] }: SinkResult, { count }: Batch): boolean {
  if (retry.length < count) return false;
  return new Set(retry.filter((index) => index >= 0 && index < count)).size === count;
}

function judge(permit: Permit | undefined, error: unknown, isAborted: boolean): void {
  // A destination that is gone for good, and a lane that is closed, say nothing of its health.
  if (isAborted || error instanceof SinkClosedError) return permit?.exclude();
  try {
    permit?.done(error ?? new Error("The sink gave no reason"));
  } catch {
    // A rule that throws says nothing: the call has failed all the same, and the lane goes on.
  }
}
