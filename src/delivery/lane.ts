import type { Clock } from "../clock.ts";
import { messageOf, SinkClosedError } from "../errors.ts";
import { type Level, LEVEL_RANK } from "../record/level.ts";
import type { LaneState, LaneStats } from "../pipeline/stats.ts";
import type { BatchSource, Sink } from "../sink/sink.ts";
import type { CursorRow, LogStore } from "../storage/store.ts";
import { type Attempt, attemptOf, attemptThatThrew } from "./attempt.ts";
import type { Backoff } from "./backoff.ts";
import type { LineBatch } from "./batch.ts";
import type { DeadLetterReason, DeadLetters } from "./dead_letters.ts";
import { type Claim, type ClaimLimits, LogCursor, type Settled } from "./source.ts";
import { pause } from "./pause.ts";
import { Resends } from "./resend.ts";

/** How a lane sends to its sink. */
export interface LaneSettings {
  /** The lane's name. */
  readonly name: string;
  /** The destination. */
  readonly sink: Sink;
  /** Records below this level are left out. */
  readonly level: Level;
  /** How much goes out at once. */
  readonly batch: ClaimLimits;
  /** Batches in flight at once; 1 unless the sink's order is `none`. */
  readonly concurrency: number;
  /** Tries of a batch before its records become dead letters. */
  readonly maxAttempts: number;
  /** The wait between tries. */
  readonly backoff: Backoff;
}

/** What a lane tells; `lane-ended` is the ordinary end of a destination, such as a closed pipe. */
export type LaneEvent =
  | "delivery-failed"
  | "delivery-recovered"
  | "dead-lettered"
  | "lane-stopped"
  | "lane-ended";

/** What a lane needs of the pipeline around it. */
export interface LaneHost {
  /** The log it reads. */
  readonly log: LogStore;
  /** How batches of this lane are named. */
  readonly source: BatchSource;
  /** Where records go that cannot be delivered. */
  readonly deadLetters: DeadLetters;
  /** Time. */
  readonly clock: Clock;
  /** Chance, 0 up to 1. */
  readonly random: () => number;
  /** Records that were accepted and never got a sequence number: given up, and still waiting. */
  readonly buffered: () => { readonly evicted: number; readonly waiting: number };
  /** Records were settled: the cursor is worth storing. */
  settled(bytes: number): void;
  /** Something worth telling happened. */
  tell(kind: LaneEvent, message: string): void;
}

/** Gives the event loop back after working this long without a pause. */
const MAX_BUSY_MS = 4;
const LEVEL_OF_LINE = /^\{"time":"[^"]*","level":"(\w+)"/;

/** One sink's way through the log: its cursor, its batches, its retries. No lane knows of another. */
export class Lane {
  readonly name: string;
  /** Dead letters of this lane that are sent again. */
  readonly resends: Resends;
  readonly #settings: LaneSettings;
  readonly #host: LaneHost;
  readonly #cursor: LogCursor;
  readonly #abort = new AbortController();
  readonly #evictedBefore: number;
  readonly #spilled = new WeakSet<LineBatch>();
  #inFlight = new Set<Promise<void>>();
  #loop: Promise<void> | undefined;
  #scheduled = false;
  #busySince = 0;
  #state: LaneState = "idle";
  #attempts = 0;
  #failures = 0;
  #lastError: string | undefined;

  constructor(settings: LaneSettings, host: LaneHost, row: CursorRow) {
    this.name = settings.name;
    this.#settings = settings;
    this.#host = host;
    this.#cursor = new LogCursor(host.log, row);
    this.#evictedBefore = host.buffered().evicted;
    this.resends = new Resends(settings, host, {
      signal: this.#abort.signal,
      attempt: (batch, attempt, signal) => this.#attempt(batch, attempt, signal),
      notify: () => this.notify(),
      delivered: () => this.#cursor.checkpoint(settings.sink.checkpoint?.()),
    });
  }

  /** Opens the sink at the place where the cursor stands. */
  async open(): Promise<void> {
    const { sink } = this.#settings;
    const resumes = this.#host.log.acknowledges !== "memory";
    await sink.open?.(this.#cursor.row.checkpoint, { resumes });
    this.#cursor.checkpoint(sink.checkpoint?.());
  }

  /** Place and counts to store; drops from the buffer are part of them. */
  get row(): CursorRow {
    const { row } = this.#cursor;
    const overflow = (row.dropped.overflow ?? 0) + this.#evicted();
    return overflow === 0 ? row : { ...row, dropped: { ...row.dropped, overflow } };
  }

  /** Every record below this one is settled. */
  get nextSeq(): number {
    return this.#cursor.nextSeq;
  }

  /** Records that are pending and not written to the log's store. */
  get unwritten(): number {
    const { log } = this.#host;
    return log.nextSeq - log.writtenSeq + this.#host.buffered().waiting;
  }

  #evicted(): number {
    return this.#host.buffered().evicted - this.#evictedBefore;
  }

  /** There may be new records. Never delivers before the caller has returned. */
  notify(): void {
    if (this.#scheduled || this.#loop !== undefined || this.ended) return;
    this.#scheduled = true;
    this.#host.clock.defer(() => {
      this.#scheduled = false;
      this.#loop ??= this.#run();
    });
  }

  /** Whether the lane settles nothing more until the next start. */
  get ended(): boolean {
    return this.#state === "stopped" || this.#state === "closed";
  }

  async #run(): Promise<void> {
    this.#busySince = this.#host.clock.monotonic();
    while (!this.ended) {
      while (this.#inFlight.size >= this.#settings.concurrency) await Promise.race(this.#inFlight);
      if (this.ended) break;
      if (this.resends.waiting > 0) {
        this.#track(this.resends.next()!);
        continue;
      }
      const claim = await this.#claim();
      if (claim === undefined) break;
      if (!this.ended) this.#state = "delivering";
      this.#start(claim);
      await this.#yieldIfLong();
    }
    this.#loop = undefined;
    this.#rest();
    // Records may have come since the last look.
    if (this.#cursor.claimedTo < this.#host.log.writtenSeq || this.resends.waiting) this.notify();
  }

  /** The next records. A log that cannot be read is asked again: it may only lack descriptors. */
  async #claim(): Promise<Claim | undefined> {
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#cursor.claim(this.#settings.batch);
      } catch (error) {
        if (!await this.#waitToRetry(attempt, `Cannot read the log: ${messageOf(error)}`)) return;
      }
    }
  }

  #rest(): void {
    if (this.#inFlight.size === 0 && this.#loop === undefined && !this.ended) this.#state = "idle";
  }

  #start(claim: Claim): void {
    this.#track(this.#deliver(claim));
  }

  #track(work: Promise<void>): void {
    const delivery = work
      // Nothing a sink does may end more than its own lane.
      .catch((error) => this.#stop(messageOf(error), false))
      .finally(() => {
        this.#inFlight.delete(delivery);
        this.#rest();
      });
    this.#inFlight.add(delivery);
  }

  async #yieldIfLong(): Promise<void> {
    const { clock } = this.#host;
    if (clock.monotonic() - this.#busySince < MAX_BUSY_MS) return;
    await new Promise<void>((resolve) => clock.defer(resolve));
    this.#busySince = clock.monotonic();
  }

  /** Sends a claim until every record of it is settled, or the lane ends. */
  async #deliver(claim: Claim): Promise<void> {
    const settled: Settled[] = [];
    let batch = this.#select(claim.batch, settled);
    for (let attempt = 1; batch.count > 0;) {
      const outcome = await this.#attempt(batch, attempt);
      if (outcome === undefined) return;
      settled.push({ delivered: outcome.delivered });
      const { again, rejected, error } = outcome;
      if (!await this.#bury(batch, rejected, "non_retryable", attempt, settled)) return;
      if (again.length > 0 && attempt >= this.#settings.maxAttempts) {
        const rest = again.map((index) => ({ index, reason: error }));
        if (!await this.#bury(batch, rest, "max_attempts", attempt, settled)) return;
        break;
      }
      // The usual end: an empty pick would look for every line of the batch to take none of them.
      if (again.length === 0) break;
      const progress = again.length < batch.count;
      if (progress) batch = batch.pick(again);
      if (!await this.#waitToRetry(attempt, error)) return;
      this.#cursor.countRedelivered(batch.count);
      attempt = progress ? 1 : attempt + 1;
    }
    claim.settle(...settled);
    this.#cursor.checkpoint(this.#settings.sink.checkpoint?.());
    this.#host.settled(claim.batch.bytes.length);
  }

  /** The records that the lane's level lets through; the others are counted. */
  #select(batch: LineBatch, settled: Settled[]): LineBatch {
    const rank = LEVEL_RANK[this.#settings.level];
    if (rank === 0) return batch;
    const wanted = batch.lines().flatMap((line, index) => {
      const level = LEVEL_OF_LINE.exec(line)?.[1] as Level | undefined;
      return level !== undefined && LEVEL_RANK[level] < rank ? [] : [index];
    });
    if (wanted.length === batch.count) return batch;
    settled.push({ filtered: batch.count - wanted.length });
    return batch.pick(wanted);
  }

  /** One call of the sink; undefined if the lane ended over it. */
  async #attempt(
    batch: LineBatch,
    attempt: number,
    signal: AbortSignal = this.#abort.signal,
  ): Promise<Attempt | undefined> {
    this.#attempts++;
    const { source } = this.#host;
    try {
      const result = await this.#settings.sink.write(batch, { signal, attempt, source });
      const outcome = attemptOf(batch, result ?? {}, this.#settings.sink.order);
      if (outcome.delivered === batch.count) this.#succeeded();
      else this.#failures++;
      return outcome;
    } catch (error) {
      this.#failures++;
      if (error instanceof SinkClosedError) {
        return void this.#stop(messageOf(error), error.isExpected);
      }
      return signal.aborted ? undefined : attemptThatThrew(batch, error);
    }
  }

  #succeeded(): void {
    if (this.#lastError === undefined) return;
    this.#lastError = undefined;
    this.#host.tell("delivery-recovered", `Sink "${this.name}" takes records again`);
  }

  #stop(reason: string, isExpected: boolean): undefined {
    this.#state = "stopped";
    this.#lastError = reason;
    this.resends.end();
    this.#host.tell(
      isExpected ? "lane-ended" : "lane-stopped",
      `Sink "${this.name}" is closed: ${reason}`,
    );
  }

  /** Puts records into the dead letters; false if the lane ended before they were durable there. */
  async #bury(
    batch: LineBatch,
    records: readonly { readonly index: number; readonly reason: string }[],
    reason: DeadLetterReason,
    attempts: number,
    settled: Settled[],
  ): Promise<boolean> {
    if (records.length === 0) return true;
    const lines = batch.lines();
    const { logId } = this.#host.log;
    const entries = records.map(({ index, reason: error }) => {
      const seq = batch.seqAt(index);
      const id = `${logId}/${this.name}/${seq}`;
      return { id, lane: this.name, seq, reason, error, attempts, record: lines[index]! };
    });
    for (let attempt = 1;; attempt++) {
      try {
        await this.#host.deadLetters.add(entries);
        settled.push({ deadLettered: entries.length });
        this.#tellBuried(entries.length, records[0]!.reason);
        return true;
      } catch (error) {
        if (!await this.#waitToRetry(attempt, messageOf(error))) return false;
      }
    }
  }

  #tellBuried(count: number, error: string): void {
    this.#host.tell(
      "dead-lettered",
      `Sink "${this.name}" gave up ${count} ${
        count === 1 ? "record" : "records"
      }, kept in the dead ` +
        `letters: ${error}`,
    );
  }

  /** False if the lane ended meanwhile. */
  async #waitToRetry(attempt: number, error: string): Promise<boolean> {
    const delayMs = this.#settings.backoff(attempt, this.#host.random);
    if (this.#lastError === undefined) {
      this.#host.tell("delivery-failed", `Sink "${this.name}" failed, trying again: ${error}`);
    }
    this.#lastError = error;
    this.#state = "waiting-to-retry";
    await pause(delayMs, this.#host.clock, this.#abort.signal);
    if (this.#abort.signal.aborted) return false;
    this.#state = "delivering";
    return true;
  }

  /** Gives up all records below `seq` that are not under way. */
  skipTo(seq: number, reason: string): void {
    this.#cursor.skipTo(seq, reason);
  }

  /**
   * Delivers what is left at once, when the process ends: in memory mode there is no later. Never throws,
   * since one sink that fails must not keep the others from their records; what it did not take goes
   * the usual way, in case the process goes on.
   */
  spillSync(): void {
    if (this.#settings.sink.writeSync === undefined) return;
    for (const batch of this.ended ? [] : this.#cursor.unsettled) {
      // Each record that is written while the process ends brings us here: a batch goes out once.
      if (this.#spilled.has(batch)) continue;
      if (this.#sendNow(this.#select(batch, []))) this.#spilled.add(batch);
    }
    while (!this.ended) {
      const claim = this.#cursor.claim(this.#settings.batch);
      if (claim === undefined || claim instanceof Promise) return;
      const settled: Settled[] = [];
      const wanted = this.#select(claim.batch, settled);
      if (!this.#sendNow(wanted)) return this.#start(claim);
      claim.settle({ delivered: wanted.count }, ...settled);
    }
  }

  /** False if the sink did not take the batch. */
  #sendNow(batch: LineBatch): boolean {
    try {
      if (batch.count > 0) this.#settings.sink.writeSync?.(batch);
      return true;
    } catch {
      return false;
    }
  }

  /** Makes what was delivered durable. */
  async sync(): Promise<void> {
    await this.#settings.sink.sync?.();
  }

  /** Ends the lane: waits are cut, the attempt under way gets its signal and up to `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (this.#state !== "stopped") this.#state = "closed";
    this.#abort.abort(new Error("The pipeline is closing"));
    this.resends.end();
    const underway = Promise.all([this.#loop, ...this.#inFlight]);
    const { clock } = this.#host;
    await Promise.race([underway, pause(graceMs, clock)]);
    this.#cursor.close();
    try {
      const closing = Promise.resolve(this.#settings.sink.close?.());
      await Promise.race([closing, pause(graceMs, clock)]);
    } catch (error) {
      this.#host.tell("delivery-failed", `Sink "${this.name}" cannot close: ${messageOf(error)}`);
    }
  }

  /** Figures. `accepted = delivered + deadLettered + filtered + pending + dropped`. */
  stats(): LaneStats {
    const { checkpoint: _, lane: __, dropped: settledDrops, ...row } = this.row;
    const dropped = { ...settledDrops };
    let { delivered, deadLettered, filtered } = row;
    for (const outcome of this.#cursor.settledAhead) {
      delivered += outcome.delivered ?? 0;
      deadLettered += outcome.deadLettered ?? 0;
      filtered += outcome.filtered ?? 0;
      const drop = outcome.dropped;
      if (drop !== undefined) dropped[drop.reason] = (dropped[drop.reason] ?? 0) + drop.count;
    }
    const { waiting } = this.#host.buffered();
    const accepted = this.#host.log.nextSeq - row.since + (dropped.overflow ?? 0) + waiting;
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    return {
      ...row,
      lane: this.name,
      delivered,
      deadLettered,
      filtered,
      dropped,
      state: this.#state,
      accepted,
      pending: accepted - delivered - deadLettered - filtered - lost,
      attempts: this.#attempts,
      failures: this.#failures,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }
}
