import { messageOf, SinkClosedError } from "../errors.ts";
import type { LineBatch } from "./batch.ts";
import type { Heard } from "./delivery.ts";
import type { LaneGate } from "./lane_gate.ts";
import type { LaneHealth } from "./lane_health.ts";
import type { LaneCallOptions } from "./lane_settings.ts";
import type { Answer, Answered, SinkCaller } from "./sink_caller.ts";

/** What calls need of their lane. */
export interface CallingLane {
  /** Aborted when the lane closes. */
  readonly signal: AbortSignal;
  readonly gate: LaneGate;
  readonly health: LaneHealth;
  /** Whether the lane settles nothing more until the next start. */
  readonly ended: boolean;
  /** The sink is gone for good. */
  stop(reason: string, isExpected: boolean): void;
}

/** Calls a lane's sink when nothing holds the lane, and waits while the breaker refuses. */
export class LaneCalls {
  readonly #lane: CallingLane;
  readonly #caller: SinkCaller;

  constructor(lane: CallingLane, caller: SinkCaller) {
    this.#lane = lane;
    this.#caller = caller;
  }

  /** One call; over when this returns if nothing holds the lane and the sink answers at once. */
  call(batch: LineBatch, attempt: number, options: LaneCallOptions = {}): Heard | Promise<Heard> {
    const { signal = this.#lane.signal, turn = signal, isForeign = false, begins } = options;
    const call = (): Answered => this.#caller.call(batch, attempt, signal, isForeign, begins);
    const { gate, ended } = this.#lane;
    if (gate.hold !== undefined) return this.#callHeld(call, turn);
    if (ended || turn.aborted) return undefined;
    const answer = call();
    return answer instanceof Promise || answer?.kind === "refused"
      ? this.#callOn(answer, call, turn)
      : this.#hear(answer);
  }

  async #callHeld(call: () => Answered, turn: AbortSignal): Promise<Heard> {
    return await this.#mayCall(turn) ? await this.#callOn(call(), call, turn) : undefined;
  }

  async #mayCall(turn: AbortSignal): Promise<boolean> {
    const { gate } = this.#lane;
    if (gate.hold !== undefined && !await gate.pass(turn)) return false;
    return !this.#lane.ended && !turn.aborted;
  }

  /** Calls again as long as the breaker refuses. */
  async #callOn(first: Answered, call: () => Answered, turn: AbortSignal): Promise<Heard> {
    for (let answer = await first;; answer = await call()) {
      if (answer?.kind !== "refused") return this.#hear(answer);
      const { gate } = this.#lane;
      gate.endProbe();
      if (!await gate.restForBreaker(answer.retryAfterMs) || !await this.#mayCall(turn)) {
        return undefined;
      }
    }
  }

  #hear(answer: Exclude<Answer, { kind: "refused" }> | undefined): Heard {
    const { gate, health } = this.#lane;
    // Only a call that ran is news for those that wait for the breaker.
    if (gate.awaitingBreaker > 0) gate.wake();
    if (answer === undefined) gate.passOnProbe();
    if (answer?.kind !== "threw" || !(answer.error instanceof SinkClosedError)) return answer;
    health.failures++;
    this.#lane.stop(messageOf(answer.error), answer.error.isExpected);
    return undefined;
  }
}
