import { isolated } from "../isolated.ts";

/**
 * What a pool whose queue is full does with one more job. The words mean what they mean for a buffer:
 * - `block` lets `submit` wait for room, in the order of the calls; `post` refuses
 * - `drop-oldest` takes it and gives up the job that has waited longest
 * - `drop-newest` refuses it
 * - `sample` takes one in `sampleEvery` as `drop-oldest` does and refuses the others
 * - `warn` refuses it, with one warning an episode
 *
 * A job that has started is never given up.
 */
export type PoolOverflow = "block" | "drop-oldest" | "drop-newest" | "sample" | "warn";

/** All policies of a full queue. */
export const POOL_POLICIES: readonly PoolOverflow[] = [
  "block",
  "drop-oldest",
  "drop-newest",
  "sample",
  "warn",
];

/** A time of drops: from the first one until the queue is half empty again. */
export interface PoolDropEpisode {
  /** The policy that dropped. */
  readonly policy: PoolOverflow;
  /** Jobs dropped so far. */
  readonly dropped: number;
}

/** Who is told of drops. An error that is thrown here goes to standard error and nowhere else. */
export interface PoolDropListeners {
  /** With `warn`: told of the first drop of an episode. @default {console.warn} */
  readonly onWarn?: (episode: PoolDropEpisode) => void;
  /** Told when an episode is over: the queue is half empty again. */
  readonly onRecover?: (episode: PoolDropEpisode) => void;
}

/** Chooses what to drop, counts it, and tells of it. */
export class PoolDrops {
  readonly policy: PoolOverflow;
  total = 0;
  readonly #isChosen: () => boolean;
  readonly #onWarn: (episode: PoolDropEpisode) => void;
  readonly #onRecover: (episode: PoolDropEpisode) => void;
  #episode = 0;

  constructor(policy: PoolOverflow, isChosen: () => boolean, listeners: PoolDropListeners) {
    this.policy = policy;
    this.#isChosen = isChosen;
    this.#onWarn = isolated("onWarn", listeners.onWarn ?? warnOnConsole);
    this.#onRecover = isolated("onRecover", listeners.onRecover ?? (() => {}));
  }

  /** Whether a waiting job is to be given up for the one that came now. */
  get evicts(): boolean {
    return this.policy === "drop-oldest" || (this.policy === "sample" && this.#isChosen());
  }

  /** Whether an episode is under way. */
  get isOpen(): boolean {
    return this.#episode > 0;
  }

  /** Counts one drop. */
  add(): void {
    this.total++;
    this.#episode++;
    if (this.#episode === 1 && this.policy === "warn") this.#onWarn(this.#told());
  }

  /** There is plenty of room again. */
  recover(): void {
    const told = this.#told();
    this.#episode = 0;
    this.#onRecover(told);
  }

  #told(): PoolDropEpisode {
    return { policy: this.policy, dropped: this.#episode };
  }
}

function warnOnConsole(): void {
  console.warn("logflume: The pool's queue is full: jobs are dropped until there is room");
}
