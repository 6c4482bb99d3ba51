import { messageOf } from "../errors.ts";
import type { LaneState, LaneStats } from "../pipeline/stats.ts";
import type { Sink } from "../sink/sink.ts";
import type { CursorRow } from "../storage/store.ts";
import { allBehind, type Behind, noneBehind, sameKeyBehind } from "./attempt.ts";
import type { LineBatch } from "./batch.ts";
import { checkpointOf } from "./checkpoint.ts";
import type { BreakerStateChange } from "./circuit_breaker_contract.ts";
import { Delivery, type DeliveryLane, type Heard } from "./delivery.ts";
import { LaneCalls } from "./lane_calls.ts";
import { LaneGate } from "./lane_gate.ts";
import { LaneHealth } from "./lane_health.ts";
import { LaneReader } from "./lane_reader.ts";
import type { LaneCallOptions, LaneHost, LaneSettings } from "./lane_settings.ts";
import { LaneSpill } from "./lane_spill.ts";
import { laneStats } from "./lane_stats.ts";
import { LastResort } from "./last_resort.ts";
import type { Outcome } from "./open_claim.ts";
import { pause } from "./pause.ts";
import type { RetryRules } from "./retry_schedule.ts";
import { Resends } from "./resend.ts";
import { SinkCaller } from "./sink_caller.ts";
import { LogCursor } from "./log_cursor.ts";

/** Gives the event loop back after working this long without a pause. */
const MAX_BUSY_MS = 4;
/** States of a breaker in which it lets nothing through. */
const REFUSING: readonly string[] = ["open", "isolated"];

/** One sink's way through the log: its cursor, its batches, its retries. No lane knows of another. */
export class Lane implements DeliveryLane {
  readonly name: string;
  readonly settings: LaneSettings;
  readonly host: LaneHost;
  /** Dead letters of this lane that are sent again. */
  readonly resends: Resends;
  readonly cursor: LogCursor;
  readonly gate: LaneGate;
  readonly health: LaneHealth;
  readonly lastResort: LastResort;
  readonly behind: Behind;
  readonly rules: RetryRules;
  readonly fallback: SinkCaller | undefined;
  readonly #caller: SinkCaller;
  readonly #calls: LaneCalls;
  readonly #reader: LaneReader;
  readonly #spill: LaneSpill;
  readonly #abort = new AbortController();
  readonly #evictedBefore: number;
  readonly #inFlight = new Set<Promise<void>>();
  /** Deliveries that have not returned yet, and may be over when they do. */
  #atOnce = 0;
  #loop: Promise<void> | undefined;
  #onEnd: (() => void) | undefined;
  #scheduled = false;
  #busySince = 0;
  #end: "stopped" | "closed" | undefined;
  #leaks = 0;
  #closing: Promise<void> | undefined;

  constructor(settings: LaneSettings, host: LaneHost, row: CursorRow) {
    this.name = settings.name;
    this.settings = settings;
    this.host = host;
    this.cursor = new LogCursor(host.log, row);
    this.gate = new LaneGate(host.clock, this.signal, () => this.#held());
    this.health = new LaneHealth(settings.name, (kind, message) => host.tell(kind, message));
    this.#reader = new LaneReader(this);
    this.#spill = new LaneSpill(this, this.#reader);
    this.rules = { ...settings.retry, clock: host.clock, random: host.random };
    this.behind = behindOf(this.#reader, settings);
    this.#caller = this.#callerOf(settings.sink, host);
    this.#calls = new LaneCalls(this, this.#caller);
    // The fallback has no breaker: it is asked for what has nowhere else to go.
    this.fallback = settings.fallback === undefined
      ? undefined
      : this.#callerOf(settings.fallback, { ...host, breaker: undefined });
    this.lastResort = new LastResort(this);
    this.#evictedBefore = host.buffered().evicted;
    this.resends = new Resends(this);
  }

  #held(): void {
    this.resends.changed();
    this.host.held();
  }

  #callerOf(sink: Sink, host: LaneHost): SinkCaller {
    const { timeoutMs, graceMs } = this.settings;
    const { workers, breaker, clock, source } = host;
    return new SinkCaller({ sink, timeoutMs, graceMs }, {
      workers,
      breaker,
      clock,
      source,
      leaked: (change) => this.#leaked(change),
    });
  }

  /** Aborted when the lane is closed. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Opens the sink at the place where the cursor stands. */
  async open(): Promise<void> {
    const { sink, fallback } = this.settings;
    const resumes = this.host.log.acknowledges !== "memory";
    await sink.open?.(this.cursor.row.checkpoint, { resumes });
    // The cursor holds no checkpoint of a fallback.
    await fallback?.open?.(undefined, { resumes: false });
    this.cursor.checkpoint(checkpointOf(sink));
  }

  /** Place and counts to store; drops from the buffer are part of them. */
  get row(): CursorRow {
    return this.#withEvicted(this.cursor.row);
  }

  #withEvicted(row: CursorRow): CursorRow {
    const evicted = this.host.buffered().evicted - this.#evictedBefore;
    const overflow = (row.dropped.overflow ?? 0) + evicted;
    return overflow === 0 ? row : { ...row, dropped: { ...row.dropped, overflow } };
  }

  /** Every record below this one is settled. */
  get nextSeq(): number {
    return this.cursor.nextSeq;
  }

  /** Records that are pending and not written to the log's store. */
  get unwritten(): number {
    const { log } = this.host;
    return log.nextSeq - log.writtenSeq + this.host.buffered().waiting;
  }

  /** Records of so many bytes have come. Never delivers before the caller has returned. */
  wrote(bytes: number): void {
    this.#reader.note(bytes);
    this.notify();
  }

  /** There may be something to do. Never does it before the caller has returned. */
  notify(): void {
    if (this.#scheduled || this.#loop !== undefined || this.ended || !this.#isDue) return;
    this.#scheduled = true;
    this.host.clock.defer(() => {
      this.#scheduled = false;
      if (!this.ended) this.#loop ??= this.#run();
    });
  }

  get #isDue(): boolean {
    if (this.gate.isPaused || this.#inFlight.size >= this.settings.concurrency) return false;
    return this.resends.waiting > 0 || this.#reader.isDue;
  }

  /** Records below `seq` wait for no others any more. */
  hurry(seq: number): void {
    this.#reader.hurry(seq);
  }

  /** Lets no further call begin, until `resume`. What is under way goes on. */
  pause(): void {
    this.gate.pause();
  }

  /** Ends a pause, and lets a parked lane ask at once. */
  resume(): void {
    this.gate.resume();
    this.notify();
  }

  /** Whether the lane settles nothing more until the next start. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** For how long nothing will be settled, as far as is known: `Infinity` until somebody steps in. */
  get heldForMs(): number {
    if (this.ended) return Infinity;
    if (this.gate.heldForMs > 0) return this.gate.heldForMs;
    const { breaker } = this.host;
    if (breaker === undefined || this.gate.awaitingBreaker === 0) return 0;
    return REFUSING.includes(breaker.state) ? breaker.retryAfterMs : 0;
  }

  async #run(): Promise<void> {
    // A sink that answers at once may ask for figures: the loop is known before it is called.
    await undefined;
    this.#busySince = this.host.clock.monotonic();
    while (!this.ended && !this.gate.isPaused) {
      while (this.#inFlight.size >= this.settings.concurrency) await this.#anyEnd();
      if (this.ended || this.gate.isPaused) break;
      const resend = this.resends.next();
      if (resend !== undefined) {
        this.#track(resend);
        continue;
      }
      const next = this.#reader.next();
      const batch = next instanceof Promise ? await next : next;
      if (batch === undefined) break;
      this.#start(batch);
      if (this.host.clock.monotonic() - this.#busySince >= MAX_BUSY_MS) await this.#yield();
    }
    this.#loop = undefined;
    // Records may have come since the last look.
    this.notify();
  }

  /** What the sink takes at once is delivered when this returns. */
  #start(batch: LineBatch): void {
    const over = (): void => this.#reader.keys?.release(batch);
    const failed = (error: unknown): void => {
      // Nothing a sink does may end more than its own lane.
      this.stop(messageOf(error), false);
      over();
    };
    this.#atOnce++;
    try {
      const delivery = new Delivery(this, batch).run();
      if (delivery instanceof Promise) this.#track(delivery.then(over, failed));
      else over();
    } catch (error) {
      failed(error);
    }
    this.#atOnce--;
  }

  #track(work: Promise<void>): void {
    const end = (): void => {
      this.#inFlight.delete(tracked);
      this.#onEnd?.();
      this.notify();
    };
    const tracked = work.then(end, end);
    this.#inFlight.add(tracked);
  }

  /** Resolves when a delivery has ended; a race of them would leave a callback with each that goes on. */
  #anyEnd(): Promise<void> {
    return new Promise((resolve) => this.#onEnd = resolve);
  }

  async #yield(): Promise<void> {
    await this.host.workers.pause();
    this.#busySince = this.host.clock.monotonic();
  }

  /** One call of the sink, when nothing holds the lane; undefined if it ended. */
  call(batch: LineBatch, attempt: number, options?: LaneCallOptions): Heard | Promise<Heard> {
    return this.#calls.call(batch, attempt, options);
  }

  /** The sink has synced what it took outside the log's order. */
  synced(): void {
    this.cursor.checkpoint(checkpointOf(this.settings.sink));
  }

  /** Says what became of records that are in flight. */
  settle(batch: LineBatch, outcome: Outcome): void {
    if (batch.count === 0) return;
    // Asked first: a sink goes back to its checkpoint, and a place beyond it would leave records out.
    const checkpoint = checkpointOf(this.settings.sink);
    this.cursor.settle(batch, outcome);
    this.cursor.checkpoint(checkpoint);
    this.host.settled(batch.bytes.length);
  }

  /** Counts records that are sent again. */
  countRedelivered(count: number): void {
    this.cursor.countRedelivered(count);
  }

  /** Its breaker has changed: who waits for it looks again. */
  breakerChanged({ from, to, counts }: BreakerStateChange): void {
    this.gate.wake();
    if (to !== "open" || from === "half-open") return;
    this.host.tell(
      "breaker-open",
      `Sink "${this.name}" failed ${counts.consecutiveFailures} times in a row and is left alone for ` +
        `${Math.ceil(this.host.breaker?.retryAfterMs ?? 0)} ms`,
    );
  }

  #leaked(change: 1 | -1): void {
    this.gate.leaked += change;
    if (change < 0) return this.gate.wake();
    this.#leaks++;
    const { timeoutMs, graceMs } = this.settings;
    const since = this.#closing === undefined
      ? `its ${timeoutMs} ms were over and it was aborted`
      : "the lane was closed and the call aborted";
    this.host.tell(
      "lane-leaked",
      `A call of sink "${this.name}" still runs ${graceMs} ms after ${since}: ` +
        `make it heed context.signal`,
    );
  }

  /** The sink takes nothing any more, for good. */
  stop(reason: string, isExpected: boolean): void {
    this.#end ??= "stopped";
    this.resends.end();
    this.health.ended(reason, isExpected);
  }

  /** Gives up all records below `seq` that are not under way. */
  skipTo(seq: number, reason: string): void {
    this.cursor.skipTo(seq, reason);
  }

  /** Delivers what is left at once, when the process ends. Never throws; the process may go on. */
  spillSync(): void {
    const left = this.#spill.run();
    if (left !== undefined) this.#start(left);
  }

  /** Makes what was delivered durable. */
  async sync(): Promise<void> {
    await this.settings.sink.sync?.();
    await this.settings.fallback?.sync?.();
  }

  /** Ends the lane: waits are cut, the attempt under way gets its signal and up to `graceMs`. */
  close(graceMs: number): Promise<void> {
    return this.#closing ??= this.#close(graceMs);
  }

  async #close(graceMs: number): Promise<void> {
    this.#end ??= "closed";
    this.#abort.abort(new Error("The pipeline is closing"));
    this.resends.end();
    this.#reader.stop();
    const underway = Promise.all([this.#loop, ...this.#inFlight]);
    const { clock, workers } = this.host;
    await Promise.race([underway, pause(graceMs, clock)]);
    this.cursor.close();
    for (const sink of [this.settings.sink, this.settings.fallback]) {
      try {
        const closing = Promise.resolve(sink?.close?.());
        await Promise.race([closing, pause(graceMs, clock)]);
      } catch (error) {
        const message = `Sink "${this.name}" cannot close: ${messageOf(error)}`;
        this.host.tell("delivery-failed", message);
      }
    }
    workers.quit();
  }

  get #state(): LaneState {
    const { gate } = this;
    if (this.#end !== undefined) return this.#end;
    if (gate.hold === "paused" || gate.hold === "parked") return gate.hold;
    if (this.#caller.running > 0) return "delivering";
    if (gate.awaitingBreaker > 0) return "breaker-open";
    if (gate.awaitingRetry > 0 || gate.hold === "leaked") return "waiting-to-retry";
    return this.#inFlight.size > 0 || this.#loop !== undefined ? "delivering" : "idle";
  }

  /** Figures. `accepted = delivered + deadLettered + filtered + pending + dropped`. */
  stats(): LaneStats {
    const { health, gate, host } = this;
    return laneStats(this.#withEvicted(this.cursor.settled), {
      state: this.#state,
      nextSeq: host.log.nextSeq,
      waiting: host.buffered().waiting,
      ageMs: host.ageMs?.(this.nextSeq) ?? 0,
      attempts: this.#caller.calls,
      retries: this.#caller.retries,
      failures: health.failures,
      lastError: health.lastError,
      inFlight: this.#inFlight.size + this.#atOnce,
      breaker: host.breaker?.state ?? "none",
      leaked: gate.leaked,
      leaks: this.#leaks,
    });
  }
}

function behindOf(reader: LaneReader, { order }: LaneSettings): Behind {
  if (order === "strict") return allBehind;
  return order === "none" ? noneBehind : sameKeyBehind((batch) => reader.keys!.keysOf(batch));
}
