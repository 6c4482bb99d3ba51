import type { Clock } from "../clock.ts";
import { messageOf, StoreFailedError } from "../errors.ts";
import type { FileStore, InputMark, LogChunk, LogNotice } from "../storage/store.ts";
import { Announcer } from "../storage/announcer.ts";
import { GroupCommit } from "../storage/group_commit.ts";
import { AtOnce } from "./at_once.ts";
import { Fence } from "./fence.ts";
import { Horizon } from "./horizon.ts";
import { notePlace, placesToWrite } from "./input_places.ts";
import type { RecoveredLog } from "./recovery.ts";
import { Refusal } from "../storage/refusal.ts";
import type { WalSettings } from "./settings.ts";
import type { Cut } from "./site.ts";
import { type StagedFrame, Staging } from "./staging.ts";
import { Succession, type SuccessionHost } from "./succession.ts";
import { Window } from "../storage/window.ts";
import type { SegmentWriter } from "./writer.ts";

const LF = 0x0a;

/**
 * What is written, from staging to the disk: the side of a log that its one writer works on. It knows
 * when a record is written and when it is durable, and stops for good when it can no longer keep its
 * word. Which segments the records go to is the matter of the {@linkcode Succession}.
 */
export class Journal {
  /** The bytes. */
  readonly store: FileStore;
  /** The newest lines, in memory. */
  readonly window: Window;
  /** The last known place of each input. */
  readonly inputs: Map<string, InputMark>;
  /** The segments that it is written to. */
  readonly succession: Succession;
  /** The number that the next line gets. */
  nextSeq: number;
  /** Every line below this one is written. */
  writtenSeq: number;
  /** Every line below this one is synced. */
  syncedSeq: number;
  /** Set once the log has stopped for good. */
  failure: Error | undefined;
  /** Syncs that ended well. */
  syncs = 0;
  readonly #settings: WalSettings;
  readonly #writer: SegmentWriter;
  readonly #staging: Staging;
  readonly #commit: GroupCommit;
  readonly #announcer: Announcer;
  readonly #atOnce: AtOnce;
  readonly #horizon: Horizon;
  readonly #fence: Fence;
  readonly #refusal: Refusal;
  #isClosing = false;
  #closed: StoreFailedError | undefined;

  constructor(
    store: FileStore,
    settings: WalSettings,
    found: RecoveredLog,
    onNotice: (notice: LogNotice) => void,
    clock: Clock,
  ) {
    this.store = store;
    this.window = new Window(settings.windowBytes);
    this.inputs = found.inputs;
    this.nextSeq = this.writtenSeq = found.nextSeq;
    this.syncedSeq = found.proven.seq;
    this.#settings = settings;
    this.#announcer = new Announcer(onNotice);
    this.#refusal = new Refusal(store.label, (notice) => this.#announcer.tell(notice));
    this.#fence = new Fence(store, (error) => this.#failed(error));
    this.succession = this.#makeSuccession(found, clock);
    this.#writer = this.succession.writer;
    this.#staging = new Staging({
      salt: () => this.#writer.segment.header.salt,
      durableSeq: () => this.syncedSeq,
      crc32: store.crc32,
    });
    this.#commit = new GroupCommit(
      {
        flush: () => this.flushSync(),
        refusal: () => this.refusal,
        sync: () => this.succession.sync(),
      },
      settings.sync,
      settings.syncIntervalMs,
      clock,
    );
    this.#horizon = new Horizon({
      writtenSeq: () => this.writtenSeq,
      syncedSeq: () => this.syncedSeq,
      isAtRest: () => this.#isAtRest,
      write: () => this.#writer.writeSync([this.#staging.horizon(this.writtenSeq)]),
    }, clock);
    this.#atOnce = this.#makeAtOnce();
  }

  #makeSuccession(found: RecoveredLog, clock: Clock): Succession {
    const host: SuccessionHost = {
      store: this.store,
      fence: this.#fence,
      refusal: this.#refusal,
      seal: (frame) => this.#seal(frame),
      wrote: (frame) => this.#wrote(frame),
      writtenSeq: () => this.writtenSeq,
      synced: (seq) => this.#synced(seq),
      inputs: () =>
        placesToWrite(this.inputs, this.store.label, (notice) => this.#announcer.tell(notice)),
      stopped: () => this.refusal,
      assertOurs: () => this.assertOurs(),
      isClosing: () => this.#isClosing,
      failed: (error) => this.#failed(error),
      tell: (notice) => this.#announcer.tell(notice),
    };
    return new Succession(host, this.#settings, found, clock);
  }

  #makeAtOnce(): AtOnce {
    return new AtOnce({
      writer: this.#writer,
      sync: this.succession.safeSync,
      stage: (line, mark) => this.stage(line, mark),
      take: () => this.#staging.take(),
      isOurs: () => this.#fence.isOurs,
      confirmed: (frame) => {
        this.#refusal.over();
        this.#confirm(frame);
      },
      synced: (seq) => this.#synced(seq),
      takenBack: (seq) => this.nextSeq = seq,
      refused: (error) => this.#refused(error),
      repair: () => void this.succession.sync().catch(() => {}),
      stop: (error) => this.#failed(error),
    }, this.#settings.sync === "always");
  }

  /** Stages a line and returns its number. No I/O. */
  stage(line: string, mark?: InputMark): number {
    if (line.charCodeAt(line.length - 1) !== LF) {
      throw new TypeError("Cannot stage a line without an LF at its end: add it");
    }
    return this.stageEncoded(line, mark);
  }

  /** Stages a line that is known to end with LF. */
  stageEncoded(line: string, mark: InputMark | undefined): number {
    const seq = this.nextSeq;
    if (seq >= Number.MAX_SAFE_INTEGER) {
      throw new RangeError(`The log in "${this.store.label}" has no numbers left: begin a new one`);
    }
    this.#staging.add(line, seq, mark);
    this.nextSeq = seq + 1;
    return seq;
  }

  /** Writes what is staged, at once; false while the disk refuses. */
  flushSync(): boolean {
    if (this.refusal !== undefined) return false;
    try {
      const done = this.#writer.writeSync(this.#staging.take());
      if (done) this.#refusal.over();
      // Where an acknowledgement follows the write, this is the moment to make sure that it is ours.
      return done && (this.#settings.sync === "always" || this.#fence.isOurs);
    } catch (error) {
      this.#refused(error);
      return false;
    }
  }

  #refused(error: unknown): void {
    if (this.failure === undefined) this.#refusal.met(error);
  }

  /** Takes, writes and acknowledges one line, at once; false, and nothing of it is kept, if it cannot. */
  appendSync(line: string, mark?: InputMark): boolean {
    if (this.refusal !== undefined || this.#isClosing || this.#writer.isWriting) return false;
    // What is staged has its numbers already, and goes first.
    return this.#announcer.after(() =>
      (this.stagedBytes === 0 || this.flushSync()) && this.#atOnce.append(line, mark)
    );
  }

  /** Why nothing is taken any more; undefined while the log works. */
  get refusal(): Error | undefined {
    return this.failure ?? this.#closed;
  }

  /** Resolves when everything staged before the call is acknowledged. */
  commit(): Promise<void> {
    return this.#commit.request();
  }

  /**
   * Does nothing while the log is open and the store is ours.
   *
   * @throws {StoreFailedError} If it is not
   */
  assertOurs(): void {
    // Who closed it gave the lock back: that is no harm to tell of.
    if (this.#closed !== undefined) throw this.#closed;
    this.#fence.assert();
  }

  /** Calls `listener` after each write; the answer withdraws it. */
  onWritten(listener: (chunk: LogChunk) => void): () => void {
    return this.#announcer.onWritten(listener);
  }

  /** Bytes that are staged and not written. */
  get stagedBytes(): number {
    return this.#staging.bytes + this.#writer.waitingBytes;
  }

  /** write(2) calls. */
  get writes(): number {
    return this.#writer.writes;
  }

  /** Ends the log before the record `seq`; what was staged meanwhile goes as well. */
  async cutBefore(seq: number, { site, carried, inputs }: Cut): Promise<void> {
    // From here on nothing is written before the cut is made.
    this.#writer.close();
    this.#writer.forgetWaiting();
    this.#staging.take();
    this.nextSeq = this.writtenSeq = seq;
    this.syncedSeq = Math.min(this.syncedSeq, seq);
    this.window.forgetFrom(seq);
    this.inputs.clear();
    for (const [file, mark] of inputs) this.inputs.set(file, mark);
    try {
      await this.succession.goOnFrom(site, carried);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Writes and syncs what is left, and ends. Even if the disk refuses more: what it took is made durable. */
  async close(): Promise<void> {
    this.#isClosing = true;
    try {
      await this.succession.stop();
      this.flushSync();
      // No sync may be in flight below.
      if (this.failure === undefined) await this.succession.sync();
      if (this.#horizon.write()) await this.succession.sync();
      await this.succession.finish();
    } finally {
      this.#refusal.lost(this.nextSeq - this.writtenSeq);
      this.#closed = new StoreFailedError(
        `The log in "${this.store.label}" is closed: open it again to write to it`,
      );
      this.#horizon.stop();
      this.#commit.stop(this.#closed);
      this.#writer.close();
    }
  }

  #seal(frame: StagedFrame): void {
    this.#staging.seal(frame);
    this.#horizon.told();
  }

  #wrote(frame: StagedFrame): void {
    if (frame.chunk.count === 0) return;
    if (!this.#atOnce.keepsBack(frame)) this.#confirm(frame);
  }

  /** Readers may see it. */
  #confirm({ chunk, mark }: StagedFrame): void {
    this.writtenSeq = chunk.firstSeq + chunk.count;
    if (mark !== undefined) notePlace(this.inputs, mark);
    this.window.push(chunk);
    this.#commit.written();
    this.#announcer.tell(chunk);
  }

  #synced(seq: number): void {
    this.syncedSeq = Math.max(this.syncedSeq, seq);
    this.syncs++;
    this.#horizon.synced();
  }

  get #isAtRest(): boolean {
    const takesFrames = this.failure === undefined && this.#settings.sync !== "never";
    return takesFrames && this.#writer.ready && !this.#writer.waiting && this.#staging.bytes === 0;
  }

  #failed(error: unknown): Error {
    if (this.failure !== undefined) return this.failure;
    this.failure = error instanceof StoreFailedError ? error : new StoreFailedError(
      `The log in "${this.store.label}" cannot be synced: ${messageOf(error)}; ` +
        `it takes no more records, those acknowledged stay readable`,
      { cause: error },
    );
    this.#writer.close();
    this.#commit.fail(this.failure);
    this.#announcer.tell({ kind: "failed", message: this.failure.message });
    return this.failure;
  }
}
