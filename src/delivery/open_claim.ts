import type { LineBatch } from "./batch.ts";

/** What became of a record; `fallback` was taken by the fallback sink, which is delivered too. */
export type Outcome = "delivered" | "fallback" | "deadLettered" | "filtered";

/** A batch of which records are not settled, and those records. */
export interface Unsettled {
  /** What was claimed. */
  readonly claimed: LineBatch;
  /** What is left of it. */
  readonly rest: LineBatch;
}

const OUTCOMES: readonly Outcome[] = ["delivered", "fallback", "deadLettered", "filtered"];

/**
 * Records that a lane has claimed, and what became of each. The usual claim is settled as a whole, and
 * needs no list for it; what is settled completely holds no bytes any more.
 */
export class OpenClaim {
  readonly startSeq: number;
  readonly endSeq: number;
  /** Set where there are no records to deliver: why they are not there. */
  readonly gapReason: string | undefined;
  /** Every record of the claim below this one was passed by the cursor. */
  passedTo: number;
  #batch: LineBatch | undefined;
  /** By record the place of its outcome in `OUTCOMES`, from 1; 0 is not settled. */
  #states: Uint8Array | undefined;
  #whole: Outcome | undefined;
  #left: number;

  constructor(
    startSeq: number,
    endSeq: number,
    batch: LineBatch | undefined,
    gapReason?: string,
  ) {
    this.startSeq = startSeq;
    this.endSeq = endSeq;
    this.gapReason = gapReason;
    this.passedTo = gapReason === undefined ? startSeq : endSeq;
    this.#batch = batch;
    this.#left = gapReason === undefined ? endSeq - startSeq : 0;
  }

  /** Records of the claim. */
  get count(): number {
    return this.endSeq - this.startSeq;
  }

  /** What is not settled; undefined if everything is. */
  get unsettled(): Unsettled | undefined {
    const claimed = this.#batch;
    if (claimed === undefined) return undefined;
    const states = this.#states;
    if (states === undefined) return { claimed, rest: claimed };
    const open = Array.from({ length: claimed.count }, (_, index) => index)
      .filter((index) => states[claimed.seqAt(index) - this.startSeq] === 0);
    return { claimed, rest: claimed.pick(open) };
  }

  /** Settles the records from `fromSeq` up to `endSeq` that are not; answers how many these were. */
  settle(fromSeq: number, endSeq: number, outcome: Outcome): number {
    if (this.#left === 0) return 0;
    const isWhole = fromSeq === this.startSeq && endSeq === this.endSeq;
    const settled = isWhole && this.#states === undefined
      ? this.#settleWhole(outcome)
      : this.#settlePart(fromSeq, endSeq, outcome);
    this.#left -= settled;
    if (this.#left === 0) this.#batch = undefined;
    return settled;
  }

  #settleWhole(outcome: Outcome): number {
    this.#whole = outcome;
    return this.count;
  }

  #settlePart(fromSeq: number, endSeq: number, outcome: Outcome): number {
    const states = this.#states ??= new Uint8Array(this.count);
    const state = OUTCOMES.indexOf(outcome) + 1;
    let settled = 0;
    for (let i = fromSeq - this.startSeq; i < endSeq - this.startSeq; i++) {
      if (states[i] !== 0) continue;
      states[i] = state;
      settled++;
    }
    return settled;
  }

  /** Moves on to the first record that is not settled, and tells of those on the way. */
  pass(tell: (outcome: Outcome, count: number) => void): void {
    if (this.#whole !== undefined) {
      this.passedTo = this.endSeq;
      return tell(this.#whole, this.count);
    }
    const states = this.#states;
    if (states === undefined) return;
    while (this.passedTo < this.endSeq) {
      const state = states[this.passedTo - this.startSeq]!;
      if (state === 0) return;
      const from = this.passedTo;
      while (this.passedTo < this.endSeq && states[this.passedTo - this.startSeq] === state) {
        this.passedTo++;
      }
      tell(OUTCOMES[state - 1]!, this.passedTo - from);
    }
  }
}
