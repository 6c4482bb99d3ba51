import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { LEVEL_RANK } from "../record/level.ts";
import type { LogRecord } from "../record/record.ts";
import type { LogChunk, LogGap, LogReader, LogStore } from "../storage/store.ts";
import type { SubscribeFilter, Subscription } from "./pipeline.ts";
import type { HandlerStats } from "./stats.ts";

/** What a subscriber is called with. */
export type Handler = (record: LogRecord) => void | Promise<void>;

/** What the loops of all handlers share. */
export interface HandlerHost {
  readonly log: LogStore;
  readonly clock: Clock;
  /** What all handlers ever got. */
  readonly totals: { delivered: number; failed: number; missed: number };
  /** A handler fails or falls behind; told once until it works again. */
  tell(kind: "subscriber-failed" | "subscriber-missed", message: string): void;
  /** The handler gets nothing more. */
  ended(loop: HandlerLoop): void;
}

/** After this many records a handler that never waits gives the event loop back. */
const RECORDS_A_TURN = 256;

const decoder = new TextDecoder();

/**
 * One handler's way through the log. It holds one chunk of lines at most: what it has not come to waits in
 * the log, and what the log gives up meanwhile is missed and counted.
 */
export class HandlerLoop implements Subscription {
  readonly name: string;
  readonly #host: HandlerHost;
  readonly #reader: LogReader;
  readonly #minRank: number;
  readonly #options: SubscribeFilter;
  readonly #fn: Handler;
  #running: Promise<void> | undefined;
  #again = false;
  #ended = false;
  /** The next record to look at. */
  #nextSeq: number;
  /** The end of the chunk in hand: what lies before is not missed, whatever the log gives up. */
  #heldTo: number;
  #missed = 0;
  #isFailing = false;
  #isMissing = false;
  delivered = 0;
  failed = 0;

  constructor(name: string, options: SubscribeFilter, fn: Handler, host: HandlerHost) {
    this.name = name;
    this.#host = host;
    this.#nextSeq = this.#heldTo = host.log.nextSeq;
    this.#reader = host.log.reader(this.#nextSeq);
    this.#minRank = LEVEL_RANK[options.level ?? "trace"];
    this.#options = options;
    this.#fn = fn;
  }

  get missed(): number {
    return this.#missed + this.pendingMissed;
  }

  /** Records that the log has given up and the handler has not come to: not in the totals yet. */
  get pendingMissed(): number {
    return this.#ended ? 0 : Math.max(0, this.#host.log.firstSeq - this.#heldTo);
  }

  get lag(): number {
    if (this.#ended) return 0;
    const { firstSeq, writtenSeq } = this.#host.log;
    const unread = writtenSeq - Math.max(this.#heldTo, firstSeq);
    return this.#heldTo - this.#nextSeq + Math.max(0, unread);
  }

  /** Figures. */
  stats(): HandlerStats {
    const { name, delivered, failed, missed, lag } = this;
    return { name, delivered, failed, missed, lag };
  }

  /** There are new records. Never calls the handler before the caller has returned. */
  notify(): void {
    if (this.#ended) return;
    if (this.pendingMissed > 0) this.#tellMissing();
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** Resolves when the handler has seen what is in the log. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // The writer that told us must return first.
    await this.#turn();
    while (this.#again && !this.#ended) {
      this.#again = false;
      try {
        await this.#readOn();
      } catch (error) {
        // A log that cannot be read now is read on when the next record comes.
        await this.#failedWith(error, undefined);
      }
    }
    this.#running = undefined;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#host.clock.defer(resolve));
  }

  async #readOn(): Promise<void> {
    while (!this.#ended) {
      const read = await this.#reader.next();
      if (this.#ended || read.kind === "end") return;
      if (read.kind === "gap") this.#skip(read.gap);
      else await this.#handOver(read.chunk);
    }
  }

  #skip({ firstSeq, count }: LogGap): void {
    this.#count(count);
    this.#nextSeq = this.#heldTo = firstSeq + count;
    this.#tellMissing();
  }

  #count(missed: number): void {
    this.#missed += missed;
    this.#host.totals.missed += missed;
  }

  #tellMissing(): void {
    if (this.#isMissing) return;
    this.#isMissing = true;
    this.#host.tell(
      "subscriber-missed",
      `Subscriber "${this.name}" has missed ${this.missed} records: the log keeps them no longer, ` +
        `and the subscriber is behind; stats() count what it misses`,
    );
  }

  async #handOver({ firstSeq, count, bytes }: LogChunk): Promise<void> {
    this.#heldTo = firstSeq + count;
    this.#isMissing = false;
    let sinceTurn = 0;
    for (const line of decoder.decode(bytes).split("\n").slice(0, -1)) {
      if (this.#ended) return;
      await this.#call(line);
      this.#nextSeq++;
      if (++sinceTurn % RECORDS_A_TURN === 0) await this.#turn();
    }
  }

  async #call(line: string): Promise<void> {
    let record: LogRecord | undefined;
    try {
      record = JSON.parse(line) as LogRecord;
      if (LEVEL_RANK[record.level] < this.#minRank) return;
      if (this.#options.filter !== undefined && !this.#options.filter(record)) return;
      this.delivered++;
      this.#host.totals.delivered++;
      await this.#fn(record);
      this.#isFailing = false;
    } catch (error) {
      await this.#failedWith(error, record);
    }
  }

  async #failedWith(error: unknown, record: LogRecord | undefined): Promise<void> {
    this.failed++;
    this.#host.totals.failed++;
    const { onError } = this.#options;
    if (onError === undefined) return this.#tellFailing(error);
    try {
      await onError(error, record);
    } catch (worse) {
      this.#tellFailing(worse);
    }
  }

  #tellFailing(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const next = this.#ended ? "" : "; it goes on with the next record";
    this.#host.tell(
      "subscriber-failed",
      `Subscriber "${this.name}" failed: ${messageOf(error)}${next}`,
    );
  }

  unsubscribe(): void {
    if (this.#ended) return;
    this.#count(this.pendingMissed);
    this.#ended = true;
    this.#reader.close();
    this.#host.ended(this);
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }
}
