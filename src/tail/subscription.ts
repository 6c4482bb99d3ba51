import { messageOf } from "../errors.ts";
import { isolated } from "../isolated.ts";
import type { TailGap } from "./cursor.ts";
import { type Follow, nextMatching } from "./follow.ts";
import type { TailFrom } from "./from.ts";
import type { TailBatch } from "./lines.ts";
import type { TailFilterInput } from "./matching.ts";

/** What a subscriber is called with: a line without its LF, and its sequence number. */
export type TailHandler = (line: string, seq: number) => void | Promise<void>;

/** Which lines a subscriber gets, and what it is told beside them. */
export interface TailSubscribeOptions {
  /** Which lines are wanted; all unless given. */
  readonly filter?: TailFilterInput;
  /** Where to begin; `"live"` unless given. */
  readonly from?: TailFrom;
  /** How messages call it; the function's name unless given. */
  readonly name?: string;
  /** Told of records that the subscriber did not get. */
  readonly onGap?: (gap: TailGap) => void;
  /**
   * Told of each failure, instead of one line on standard error an episode: the handler or the filter
   * threw or rejected at this line, or, without a line, history could not be read and will be again.
   */
  readonly onError?: (error: unknown, line: string | undefined) => void;
  /** Ends the subscription. */
  readonly signal?: AbortSignal;
}

/** A running subscription to a tail. */
export interface TailSubscription extends Disposable {
  /** Ends it: no further call. A second call does nothing. */
  unsubscribe(): void;
  /** How messages call it. */
  readonly name: string;
  /** Lines handed over. */
  readonly delivered: number;
  /** Calls that threw or rejected, of the handler, of its filter or of history. */
  readonly failed: number;
  /** Records that the subscriber was told it did not get, whatever its filter says. */
  readonly missed: number;
  /** Records between its place and the newest. */
  readonly lag: number;
  /**
   * Resolves when it has ended, by `unsubscribe`, by its signal, or with the tail, and the call in hand
   * is over. Never rejects.
   */
  readonly ended: Promise<void>;
}

const OPTION_NAMES = ["filter", "from", "name", "onGap", "onError", "signal"];

/**
 * Tells apart the forms of a call of `subscribe`: a handler, or a filter or options and a handler.
 *
 * @throws {TypeError} If there is no handler
 */
export function subscribeOptions(
  first: TailSubscribeOptions | TailFilterInput | TailHandler,
  handler: TailHandler | undefined,
): [options: TailSubscribeOptions, fn: TailHandler] {
  const fn = handler ?? first;
  if (typeof fn !== "function") {
    throw new TypeError("Cannot subscribe to a tail without a handler: pass a function last");
  }
  if (handler === undefined) return [{}, fn as TailHandler];
  return [isOptions(first) ? first : { filter: first as TailFilterInput }, handler];
}

function isOptions(value: unknown): value is TailSubscribeOptions {
  if (typeof value !== "object" || value === null) return false;
  const names = Object.keys(value);
  return names.length === 0 || names.some((name) => OPTION_NAMES.includes(name));
}

/** What a subscription needs of its tail. */
export interface SubscriptionHost {
  /** Waits before history that failed is read again. */
  pause(signal: AbortSignal): Promise<void>;
  /** A call failed. */
  failed(): void;
  /** The subscription gets nothing more. */
  forget(subscription: TailSubscription): void;
}

/** One subscriber's way through the tail: in order, one call at a time, nobody else waits for it. */
export class SubscriptionLoop implements TailSubscription {
  readonly name: string;
  readonly ended: Promise<void>;
  readonly #fn: TailHandler;
  readonly #options: TailSubscribeOptions;
  readonly #host: SubscriptionHost;
  readonly #follow: Follow;
  readonly #stop = new AbortController();
  readonly #abort = (): void => this.unsubscribe();
  readonly #onGap: (gap: TailGap) => void;
  readonly #onError: (error: unknown, line: string | undefined) => void;
  #isFailing = false;
  delivered = 0;
  failed = 0;
  missed = 0;

  constructor(
    fn: TailHandler,
    options: TailSubscribeOptions,
    follow: Omit<Follow, "signal">,
    host: SubscriptionHost,
  ) {
    this.name = options.name ?? (fn.name || "subscriber");
    this.#fn = fn;
    this.#options = options;
    this.#host = host;
    const { matches } = follow;
    this.#follow = {
      ...follow,
      matches: matches && ((line) => this.#isWanted(matches, line)),
      signal: this.#stop.signal,
    };
    this.#onGap = isolated(`onGap of "${this.name}"`, options.onGap ?? (() => {}));
    this.#onError = options.onError === undefined
      ? (error) => this.#tell(error)
      : isolated(`onError of "${this.name}"`, options.onError);
    if (options.signal?.aborted) this.#stop.abort();
    else options.signal?.addEventListener("abort", this.#abort);
    this.ended = this.#run();
  }

  get lag(): number {
    return this.#stop.signal.aborted ? 0 : this.#follow.cursor.lag;
  }

  unsubscribe(): void {
    this.#stop.abort();
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#follow.cursor.close();
    this.#host.forget(this);
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  async #run(): Promise<void> {
    // Never called before the caller, who may be a writer, has returned.
    await this.#follow.turns.next();
    while (await this.#readOn());
    this.unsubscribe();
  }

  /** False when nothing more will come. */
  async #readOn(): Promise<boolean> {
    let read: TailBatch | TailGap | undefined;
    try {
      read = await nextMatching(this.#follow);
    } catch (error) {
      this.#failedWith(error, undefined);
      await this.#host.pause(this.#stop.signal).catch(() => {});
      return true;
    }
    if (read === undefined) return false;
    if (read.kind === "gap") this.#skip(read);
    else await this.#handOver(read);
    return true;
  }

  #skip(gap: TailGap): void {
    this.missed += gap.count;
    this.#onGap(gap);
  }

  async #handOver(batch: TailBatch): Promise<void> {
    const { turns, signal } = this.#follow;
    for (const [i, line] of batch.lines().entries()) {
      if (signal.aborted) return;
      await this.#call(line, batch.seqAt(i));
      if (turns.isOver) await turns.next();
    }
  }

  async #call(line: string, seq: number): Promise<void> {
    this.delivered++;
    try {
      const answer = this.#fn(line, seq);
      if (answer instanceof Promise) await answer;
      this.#isFailing = false;
    } catch (error) {
      this.#failedWith(error, line);
    }
  }

  #isWanted(matches: (line: string) => boolean, line: string): boolean {
    try {
      return matches(line);
    } catch (error) {
      this.#failedWith(error, line);
      return false;
    }
  }

  #failedWith(error: unknown, line: string | undefined): void {
    this.failed++;
    this.#host.failed();
    this.#onError(error, line);
  }

  #tell(error: unknown): void {
    if (!this.#isFailing) {
      console.error(`logflume: subscriber "${this.name}" of a tail failed: ${messageOf(error)}`);
    }
    this.#isFailing = true;
  }
}
