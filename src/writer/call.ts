import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { ProcessContext } from "./options.ts";

/** What became of a call. */
export type Outcome =
  | { readonly kind: "processed" }
  | { readonly kind: "failed" | "abandoned"; readonly error: unknown };

/** The limits of a call. */
export interface CallLimits {
  readonly clock: Clock;
  /** How long its promise may take before the signal is aborted. */
  readonly processTimeoutMs: number;
  /** How long it may go on then. */
  readonly graceMs: number;
  /** Its promise settled after it had been abandoned. */
  onLate(): void;
}

/**
 * One call of a processor. Its signal is made when it is asked for: most processors never do, and making
 * one costs more than the rest of the call.
 */
export class Call implements ProcessContext {
  readonly #limits: CallLimits;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  /** Ends the wait for the promise, while there is one. */
  #finish: ((outcome: Outcome) => void) | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(limits: CallLimits) {
    this.#limits = limits;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason);
    return this.#controller.signal;
  }

  /** Tells the processor to end; its promise has `graceMs` from now on. The first call counts. */
  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    if (this.#finish !== undefined) this.#giveGrace();
    this.#controller?.abort(reason);
  }

  /** Waits for the promise of the processor within the limits. Never rejects. */
  outcome(result: PromiseLike<unknown>): Promise<Outcome> {
    const { clock, processTimeoutMs, onLate } = this.#limits;
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    // Timers alone keep no process alive. A call without a limit keeps itself alive, or nobody does.
    const release = processTimeoutMs < Infinity ? clock.hold() : undefined;
    this.#finish = (outcome) => {
      this.#finish = undefined;
      this.#cancelTimer?.();
      release?.();
      resolve(outcome);
    };
    const settle = (outcome: Outcome): void => (this.#finish ?? onLate)(outcome);
    Promise.resolve(result).then(
      () => settle({ kind: "processed" }),
      (error) => settle({ kind: "failed", error }),
    );
    if (this.#aborted !== undefined) this.#giveGrace();
    else {
      this.#startTimer(processTimeoutMs, () => {
        const message = `The processor took longer than ${processTimeoutMs} ms`;
        this.abort(new DOMException(message, "TimeoutError"));
      });
    }
    return promise;
  }

  #giveGrace(): void {
    const { graceMs } = this.#limits;
    this.#startTimer(graceMs, () => {
      const why = messageOf(this.#aborted!.reason);
      const message = `${why}, and the processor did not end within ${graceMs} ms after that: ` +
        `its records are given up`;
      this.#finish!({ kind: "abandoned", error: new DOMException(message, "TimeoutError") });
    });
  }

  #startTimer(delayMs: number, fn: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = delayMs < Infinity ? this.#limits.clock.setTimer(fn, delayMs) : undefined;
  }
}
