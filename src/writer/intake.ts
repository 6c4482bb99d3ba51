import { type Buffer, createBuffer } from "../buffer/buffer.ts";
import type { DropCounts, Overflow } from "../buffer/overflow.ts";
import { assertTimeoutMs, type RoomOptions } from "../buffer/waiters.ts";
import { type Clock, systemClock } from "../clock.ts";
import { BufferFullError, NotAcceptedError } from "../errors.ts";
import type { LogTarget } from "../logger.ts";
import { createEncoder, type LineEncoder } from "../record/encode.ts";
import { parseRecordBytes, recordFromInput } from "../record/input.ts";
import { type Level, LEVEL_RANK } from "../record/level.ts";
import { levelOfLine } from "../record/line_level.ts";
import type { Fields, LogRecord, RecordInput } from "../record/record.ts";
import type { LoggerScope } from "../record/scope.ts";
import { recordFromText } from "../record/text_line.ts";
import { bufferOptions, type DropListener, dropListener } from "./intake_buffer.ts";
import type { WriterOptions } from "./options.ts";

/** How long `append` waits, and what ends its wait early. */
export type AppendOptions = Pick<RoomOptions, "signal" | "timeoutMs">;

/** Everything a writer takes as a record. */
export type Writable = RecordInput | string | Uint8Array;

/** Accepted records that were given up, and why. */
type GivenUp = "aborted" | "closed";

/**
 * Takes records in: level, snapshot, buffer. The snapshot is the record's line of JSON: it is independent
 * of the caller's objects, its size is known and limited, and a record that is dropped is never parsed.
 */
export class WriterIntake implements LogTarget {
  readonly #clock: Clock;
  readonly #overflow: Overflow;
  readonly #encoder: LineEncoder;
  readonly #buffer: Buffer<string>;
  readonly #arrived: () => void;
  readonly #tellDrop: DropListener | undefined;
  readonly #refused: Record<string, number> = {};
  readonly #givenUp: Partial<Record<GivenUp, number>> = {};
  threshold: number;
  running = false;
  offered = 0;
  filtered = 0;

  /** `arrived` is called after each record that was taken. */
  constructor(options: WriterOptions, arrived: () => void) {
    const { clock = systemClock, maxRecordBytes, level = "trace" } = options;
    this.#clock = clock;
    this.#overflow = options.overflow ?? "warn";
    this.#encoder = createEncoder(maxRecordBytes === undefined ? {} : { maxRecordBytes });
    this.#tellDrop = dropListener(options);
    this.#buffer = createBuffer(bufferOptions(options, this.#tellDrop));
    this.#arrived = arrived;
    this.threshold = LEVEL_RANK[level];
  }

  /** Records waiting. */
  get size(): number {
    return this.#buffer.size;
  }

  /** Records that can be held. */
  get capacity(): number {
    return this.#buffer.capacity;
  }

  /** Whether an ordinary record finds no room. */
  get isFull(): boolean {
    return this.#buffer.desiredSize <= 0;
  }

  /** Calls of `append` that wait for room. */
  get waiting(): number {
    return this.#buffer.waiting;
  }

  /** Resolves when there may be room. */
  get ready(): Promise<void> {
    return this.running ? this.#buffer.ready : Promise.resolve();
  }

  /** Records accepted. */
  get accepted(): number {
    return this.#buffer.accepted;
  }

  /** Records not accepted, by reason. */
  get refused(): Readonly<Record<string, number>> {
    const { refused } = this.#buffer;
    return refused === 0 ? { ...this.#refused } : { ...this.#refused, full: refused };
  }

  /** Records accepted and given up, by reason. */
  get dropped(): Readonly<Record<string, number>> {
    const { evicted } = this.#buffer;
    return evicted === 0 ? { ...this.#givenUp } : { ...this.#givenUp, [this.#overflow]: evicted };
  }

  /** Records accepted and given up. */
  get droppedCount(): number {
    const { aborted = 0, closed = 0 } = this.#givenUp;
    return this.#buffer.evicted + aborted + closed;
  }

  /** Records dropped by the policy, by policy and level. */
  get droppedByPolicy(): DropCounts {
    return this.#buffer.dropped;
  }

  emit(level: Level, msg: string, scope: LoggerScope, fields?: Fields): boolean {
    if (!this.running) return this.#refuseStopped();
    return this.#offer(this.#encoder.line(level, this.#clock.now(), msg, scope, fields));
  }

  /** Offers one record in any of its forms; false if it was refused. Throws for what is no record. */
  write(value: Writable): boolean {
    if (isEmpty(value)) return true;
    return this.running ? this.#offer(this.#lineOf(value)) : this.#refuseStopped();
  }

  /**
   * Takes a record as soon as there is room, whatever the policy.
   *
   * @throws {BufferFullError} If there was no room within `timeoutMs`, or too many wait already
   * @throws {NotAcceptedError} If no records are taken
   */
  async append(value: Writable, options: AppendOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    assertTimeoutMs(options.timeoutMs);
    if (isEmpty(value)) return;
    const line = this.running ? this.#lineOf(value) : "";
    if (!this.running || line === undefined) return this.#leaveOut();
    const release = this.#clock.hold();
    try {
      await this.#waitForRoom(line, options);
    } finally {
      release();
    }
  }

  /** A record that waits for room is offered when its wait is over: until then it is in no state. */
  async #waitForRoom(line: string, options: AppendOptions): Promise<void> {
    const { timeoutMs = Infinity } = options;
    const deadline = this.#clock.monotonic() + timeoutMs;
    const onTaken = (): void => {
      this.offered++;
      this.#arrived();
    };
    for (let leftMs = timeoutMs;; leftMs = this.#msTo(deadline)) {
      if (await this.#settled({ ...options, timeoutMs: leftMs, onTaken, waits: true }, line)) {
        return;
      }
      // The waits were ended. If that is over again, this one goes on.
      if (!this.running) return this.#leaveOut();
    }
  }

  #msTo(deadline: number): number {
    return Math.max(0, Math.ceil(deadline - this.#clock.monotonic()));
  }

  async #settled(options: RoomOptions, line: string): Promise<boolean> {
    try {
      return await this.#buffer.append(line, options);
    } catch (error) {
      this.offered++;
      this.#refuse(error instanceof BufferFullError ? "timeout" : "aborted");
      throw error;
    }
  }

  /** Counts a record of `append` that does not go to the buffer. */
  #leaveOut(): void {
    if (this.running) {
      this.offered++;
      this.filtered++;
      return;
    }
    this.#refuseStopped();
    throw this.#buffer.closed
      ? new NotAcceptedError("The writer is closed: make another one", "closed")
      : new NotAcceptedError("The writer is stopped: call start() first", "stopped");
  }

  #refuseStopped(): false {
    this.offered++;
    return this.#refuse("stopped");
  }

  #refuse(reason: string): false {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
    return false;
  }

  #offer(line: string | undefined): boolean {
    // Making the line asks the caller's objects, and one of them may have stopped the writer.
    if (!this.running) return this.#refuseStopped();
    this.offered++;
    if (line === undefined) {
      this.filtered++;
      return true;
    }
    if (!this.#buffer.push(line)) return false;
    this.#arrived();
    return true;
  }

  /** Takes up to `max` records out, oldest first. */
  take(max: number): readonly string[] {
    return this.#buffer.popMany(max);
  }

  /** Gives up everything that waits. */
  giveUp(reason: GivenUp): void {
    if (this.#buffer.size === 0) return;
    // Counted before they are taken: the buffer tells its listeners then.
    this.#givenUp[reason] = (this.#givenUp[reason] ?? 0) + this.#buffer.size;
    const lines = this.#buffer.popMany();
    if (this.#tellDrop === undefined) return;
    for (const line of lines) this.#tellDrop(line, { reason, level: levelOfLine(line) });
  }

  /** Takes no more records; who waits for room learns it. */
  stop(): void {
    this.running = false;
    this.#buffer.wake();
  }

  /** Takes no more records, ever. */
  close(): void {
    this.stop();
    this.#buffer.close();
  }

  /** A record's line; undefined if the level leaves it out. Throws for what is no record. */
  #lineOf(value: Writable): string | undefined {
    const record = recordOf(value, this.#clock.now());
    return LEVEL_RANK[record.level] < this.threshold ? undefined : this.#encoder.record(record);
  }
}

function recordOf(value: Writable, nowMs: number): LogRecord {
  if (typeof value === "string") return recordFromText(value, nowMs);
  if (typeof value !== "object" || value === null) {
    throw new TypeError("Invalid record: pass an object with a string msg, a line, or JSON bytes");
  }
  return recordFromInput(value instanceof Uint8Array ? parseRecordBytes(value) : value, nowMs);
}

function isEmpty(value: Writable): boolean {
  return (typeof value === "string" || value instanceof Uint8Array) && value.length === 0;
}
