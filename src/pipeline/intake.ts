import { type Buffer, createBuffer } from "../buffer/buffer.ts";
import type { DropCounts, DropEpisode, Overflow } from "../buffer/overflow.ts";
import { assertTimeoutMs, type RoomOptions } from "../buffer/waiters.ts";
import { BufferFullError, NotAcceptedError } from "../errors.ts";
import type { LogTarget } from "../logger.ts";
import { type Level, LEVEL_RANK } from "../record/level.ts";
import type { Fields, LogRecord, RecordInput } from "../record/record.ts";
import type { LoggerScope } from "../record/scope.ts";
import type { InputMark } from "../storage/store.ts";
import { bufferOptions, type Entry, isEmpty } from "./intake_buffer.ts";
import { IntakePump, type PumpHost } from "./intake_pump.ts";
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
export interface IntakeHost extends PumpHost {
  /** Records begin to be dropped, with the policy that warns. */
  bufferFull(message: string): void;
  /** A transform threw. */
  transformFailed(error: unknown): void;
}

/** Takes records in without ever waiting: level, transform, encode once, buffer, log. */
export class Intake implements LogTarget {
  readonly #host: IntakeHost;
  readonly #overflow: Overflow;
  readonly #lines: Lines;
  /** In mode sync: the way past the buffer. */
  readonly #direct: WriteThrough | undefined;
  readonly #buffer: Buffer<Entry>;
  /** Moves what is in the buffer to the log. */
  readonly pump: IntakePump;
  #closed = false;
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
      // A transform may log: the record that was taken just now comes first.
      onRecover: (episode) => this.pump.afterThis(() => this.#reportDrops(episode)),
    });
    this.pump = new IntakePump(this.#buffer, host);
    if (host.log.appendSync === undefined) return;
    this.#direct = new WriteThrough({
      log: host.log,
      clock: host.clock,
      empty: () => this.pump.empty(),
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
    if (taken) this.pump.forward();
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

  #take(entry: Entry): boolean {
    if (!this.#buffer.push(entry) && !(this.#makesRoom() && this.#buffer.push(entry))) return false;
    this.pump.forward();
    return true;
  }

  /**
   * The buffer is full and the caller does not yield: writes it out here, without a sync and without a
   * sink, so that 100,000 calls in a row lose nothing. True if there is room afterwards.
   */
  #makesRoom(): boolean {
    if (this.#overflow !== "block" || !this.#host.log.absorbs) return false;
    this.pump.writeOut();
    return this.#buffer.desiredSize > 0;
  }

  /** No record is taken or moved to the log any more. */
  close(): void {
    this.running = false;
    this.#closed = true;
    this.pump.close();
  }

  /** No record is taken until `running` is set again; those who wait for room are told so. */
  stop(): void {
    this.running = false;
    this.pump.wake();
  }

  /** One record tells of all that were dropped. It is offered as any other, and accounted for so. */
  #reportDrops({ dropped, policy, levels }: DropEpisode): void {
    if (LEVEL_RANK.warn < this.threshold) return;
    const msg = `${dropped} ${dropped === 1 ? "record" : "records"} dropped`;
    const line = this.#lines.ofOwn("warn", msg, { policy, levels });
    this.offered++;
    if (line === undefined) this.filtered++;
    // Only pushed: we are on the way of moving what is in the buffer.
    else if (!this.#buffer.push(line)) this.refuse("full");
  }

  #entry(value: RecordInput | string | Uint8Array, mark?: InputMark): Entry | undefined {
    const line = this.#lines.ofInput(value);
    return line === undefined || mark === undefined ? line : { line, mark };
  }
}
