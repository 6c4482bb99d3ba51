import type { Buffer } from "../buffer/buffer.ts";
import type { Clock } from "../clock.ts";
import { NotAcceptedError } from "../errors.ts";
import type { LogStore } from "../storage/store.ts";
import { type Entry, stageEntry } from "./intake_buffer.ts";

/** What moving records needs of the pipeline around it. */
export interface PumpHost {
  readonly log: LogStore;
  readonly clock: Clock;
  /** The log's limit is reached: makes room; false if there is none now. `kick` is called later. */
  relieve(): boolean;
  /** Called while the process ends, after each record. */
  spill(): void;
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

/**
 * Moves records from the buffer to the log: soon after they came, never before the caller has returned,
 * and again and again while the log takes none.
 */
export class IntakePump {
  readonly #buffer: Buffer<Entry>;
  readonly #host: PumpHost;
  /** What is to be done when the record that was taken just now has its place. */
  #afterThis: (() => void) | undefined;
  #scheduled = false;
  #ending = false;
  #closed = false;
  #cancelTimer: (() => void) | undefined;
  /** When the oldest record in the buffer was accepted, monotonic. */
  #sinceMs: number | undefined;
  #staged = 0;
  #progress: PromiseWithResolvers<void> | undefined;

  constructor(buffer: Buffer<Entry>, host: PumpHost) {
    this.#buffer = buffer;
    this.#host = host;
  }

  /** Sees to it that what is in the buffer gets to the log. */
  forward(): void {
    if (this.#ending) this.#host.spill();
    else if (!this.#scheduled) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled = true;
    if (this.#buffer.size > 0) this.#sinceMs ??= this.#host.clock.monotonic();
    this.#host.clock.defer(() => {
      this.#scheduled = false;
      // Whatever the exit hooks were called for, the event loop still runs.
      this.#ending = false;
      this.run();
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

  /** Moves what is in the buffer to the log, as far as the log takes it, and asks for a commit. */
  run(): void {
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
      if (this.#afterThis !== undefined) this.#finish(this.#afterThis);
    }
  }

  /** Does `work` once the record that was taken just now has its place: it may put one into the buffer. */
  afterThis(work: () => void): void {
    this.#afterThis = work;
  }

  #finish(work: () => void): void {
    this.#afterThis = undefined;
    work();
  }

  /** Writes out as much as the log takes, here and now: no sync, and no sink. */
  writeOut(): void {
    // A disk that refused leaves the lines staged, up to the size of one write: those go out first.
    if (this.#stageSome() === 0 && this.#host.log.flushSync()) this.#stageSome();
    this.#host.log.flushSync();
  }

  /** Moves all that is in the buffer to the log; false if the log does not take it. */
  empty(): boolean {
    while (this.#buffer.size > 0) {
      if (this.#stageSome() === 0 || !this.#host.log.flushSync()) return false;
    }
    return true;
  }

  /** The process is ending: from now on every record goes straight through. */
  end(): void {
    this.#ending = true;
    this.run();
    // If the process goes on after all, the next turn of its event loop takes this back.
    if (!this.#scheduled) this.#schedule();
  }

  /** Resolves when everything taken before the call has its place in the log, or never will. */
  async staged(): Promise<void> {
    const target = this.#buffer.accepted;
    this.run();
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

  /**
   * What a refusing disk has left in the buffer goes to the log, which writes it with its last write or
   * counts it as lost. Nothing is moved any more.
   */
  close(): void {
    const { log } = this.#host;
    const isKept = log.acknowledges !== "memory";
    while (isKept && this.#buffer.size > 0 && !log.full) this.#stageChars(LOOK_CHARS);
    this.#closed = true;
    this.#cancelTimer?.();
    this.wake();
  }
}
