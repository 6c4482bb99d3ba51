import { messageOf } from "../errors.ts";
import { attemptOf, noneBehind } from "./attempt.ts";
import { LineBatch } from "./batch.ts";
import type { DeadLetter } from "./dead_letter.ts";
import { givenUpOf, reasonOfEnd } from "./dead_letter_reason.ts";
import type { ResendContext } from "./dead_letter_replay.ts";
import type { Heard } from "./delivery.ts";
import type { LaneGate } from "./lane_gate.ts";
import type { LaneHealth } from "./lane_health.ts";
import type { LaneCallOptions, LaneHost, LaneSettings } from "./lane_settings.ts";
import { pause } from "./pause.ts";
import type { RetryRules } from "./retry_schedule.ts";
import { Tries } from "./tries.ts";

/** A replay gives up a record after this many attempts even where the lane never would. */
const MAX_REPLAY_ATTEMPTS = 5;

/** What dead letters that are sent again need of their lane. */
export interface ResendLane {
  readonly settings: LaneSettings;
  readonly host: LaneHost;
  readonly gate: LaneGate;
  readonly health: LaneHealth;
  /** When to try again, with the lane's clock and chance. */
  readonly rules: RetryRules;
  /** Aborted when the lane is closed. */
  readonly signal: AbortSignal;
  /** One call of the sink; undefined if the lane ended, or the call was ended before it began. */
  call(batch: LineBatch, attempt: number, options: LaneCallOptions): Heard | Promise<Heard>;
  /** Something waits for its turn. */
  notify(): void;
  /** The sink took something, and synced it. */
  synced(): void;
}

/** What became of a record: it is delivered, or its lane ended over it, or takes nothing now. */
type Sent = "delivered" | "skip" | "parked";

type ResendCall = LaneCallOptions & Required<Pick<LaneCallOptions, "signal" | "turn">>;

/**
 * Records of the dead letters that go through a lane again: each attempt takes its turn among the lane's
 * own batches, within the lane's concurrency, and between two attempts the lane goes on, so that a record
 * which fails again holds nobody up. A parked lane is not waited for.
 */
export class Resends {
  readonly #lane: ResendLane;
  readonly #waiting: (() => Promise<void>)[] = [];
  #parked = new AbortController();
  #ended = false;

  constructor(lane: ResendLane) {
    this.#lane = lane;
  }

  /** Attempts that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Begins the attempt that waits longest, and resolves when it is over; undefined if none waits. */
  next(): Promise<void> | undefined {
    return this.#waiting.shift()?.();
  }

  /** The lane has ended: whatever waits, and whatever comes, is skipped. */
  end(): void {
    this.#ended = true;
    while (this.next() !== undefined);
  }

  /** The lane is held, or goes on: what waits while it is parked is given back. */
  changed(): void {
    if (!this.#isParked) return;
    this.#parked.abort();
    this.#parked = new AbortController();
  }

  /** Parked, and not to be asked yet. */
  get #isParked(): boolean {
    const { gate } = this.#lane;
    return gate.hold === "parked" && gate.heldForMs > 0;
  }

  /**
   * Sends a record again, with the lane's tries (at most five) and waits, and syncs the sink.
   *
   * @returns `skip` if the lane ended over it, `parked` if the lane is parked or this parked it
   * @throws {unknown} What the sink threw, if it is final or all attempts failed; that the sink cannot sync
   */
  async send(letter: DeadLetter, context: ResendContext): Promise<void | "skip" | "parked"> {
    const signal = AbortSignal.any([this.#lane.signal, context.signal]);
    const turn = AbortSignal.any([signal, this.#parked.signal]);
    const { log: { logId }, source: { lane } } = this.#lane.host;
    // An imported letter may be one of another log, where the same number means another record.
    const isForeign = letter.id !== `${logId}/${lane}/${letter.seq}`;
    const call: ResendCall = { signal, turn, isForeign };
    const sent = await this.#deliver(batchOfLetter(letter), context, call);
    if (sent !== "delivered") return sent;
    await this.#lane.settings.sink.sync?.();
    this.#lane.synced();
  }

  async #deliver(batch: LineBatch, context: ResendContext, call: ResendCall): Promise<Sent> {
    const { rules, host, gate } = this.#lane;
    const maxAttempts = Math.min(rules.maxAttempts ?? MAX_REPLAY_ATTEMPTS, MAX_REPLAY_ATTEMPTS);
    const tries = new Tries({ ...rules, maxAttempts });
    const timed = { ...call, begins: () => tries.begins() };
    for (;;) {
      if (this.#isParked) return "parked";
      tries.waits();
      const answer = await this.#inTurn(batch, tries.attempts + 1, timed);
      if (answer === undefined) return call.signal.aborted || this.#ended ? "skip" : "parked";
      const failure = this.#judge(batch, answer, context);
      if (failure === undefined) return "delivered";
      const step = tries.failed(failure.error);
      if (step.action === "park") {
        this.#lane.health.parked(messageOf(failure.error), gate.park());
        return "parked";
      }
      gate.unpark();
      context.attempted();
      if (step.action === "dead-letter") {
        context.gaveUp(reasonOfEnd(step, failure.error));
        throw failure.error;
      }
      await pause(step.delayMs, host.clock, call.signal);
    }
  }

  /** Why the record was not delivered; undefined if it was. Throws if a partial answer rejects it. */
  #judge(
    batch: LineBatch,
    answer: Exclude<Heard, undefined>,
    context: ResendContext,
  ): { readonly error: unknown } | undefined {
    const { gate, health } = this.#lane;
    if (answer.kind === "threw") {
      health.failures++;
      return answer;
    }
    const { delivered, rejected, cause } = attemptOf(batch, answer.result ?? {}, noneBehind);
    if (delivered === 0) health.failures++;
    if (delivered === 0 && rejected.length === 0) return { error: cause };
    gate.unpark();
    context.attempted();
    if (delivered === 0) {
      const { reason, error } = givenUpOf(rejected[0]!);
      context.gaveUp(reason);
      throw error;
    }
    health.succeeded();
    return undefined;
  }

  /** One call, when the lane has room for it; undefined if it did not begin. */
  #inTurn(batch: LineBatch, attempt: number, call: ResendCall): Promise<Heard> {
    const { promise, resolve, reject } = Promise.withResolvers<Heard>();
    const { turn } = call;
    const begin = async (): Promise<void> => {
      try {
        const isOver = this.#ended || turn.aborted;
        resolve(isOver ? undefined : await this.#lane.call(batch, attempt, call));
      } catch (error) {
        reject(error);
      }
    };
    const leave = (): void => {
      const at = this.#waiting.indexOf(begin);
      if (at >= 0) {
        this.#waiting.splice(at, 1);
        resolve(undefined);
      }
      // One that has its turn may wait at the gate.
      this.#lane.gate.wake();
    };
    this.#waiting.push(begin);
    turn.addEventListener("abort", leave, { once: true });
    if (this.#ended) this.end();
    else if (turn.aborted) leave();
    else this.#lane.notify();
    return promise.finally(() => turn.removeEventListener("abort", leave));
  }
}

function batchOfLetter({ seq, record }: DeadLetter): LineBatch {
  return new LineBatch([{ firstSeq: seq, count: 1 }], new TextEncoder().encode(record + "\n"));
}
