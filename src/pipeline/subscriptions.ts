import type { Clock } from "../clock.ts";
import { assertLevel, LEVEL_RANK } from "../record/level.ts";
import type { LogRecord } from "../record/record.ts";
import type { LogReader, LogStore } from "../storage/store.ts";
import type { SubscribeFilter, Subscription } from "./pipeline.ts";

type Handler = (record: LogRecord) => void | Promise<void>;

/** After this many records a handler that never waits gives the event loop back. */
const RECORDS_A_TURN = 256;

const decoder = new TextDecoder();

/** All handlers of a pipeline. Each reads the log at its own pace: none delays another or a writer. */
export class Subscriptions {
  readonly #log: LogStore;
  readonly #clock: Clock;
  readonly #handlers = new Set<HandlerLoop>();
  #ended = { delivered: 0, failed: 0 };

  constructor(log: LogStore, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Starts a handler with the next record of the log. */
  add(filter: SubscribeFilter, fn: Handler): Subscription {
    if (filter.level !== undefined) assertLevel(filter.level);
    const loop = new HandlerLoop(this.#log, this.#clock, filter, fn, () => {
      if (!this.#handlers.delete(loop)) return;
      this.#ended.delivered += loop.delivered;
      this.#ended.failed += loop.failed;
    });
    this.#handlers.add(loop);
    return loop;
  }

  /** There are new records. */
  notify(): void {
    for (const handler of this.#handlers) handler.notify();
  }

  /** Handlers now, and what all handlers ever got. */
  stats(): { count: number; delivered: number; failed: number } {
    let { delivered, failed } = this.#ended;
    for (const handler of this.#handlers) {
      delivered += handler.delivered;
      failed += handler.failed;
    }
    return { count: this.#handlers.size, delivered, failed };
  }

  /** Lets every handler see what is in the log, up to `graceMs`, and ends them. */
  async close(timeUp: Promise<void>): Promise<void> {
    await Promise.race([Promise.all([...this.#handlers].map((handler) => handler.idle())), timeUp]);
    for (const handler of [...this.#handlers]) handler.unsubscribe();
  }
}

class HandlerLoop implements Subscription {
  readonly #reader: LogReader;
  readonly #clock: Clock;
  readonly #minRank: number;
  readonly #filter: SubscribeFilter["filter"];
  readonly #fn: Handler;
  readonly #onEnd: () => void;
  #running: Promise<void> | undefined;
  #again = false;
  #ended = false;
  delivered = 0;
  failed = 0;

  constructor(
    log: LogStore,
    clock: Clock,
    filter: SubscribeFilter,
    fn: Handler,
    onEnd: () => void,
  ) {
    this.#reader = log.reader(log.nextSeq);
    this.#clock = clock;
    this.#minRank = LEVEL_RANK[filter.level ?? "trace"];
    this.#filter = filter.filter;
    this.#fn = fn;
    this.#onEnd = onEnd;
  }

  notify(): void {
    if (this.#ended) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // The writer that told us must return first.
    await new Promise<void>((resolve) => this.#clock.defer(resolve));
    while (this.#again && !this.#ended) {
      this.#again = false;
      // A log that cannot be read now is read on when the next record comes.
      await this.#readOn().catch(() => this.failed++);
    }
    this.#running = undefined;
  }

  async #readOn(): Promise<void> {
    while (!this.#ended) {
      const read = await this.#reader.next();
      if (read.kind === "end") return;
      if (read.kind === "lines") await this.#handOver(read.chunk.bytes);
    }
  }

  async #handOver(bytes: Uint8Array): Promise<void> {
    let sinceTurn = 0;
    for (const line of decoder.decode(bytes).split("\n").slice(0, -1)) {
      if (this.#ended) return;
      await this.#call(line);
      if (++sinceTurn % RECORDS_A_TURN === 0) {
        await new Promise<void>((resolve) => this.#clock.defer(resolve));
      }
    }
  }

  async #call(line: string): Promise<void> {
    try {
      const record = JSON.parse(line) as LogRecord;
      if (LEVEL_RANK[record.level] < this.#minRank) return;
      if (this.#filter !== undefined && !this.#filter(record)) return;
      this.delivered++;
      await this.#fn(record);
    } catch {
      this.failed++;
    }
  }

  unsubscribe(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader.close();
    this.#onEnd();
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }
}
