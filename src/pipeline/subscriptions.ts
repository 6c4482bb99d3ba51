import type { Clock } from "../clock.ts";
import { assertLevel } from "../record/level.ts";
import type { LogStore } from "../storage/store.ts";
import { type Handler, type HandlerHost, HandlerLoop } from "./handler_loop.ts";
import type { SubscribeFilter, Subscription } from "./pipeline.ts";
import type { PipelineStats } from "./stats.ts";

/** All handlers of a pipeline. Each reads the log at its own pace: none delays another or a writer. */
export class Subscriptions {
  readonly #host: HandlerHost;
  readonly #handlers = new Set<HandlerLoop>();
  readonly #totals = { delivered: 0, failed: 0, missed: 0 };
  #count = 0;

  constructor(log: LogStore, clock: Clock, tell: HandlerHost["tell"]) {
    this.#host = {
      log,
      clock,
      totals: this.#totals,
      tell,
      ended: (loop) => this.#handlers.delete(loop),
    };
  }

  /**
   * Starts a handler with the next record of the log.
   *
   * @throws {TypeError} If the handler, or the filter in the options, is no function
   * @throws {RangeError} If there is no such level
   */
  add(options: SubscribeFilter, fn: Handler): Subscription {
    assertHandler(options, fn);
    const { level, filter } = options;
    if (level !== undefined) assertLevel(level);
    if (filter !== undefined && typeof filter !== "function") {
      throw new TypeError("The filter of a subscriber is a function that takes a record");
    }
    this.#count++;
    const name = options.name ?? (fn.name || `subscriber ${this.#count}`);
    const loop = new HandlerLoop(name, options, fn, this.#host);
    this.#handlers.add(loop);
    return loop;
  }

  /** There are new records. */
  notify(): void {
    for (const handler of this.#handlers) handler.notify();
  }

  /** Handlers now, and what all handlers ever got. */
  stats(): PipelineStats["handlers"] {
    const handlers = [...this.#handlers];
    const missed = handlers.reduce((sum, { pendingMissed }) => sum + pendingMissed, 0);
    return {
      count: handlers.length,
      ...this.#totals,
      missed: this.#totals.missed + missed,
      each: handlers.map((handler) => handler.stats()),
    };
  }

  /** Lets every handler see what is in the log, until `timeUp`, and ends them. */
  async close(timeUp: Promise<void>): Promise<void> {
    await Promise.race([Promise.all([...this.#handlers].map((handler) => handler.idle())), timeUp]);
    for (const handler of [...this.#handlers]) handler.unsubscribe();
  }
}

function assertHandler(options: unknown, fn: unknown): void {
  if (typeof fn === "function" && typeof options === "object" && options !== null) return;
  throw new TypeError(
    "Cannot subscribe without a handler: pass a filter, {} for all records, then a function that " +
      "takes a record",
  );
}
