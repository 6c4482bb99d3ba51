import type { Clock } from "../clock.ts";
import type { LogRecord } from "../record/record.ts";
import { Call, type Outcome } from "./call.ts";
import type { WorkSettings } from "./options.ts";

/** After this many calls, or this long, a processor that never waits gives the event loop back. */
const CALLS_A_TURN = 256;
const TURN_MS = 5;

/** Where the records come from, and who is told what became of them. */
export interface WorkerHost {
  /** Records waiting. */
  readonly size: number;
  /** Whether there is no room for more. */
  readonly isFull: boolean;
  /** Takes up to `max` records out, as lines of JSON. */
  take(max: number): readonly string[];
  /** A call failed. Must not throw. */
  report(error: unknown, records: readonly LogRecord[]): void;
  /** Some records have their outcome, or nothing is in hand any more. Must not throw. */
  settled(): void;
}

/**
 * Hands records to the processor, one call at a time, in order. In the background it begins in a turn of
 * its own, so that who writes has returned; with `sync` it works until nothing is left, and goes over to
 * the background when the processor gives a promise.
 */
export class Worker {
  readonly #settings: WorkSettings;
  readonly #clock: Clock;
  readonly #host: WorkerHost;
  #isBusy = false;
  #call: Call | undefined;
  /** Ends the wait for a batch to fill up, while there is one. */
  #endGathering: (() => void) | undefined;
  #gatheringSince = 0;
  #isPromiseReported = false;
  /** Takes nothing out. */
  isHalted = false;
  /** Takes what is there, without waiting for more. */
  isFlushing = false;
  inHand = 0;
  processed = 0;
  failed = 0;
  abandoned = 0;
  late = 0;

  constructor(settings: WorkSettings, clock: Clock, host: WorkerHost) {
    this.#settings = settings;
    this.#clock = clock;
    this.#host = host;
  }

  /** A record was taken in. */
  arrived(): void {
    const { maxIntervalMs } = this.#settings;
    if (maxIntervalMs > 0 && this.#host.size === 1) this.#gatheringSince = this.#clock.monotonic();
    if (!this.#isBusy) this.#begin();
    else if (this.#endGathering !== undefined && !this.#shouldGather) this.#endGathering();
  }

  /** Goes on after a halt, and gathers batches again. */
  resume(): void {
    this.isHalted = false;
    this.isFlushing = false;
    if (!this.#isBusy && this.#host.size > 0) this.#begin();
  }

  /** Takes what is there, without waiting for more. */
  flush(): void {
    this.isFlushing = true;
    this.#endGathering?.();
  }

  /** Takes nothing more, and tells the call in hand to end. */
  halt(reason: unknown): void {
    this.isHalted = true;
    this.#endGathering?.();
    this.#call?.abort(reason);
  }

  get #hasWork(): boolean {
    return !this.isHalted && this.#host.size > 0;
  }

  #begin(): void {
    this.#isBusy = true;
    if (!this.#settings.isSync) return void this.#workInBackground(this.#turn());
    while (this.#hasWork) {
      const pending = this.#step();
      if (pending !== undefined) return void this.#workInBackground(pending);
    }
    this.#isBusy = false;
  }

  async #workInBackground(first: Promise<void>): Promise<void> {
    await first;
    let calls = 0;
    let turnEnd = this.#clock.monotonic() + TURN_MS;
    while (this.#hasWork) {
      if (this.#shouldGather) {
        await this.#gather();
        continue;
      }
      const pending = this.#step();
      if (pending !== undefined) await pending;
      if (++calls < CALLS_A_TURN && this.#clock.monotonic() < turnEnd) continue;
      await this.#turn();
      calls = 0;
      turnEnd = this.#clock.monotonic() + TURN_MS;
    }
    this.#isBusy = false;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#clock.defer(resolve));
  }

  get #shouldGather(): boolean {
    const { isSync, maxRecords, maxIntervalMs } = this.#settings;
    return maxIntervalMs > 0 && !isSync && !this.isFlushing && !this.isHalted &&
      this.#host.size < maxRecords && !this.#host.isFull &&
      this.#clock.monotonic() - this.#gatheringSince < maxIntervalMs;
  }

  /** Waits until the batch is full or its time is over. */
  async #gather(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const leftMs = this.#gatheringSince + this.#settings.maxIntervalMs - this.#clock.monotonic();
    const cancel = leftMs < Infinity ? this.#clock.setTimer(resolve, leftMs) : undefined;
    const release = this.#clock.hold();
    this.#endGathering = resolve;
    await promise;
    this.#endGathering = undefined;
    cancel?.();
    release();
  }

  /** Hands the next records over; a promise if their outcome has to be waited for. Never throws. */
  #step(): Promise<void> | undefined {
    const call = this.#call = new Call({
      ...this.#settings,
      clock: this.#clock,
      onLate: () => void this.late++,
    });
    // Counted before they are taken: the buffer tells its listeners then.
    this.inHand = Math.min(this.#host.size, this.#settings.maxRecords);
    const records = this.#host.take(this.inHand).map((line) => JSON.parse(line) as LogRecord);
    const outcome = this.#process(records, call);
    if (outcome instanceof Promise) return outcome.then((late) => this.#settle(records, late));
    this.#settle(records, outcome);
    return undefined;
  }

  #process(records: readonly LogRecord[], call: Call): Outcome | Promise<Outcome> {
    try {
      const result = this.#settings.process(records, call);
      if (!isPromiseLike(result)) return { kind: "processed" };
      this.#reportPromise(records);
      return call.outcome(result);
    } catch (error) {
      return { kind: "failed", error };
    }
  }

  #settle(records: readonly LogRecord[], outcome: Outcome): void {
    this.#call = undefined;
    const count = this.inHand;
    this.inHand = 0;
    if (outcome.kind === "processed") this.processed += count;
    else {
      this.failed += count;
      if (outcome.kind === "abandoned") this.abandoned += count;
      this.#host.report(outcome.error, records);
    }
    this.#host.settled();
  }

  #reportPromise(records: readonly LogRecord[]): void {
    if (!this.#settings.isSync || this.#isPromiseReported) return;
    this.#isPromiseReported = true;
    const message =
      "The processor of a sync writer returned a promise: records are processed in the " +
      "background while it is pending; return nothing, or use mode async";
    this.#host.report(new TypeError(message), records);
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
