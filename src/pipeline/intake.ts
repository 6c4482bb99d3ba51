import { type Buffer, createBuffer } from "../buffer/buffer.ts";
import type { DropCounts, DropEpisode, Overflow } from "../buffer/overflow.ts";
import type { Clock } from "../clock.ts";
import { assertTimeoutMs, type RoomOptions } from "../buffer/waiters.ts";
import { BufferFullError, NotAcceptedError } from "../errors.ts";
import type { LogTarget } from "../logger.ts";
import { type Level, LEVEL_RANK } from "../record/level.ts";
import type { Fields, LogRecord, RecordInput } from "../record/record.ts";
import type { LoggerScope } from "../record/scope.ts";
import type { InputMark, LogStore } from "../storage/store.ts";
import { bufferOptions, type Entry, isEmpty, stageEntry } from "./intake_buffer.ts";
import { Lines } from "./lines.ts";
import type { PipelineBufferOptions } from "./options.ts";
import type { WaitOptions } from "./pipeline.ts";
import { WriteThrough } from "./write_through.ts";

/** How records are taken in. */
export interface IntakeSettings {
  readonly level: Level;
  readonly transform: ((record: LogRecord) => LogRecord | null) | undefined;
  readonly maxRecordBytes: number | undefined;
  readonly buffer: PipelineBufferOptions;
  readonly random: () => number;
}

/** What the intake needs of the pipeline around it. */
export interface IntakeHost {
  readonly log: LogStore;
  readonly clock: Clock;
  /** The log's limit is reached: makes room; false if there is none now. `kick` is called later. */
  relieve(): boolean;
  /** Called while the process ends, after each record. */
  spill(): void;
  /** Records begin to be dropped, with the policy that warns. */
  bufferFull(message: string): void;
  /** A transform threw. */
  transformFailed(error: unknown): void;
  /** A record that was accepted at `sinceMs` (monotonic) has this number. */
  numbered(seq: number, sinceMs: number): void;
  /** A record that was accepted at `sinceMs` is durable. */
  durable(sinceMs: number): void;
}

/** Staged bytes that go out in one write(2), at most. */
const WRITE_BYTES = 256 * 1024;

/** Characters staged between two looks at how full the log is. */
const LOOK_CHARS = 4 * 1024;

/** How long to leave a full log alone. */
const KICK_LATER_MS = 250;

/** Takes records in without ever waiting: level, transform, encode once, buffer, log. */
export class Intake implements LogTarget {
  readonly #host: IntakeHost;
  readonly #overflow: Overflow;
  readonly #lines: Lines;
  /** In mode sync: the way past the buffer. */
  readonly #direct: WriteThrough | undefined;
  readonly #buffer: Buffer<Entry>;
  #scheduled = false;
  #ending = false;
  #closed = false;
  #cancelTimer: (() => void) | undefined;
  /** When the oldest record in the buffer was accepted, monotonic. */
  #sinceMs: number | undefined;
  #staged = 0;
  #progress: PromiseWithResolvers<void> | undefined;
  // Told when the record that was taken just now has its place: a transform may log.
  #unreported: DropEpisode | undefined;
  threshold: number;
  running = true;
  offered = 0;
  filtered = 0;
  readonly refused: Record<string, number> = {};

  constructor(settings: IntakeSettings, host: IntakeHost) {
    this.#host = host;
    this.#overflow = settings.buffer.overflow ?? "block";
    this.#lines = new Lines(settings.transform, settings.maxRecordBytes, {
      clock: host.clock,
      threshold: () => this.threshold,
      transformFailed: (error) => host.transformFailed(error),
    });
    this.threshold = LEVEL_RANK[settings.level];
    this.#buffer = createBuffer<Entry>({
      ...bufferOptions(settings.buffer),
      clock: host.clock,
      random: settings.random,
      onWarn: () => host.bufferFull("The buffer is full: records are dropped until there is room"),
      onRecover: (episode) => this.#unreported = episode,
    });
    if (host.log.appendSync === undefined) return;
    this.#direct = new WriteThrough({
      log: host.log,
      clock: host.clock,
      empty: () => this.#empty(),
      relieve: () => host.relieve(),
      numbered: (seq, sinceMs) => host.numbered(seq, sinceMs),
      durable: (sinceMs) => host.durable(sinceMs),
    });
  }

  /** Records accepted. */
  get accepted(): number {
    return this.#buffer.accepted + (this.#direct?.taken ?? 0);
  }

  /** Whether a record is in the log before the call that gives it returns. */
  get writeMode(): "sync" | "async" {
    return this.#direct === undefined ? "async" : "sync";
  }

  /** Records accepted that have no sequence number: given up by the policy, and still waiting. */
  get buffered(): { readonly evicted: number; readonly waiting: number } {
    return { evicted: this.#buffer.evicted, waiting: this.#buffer.size };
  }

  /** Records dropped by the policy, by policy and level. */
  get dropped(): DropCounts {
    return this.#buffer.dropped;
  }

  /** Records the buffer can hold. */
  get capacity(): number {
    return this.#buffer.capacity;
  }

  /** Resolves when there is room, or when there is no point in waiting for it. */
  get ready(): Promise<void> {
    if (!this.running || this.#host.log.failure !== undefined) return Promise.resolve();
    return this.#buffer.ready;
  }

  // The hot path. A record without transform and mark is one encode and one push.
  emit(level: Level, msg: string, scope: LoggerScope, fields?: Fields): boolean {
    this.offered++;
    if (!this.#takes()) return false;
    return this.#offer(this.#lines.ofCall(level, msg, scope, fields));
  }

  /** Offers one record in any of its forms; false if it was refused. */
  write(value: RecordInput | string | Uint8Array, mark?: InputMark): boolean {
    if (isEmpty(value)) return true;
    const entry = this.#entry(value, mark);
    this.offered++;
    return this.#takes() && this.#offer(entry);
  }

  /**
   * Takes a record as soon as there is room. Resolves to false if the policy dropped it.
   *
   * @throws {NotAcceptedError} If no records are taken
   */
  async writeWhenReady(
    value: RecordInput | string,
    options: WaitOptions = {},
  ): Promise<boolean> {
    assertTimeoutMs(options.timeoutMs);
    if (isEmpty(value)) return true;
    const entry = this.#entry(value);
    return this.#settle(entry) ?? await this.#waitForRoom(entry!, options);
  }

  /** A record that waits for room is offered when its wait is over: until then it is in no state. */
  async #waitForRoom(
    entry: Entry,
    { signal, timeoutMs = Infinity }: WaitOptions,
  ): Promise<boolean> {
    const { clock } = this.#host;
    const deadline = clock.monotonic() + timeoutMs;
    const options = { ...(signal ? { signal } : {}), onTaken: () => void this.offered++ };
    const release = clock.hold();
    try {
      for (let leftMs = timeoutMs;; leftMs = Math.max(0, deadline - clock.monotonic())) {
        if (await this.#append(entry, { ...options, timeoutMs: leftMs })) return true;
        // The waits were ended: the log failed, the pipeline stopped, or both are over again.
        const settled = this.#settle(entry);
        if (settled !== undefined) return settled;
      }
    } finally {
      release();
    }
  }

  async #append(entry: Entry, options: RoomOptions): Promise<boolean> {
    let taken: boolean;
    try {
      taken = await this.#buffer.append(entry, options);
    } catch (error) {
      this.offered++;
      this.refuse(error instanceof BufferFullError ? "timeout" : "aborted");
      throw error;
    }
    if (taken) this.#forward();
    return taken;
  }

  /**
   * Offers a record: whether it was taken or left out; undefined if it has to wait.
   *
   * @throws {NotAcceptedError} If no records are taken
   */
  #settle(entry: Entry | undefined): boolean | undefined {
    const open = this.running && this.#host.log.failure === undefined;
    const taken = open && entry !== undefined && this.#take(entry);
    if (open && entry !== undefined && !taken && this.#overflow === "block") return undefined;
    this.offered++;
    if (!this.#takes()) throw this.#notTaken();
    if (entry === undefined) this.filtered++;
    else if (!taken) return this.refuse("full");
    return true;
  }

  #notTaken(): NotAcceptedError {
    const { failure } = this.#host.log;
    if (failure !== undefined) return new NotAcceptedError(failure.message, "failed");
    return this.#closed
      ? new NotAcceptedError("The pipeline is closed: open a new one", "closed")
      : new NotAcceptedError("The pipeline is stopped: call start() first", "stopped");
  }

  /** Counts a record that was not accepted. */
  refuse(reason: string): false {
    this.refused[reason] = (this.refused[reason] ?? 0) + 1;
    return false;
  }

  #takes(): boolean {
    if (!this.running) return this.refuse("stopped");
    return this.#host.log.failure === undefined || this.refuse("failed");
  }

  #offer(entry: Entry | undefined): boolean {
    if (entry === undefined) {
      this.filtered++;
      return true;
    }
    if (this.#direct === undefined) return this.#take(entry) || this.refuse("full");
    const reason = this.#direct.write(entry);
    return reason === undefined || this.refuse(reason);
  }

  /** Moves all that is in the buffer to the log; false if the log does not take it. */
  #empty(): boolean {
    while (this.#buffer.size > 0) {
      if (this.#stageSome() === 0 || !this.#host.log.flushSync()) return false;
    }
    return true;
  }

  #take(entry: Entry): boolean {
    if (!this.#buffer.push(entry) && !(this.#absorb() && this.#buffer.push(entry))) return false;
    this.#forward();
    return true;
  }

  /** Sees to it that what is in the buffer gets to the log. */
  #forward(): void {
    if (this.#ending) this.#host.spill();
    else if (!this.#scheduled) this.#schedule();
  }

  /**
   * The buffer is full and the caller does not yield: writes it out here, without a sync and without a
   * sink, so that 100,000 calls in a row lose nothing. True if there is room afterwards.
   */
  #absorb(): boolean {
    if (this.#overflow !== "block" || !this.#host.log.absorbs) return false;
    // A disk that refused leaves the lines staged, up to the size of one write: those go out first.
    if (this.#stageSome() === 0 && this.#host.log.flushSync()) this.#stageSome();
    this.#host.log.flushSync();
    return this.#buffer.desiredSize > 0;
  }

  #schedule(): void {
    this.#scheduled = true;
    if (this.#buffer.size > 0) this.#sinceMs ??= this.#host.clock.monotonic();
    this.#host.clock.defer(() => {
      this.#scheduled = false;
      // Whatever the exit hooks were called for, the event loop still runs.
      this.#ending = false;
      this.pump();
    });
  }

  /** There may be room in the log again. */
  kick(): void {
    if (this.#buffer.size > 0 && !this.#scheduled) this.#schedule();
  }

  /** The log is full: `kick` is called when there is room, and this is for the case that it is not. */
  #kickLater(): void {
    if (this.#buffer.size === 0) return;
    this.#cancelTimer ??= this.#host.clock.setTimer(() => {
      this.#cancelTimer = undefined;
      this.kick();
    }, KICK_LATER_MS);
  }

  /** Nothing is moved to the log any more. */
  close(): void {
    this.running = false;
    this.#closed = true;
    this.#cancelTimer?.();
    this.wake();
  }

  /** Moves what is in the buffer to the log, as far as the log takes it, and asks for a commit. */
  pump(): void {
    if (this.#closed) return;
    const { log } = this.#host;
    const seq = log.nextSeq;
    let moved = false;
    for (let flows = true; flows && this.#buffer.size > 0;) {
      flows = this.#stageSome() > 0;
      moved ||= flows;
      flows &&= log.flushSync();
    }
    if (log.failure !== undefined) return this.#buffer.wake();
    const sinceMs = this.#sinceMs;
    if (this.#buffer.size === 0) this.#sinceMs = undefined;
    if (sinceMs !== undefined && log.nextSeq > seq) this.#host.numbered(seq, sinceMs);
    log.sync().then(() => {
      if (sinceMs !== undefined) this.#host.durable(sinceMs);
      if (moved) this.kick();
      else this.#kickLater();
    }, () => this.#buffer.wake());
  }

  /** Gives sequence numbers to as much as one write takes. */
  #stageSome(): number {
    const { log } = this.#host;
    const before = this.#staged;
    while (this.#buffer.size > 0 && log.stagedBytes < WRITE_BYTES) {
      if (log.full && !this.#host.relieve()) break;
      this.#stageChars(LOOK_CHARS);
    }
    this.#progress?.resolve();
    this.#progress = undefined;
    return this.#staged - before;
  }

  /** To ask the log how full it is takes as long as to stage a line: it is asked once for all of these. */
  #stageChars(chars: number): void {
    const { log } = this.#host;
    for (let left = chars; left > 0;) {
      const entry = this.#buffer.shift();
      if (entry === undefined) return;
      left -= stageEntry(log, entry);
      this.#staged++;
      if (this.#unreported !== undefined) this.#reportDrops(this.#unreported);
    }
  }

  /** One record tells of all that were dropped. It is offered as any other, and accounted for so. */
  #reportDrops({ dropped, policy, levels }: DropEpisode): void {
    this.#unreported = undefined;
    if (LEVEL_RANK.warn < this.threshold) return;
    const msg = `${dropped} ${dropped === 1 ? "record" : "records"} dropped`;
    const line = this.#lines.ofOwn("warn", msg, { policy, levels });
    this.offered++;
    if (line === undefined) this.filtered++;
    // Only pushed: we are on the way of moving what is in the buffer.
    else if (!this.#buffer.push(line)) this.refuse("full");
  }

  /** The process is ending: from now on every record goes straight through. */
  end(): void {
    this.#ending = true;
    this.pump();
    // If the process goes on after all, the next turn of its event loop takes this back.
    if (!this.#scheduled) this.#schedule();
  }

  /** Resolves when everything taken before the call has its place in the log, or never will. */
  async staged(): Promise<void> {
    const target = this.#buffer.accepted;
    this.pump();
    while (this.#staged + this.#buffer.evicted < target) {
      if (this.#host.log.failure !== undefined) throw this.#host.log.failure;
      if (this.#closed) throw new NotAcceptedError("The pipeline was closed before", "closed");
      this.#progress ??= Promise.withResolvers<void>();
      await this.#progress.promise;
    }
  }

  /** Ends the waits of those who wait for room. */
  wake(): void {
    this.#buffer.wake();
    this.#progress?.resolve();
    this.#progress = undefined;
  }

  #entry(value: RecordInput | string | Uint8Array, mark?: InputMark): Entry | undefined {
    const line = this.#lines.ofInput(value);
    return line === undefined || mark === undefined ? line : { line, mark };
  }
}
