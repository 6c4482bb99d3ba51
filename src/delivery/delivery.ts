import { messageOf, RejectedError } from "../errors.ts";
import type { RejectedRecord, SinkResult } from "../sink/sink.ts";
import { attemptOf, type Behind } from "./attempt.ts";
import type { LineBatch } from "./batch.ts";
import type { DeadLetterReason } from "./dead_letter.ts";
import type { GivenUp, LastResort, LastResortLane } from "./last_resort.ts";
import { JobTimeoutError } from "./pool_errors.ts";
import type { RetryGiveUp, RetryRules, RetryStep } from "./retry_schedule.ts";
import type { Answer } from "./sink_caller.ts";
import { Tries } from "./tries.ts";

/** What a delivery needs of its lane. */
export interface DeliveryLane extends LastResortLane {
  readonly lastResort: LastResort;
  /** When to try again, with the lane's clock and chance. */
  readonly rules: RetryRules;
  /** Which records go again behind those that failed. */
  readonly behind: Behind;
  /** One call of the sink, when the lane may make one; undefined if the lane ended. */
  call(
    batch: LineBatch,
    attempt: number,
  ): Promise<Exclude<Answer, { kind: "refused" }> | undefined>;
  /** Counts records that are sent again. */
  countRedelivered(count: number): void;
}

/** What comes after a call: another one, or the end, with everything settled or not. */
type Next = "again" | "settled" | "ended";

/**
 * Sends a batch until every record of it is settled, or the lane ends. When a batch as a whole can never be
 * delivered, it is sent in halves, one after the other, down to the record that is to blame (bisection):
 * that one is given up, and the others are delivered in their order.
 */
export class Delivery {
  readonly #lane: DeliveryLane;
  #rest: LineBatch;
  #tries: Tries;

  /** `before` is how often these records were sent in a larger batch. */
  constructor(lane: DeliveryLane, batch: LineBatch, before = 0) {
    this.#lane = lane;
    this.#rest = batch;
    this.#tries = new Tries(lane.rules, before);
  }

  /** False if the lane ended before all was settled. */
  async run(): Promise<boolean> {
    const lane = this.#lane;
    for (let next: Next = "again"; next === "again";) {
      const answer = await lane.call(this.#rest, this.#tries.attempts + 1);
      if (answer === undefined) return false;
      if (answer.kind === "answered" && answer.result === undefined) {
        lane.gate.unpark();
        lane.settle(this.#rest, "delivered");
        lane.health.succeeded();
        return true;
      }
      next = answer.kind === "threw"
        ? await this.#afterError(answer.error)
        : await this.#afterPart(answer.result!);
      if (next === "ended") return false;
      if (next === "again") lane.countRedelivered(this.#rest.count);
    }
    return true;
  }

  async #afterError(error: unknown): Promise<Next> {
    this.#lane.health.failures++;
    const step = this.#tries.failed(error);
    if (step.action !== "dead-letter") return await this.#waitFor(step, error);
    this.#lane.gate.unpark();
    if (step.reason === "rejected" && this.#rest.count > 1) return await this.#split();
    return await this.#giveUp(this.#rest, () => ({ reason: reasonOf(step, error), error }));
  }

  /** In strict order the second half waits for the first, so nothing overtakes a record of it. */
  async #split(): Promise<Next> {
    const { count } = this.#rest;
    const half = Math.ceil(count / 2);
    this.#lane.countRedelivered(count);
    for (const [from, to] of [[0, half], [half, count]] as const) {
      const part = this.#rest.pick(range(from, to));
      if (!await new Delivery(this.#lane, part, this.#tries.attempts).run()) return "ended";
    }
    return "settled";
  }

  async #afterPart(result: SinkResult): Promise<Next> {
    const lane = this.#lane;
    const batch = this.#rest;
    const { rejected, again, failed, cause } = attemptOf(batch, result, lane.behind);
    const left = new Set([...again, ...rejected.map(({ index }) => index)]);
    if (left.size === 0) lane.health.succeeded();
    else lane.health.failures++;
    lane.settle(batch.without(left), "delivered");
    if (!await this.#reject(batch, rejected)) return "ended";
    if (again.length === 0) {
      lane.gate.unpark();
      return "settled";
    }
    if (again.length < batch.count) this.#start(batch.pick(again));
    const step = this.#tries.failed(cause);
    if (step.action !== "dead-letter") return await this.#waitFor(step, cause);
    return await this.#giveUpFailed(batch, again, failed, {
      reason: reasonOf(step, cause),
      error: cause,
    });
  }

  /** Tries begin anew for what is left, since the sink is well enough to take some. */
  #start(rest: LineBatch): void {
    this.#rest = rest;
    this.#tries = new Tries(this.#lane.rules);
  }

  async #reject(batch: LineBatch, rejected: readonly RejectedRecord[]): Promise<boolean> {
    if (rejected.length === 0) return true;
    const part = batch.pick(rejected.map(({ index }) => index));
    return await this.#lane.lastResort.take(part, this.#tries.attempts + 1, (index) => {
      const { reason, isTooLarge = false } = rejected[index]!;
      const error = new RejectedError(reason, { isTooLarge });
      return { reason: isTooLarge ? "too_large" : "non_retryable", error };
    });
  }

  /** Only what failed is given up; what stood behind it is sent, with tries of its own. */
  async #giveUpFailed(
    batch: LineBatch,
    again: readonly number[],
    failed: readonly number[],
    why: GivenUp,
  ): Promise<Next> {
    this.#lane.gate.unpark();
    // In strict order the first failure alone has used up its tries: others may not have been reached.
    const lost = this.#lane.settings.order === "none" ? failed : failed.slice(0, 1);
    const isLost = new Set(lost);
    const next = await this.#giveUp(batch.pick(lost), () => why);
    const rest = again.filter((index) => !isLost.has(index));
    if (next === "ended" || rest.length === 0) return next;
    this.#start(batch.pick(rest));
    return "again";
  }

  async #giveUp(batch: LineBatch, why: (index: number) => GivenUp): Promise<Next> {
    const isTaken = await this.#lane.lastResort.take(batch, this.#tries.attempts, why);
    return isTaken ? "settled" : "ended";
  }

  async #waitFor(step: Exclude<RetryStep, RetryGiveUp>, error: unknown): Promise<Next> {
    const { gate, health } = this.#lane;
    if (step.action === "park") {
      health.parked(messageOf(error), gate.park());
      return "again";
    }
    gate.unpark();
    health.failing(messageOf(error));
    return await gate.restForRetry(step.delayMs) ? "again" : "ended";
  }
}

function reasonOf({ reason }: RetryGiveUp, error: unknown): DeadLetterReason {
  if (reason === "max_elapsed") return "expired";
  if (reason === "max_attempts") return error instanceof JobTimeoutError ? "timeout" : reason;
  const { isTooLarge, status } = (error ?? {}) as Partial<Record<string, unknown>>;
  return isTooLarge === true || status === 413 ? "too_large" : "non_retryable";
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
