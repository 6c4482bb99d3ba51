import { messageOf } from "../errors.ts";
import type { RejectedRecord, SinkResult } from "../sink/sink.ts";
import { attemptOf, type Behind } from "./attempt.ts";
import type { LineBatch } from "./batch.ts";
import { type GivenUp, givenUpOf, reasonOfEnd } from "./dead_letter_reason.ts";
import type { LaneCallOptions } from "./lane_settings.ts";
import type { LastResort, LastResortLane } from "./last_resort.ts";
import type { RetryGiveUp, RetryRules, RetryStep } from "./retry_schedule.ts";
import type { Answer } from "./sink_caller.ts";
import { Tries } from "./tries.ts";

/** What a sink made of a call that its breaker let through; undefined if the lane ended. */
export type Heard = Exclude<Answer, { kind: "refused" }> | undefined;

/** What a delivery needs of its lane. */
export interface DeliveryLane extends LastResortLane {
  readonly lastResort: LastResort;
  /** When to try again, with the lane's clock and chance. */
  readonly rules: RetryRules;
  /** Which records go again behind those that failed. */
  readonly behind: Behind;
  /** One call of the sink, when the lane may make one; undefined if the lane ended. */
  call(batch: LineBatch, attempt: number, options?: LaneCallOptions): Heard | Promise<Heard>;
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
  /** Failed calls with these records in them before their tries began anew. */
  #earlier = 0;
  /** Of these calls, by sequence number, those in which a record only stood behind one that failed. */
  #behind: Map<number, number> | undefined;

  /** `larger` is the delivery of a larger batch that these records were part of. */
  constructor(lane: DeliveryLane, batch: LineBatch, larger?: Delivery) {
    this.#lane = lane;
    this.#rest = batch;
    this.#tries = new Tries(lane.rules, larger === undefined ? 0 : larger.#calls);
    if (larger !== undefined) this.#behind = larger.#behind;
  }

  /** Calls that failed with these records in them. */
  get #calls(): number {
    return this.#earlier + this.#tries.attempts;
  }

  /** A call failed for some; the others of those that go again it has not reached. */
  #notReached(batch: LineBatch, again: readonly number[], failed: readonly number[]): void {
    if (again.length === failed.length) return;
    const isFailed = new Set(failed);
    const behind = this.#behind ??= new Map();
    for (const index of again) {
      const seq = batch.seqAt(index);
      if (!isFailed.has(index)) behind.set(seq, (behind.get(seq) ?? 0) + 1);
    }
  }

  /** False if the lane ended before all was settled; at once if the sink takes everything at once. */
  run(): boolean | Promise<boolean> {
    const answer = this.#call();
    return !(answer instanceof Promise) && this.#isDone(answer) ? true : this.#goOn(answer);
  }

  #call(): Heard | Promise<Heard> {
    const attempt = this.#tries.attempts + 1;
    if (!this.#tries.isTimed) return this.#lane.call(this.#rest, attempt);
    this.#tries.waits();
    return this.#lane.call(this.#rest, attempt, { begins: () => this.#tries.begins() });
  }

  /** Settles what was delivered as a whole; false if there is more to do. */
  #isDone(answer: Heard): boolean {
    if (answer?.kind !== "answered" || answer.result !== undefined) return false;
    const lane = this.#lane;
    lane.gate.unpark();
    lane.settle(this.#rest, "delivered");
    lane.health.succeeded();
    return true;
  }

  async #goOn(first: Heard | Promise<Heard>): Promise<boolean> {
    for (let answer = await first;; answer = await this.#call()) {
      if (answer === undefined) return false;
      if (this.#isDone(answer)) return true;
      const next = answer.kind === "threw"
        ? await this.#afterError(answer.error)
        : await this.#afterPart(answer.result!);
      if (next !== "again") return next === "settled";
      this.#lane.countRedelivered(this.#rest.count);
    }
  }

  async #afterError(error: unknown): Promise<Next> {
    this.#lane.health.failures++;
    const step = this.#tries.failed(error);
    if (step.action !== "dead-letter") return await this.#waitFor(step, error);
    if (step.reason === "rejected" && this.#rest.count > 1) return await this.#split();
    this.#lane.gate.unpark();
    return await this.#giveUp(this.#rest, () => ({ reason: reasonOfEnd(step, error), error }));
  }

  /** In strict order the second half waits for the first, so nothing overtakes a record of it. */
  async #split(): Promise<Next> {
    const { count } = this.#rest;
    this.#lane.gate.unpark();
    const half = Math.ceil(count / 2);
    this.#lane.countRedelivered(count);
    for (const [from, to] of [[0, half], [half, count]] as const) {
      const part = this.#rest.pick(range(from, to));
      if (!await new Delivery(this.#lane, part, this).run()) return "ended";
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
    if (step.action !== "park") this.#notReached(batch, again, failed);
    if (step.action !== "dead-letter") return await this.#waitFor(step, cause);
    if (step.reason === "rejected" && again.length > 1) return await this.#split();
    return await this.#giveUpFailed(batch, again, failed, {
      reason: reasonOfEnd(step, cause),
      error: cause,
    });
  }

  /** Tries begin anew for what is left, since the sink is well enough to take some. */
  #start(rest: LineBatch): void {
    this.#rest = rest;
    this.#earlier = this.#calls;
    this.#tries = new Tries(this.#lane.rules);
  }

  async #reject(batch: LineBatch, rejected: readonly RejectedRecord[]): Promise<boolean> {
    if (rejected.length === 0) return true;
    const part = batch.pick(rejected.map(({ index }) => index));
    // The call that rejects them counts too.
    return await this.#lastResort(part, this.#calls + 1, (index) => givenUpOf(rejected[index]!));
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
    return await this.#lastResort(batch, this.#calls, why) ? "settled" : "ended";
  }

  #lastResort(batch: LineBatch, calls: number, why: (index: number) => GivenUp): Promise<boolean> {
    return this.#lane.lastResort.take(batch, (index) => ({
      ...why(index),
      attempts: calls - (this.#behind?.get(batch.seqAt(index)) ?? 0),
    }));
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

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
