import type { Clock } from "../clock.ts";
import { messageOf, StoreFailedError } from "../errors.ts";
import type { LatencyStats } from "../metrics/histogram.ts";
import type { FileStore, InputMark, LogChunk, LogNotice, StoreFile } from "../storage/store.ts";
import { Announcer } from "../storage/announcer.ts";
import { GroupCommit } from "../storage/group_commit.ts";
import { AtOnce } from "./at_once.ts";
import { Compaction } from "./compaction.ts";
import { Fence } from "./fence.ts";
import { isOutOfRoom } from "./graft.ts";
import { Grafting } from "./grafting.ts";
import { Horizon } from "./horizon.ts";
import { notePlace, placesToWrite } from "./input_places.ts";
import type { RecoveredLog } from "./recovery.ts";
import { Refusal } from "./refusal.ts";
import { Retention } from "./retention.ts";
import { SafeSync } from "./safe_sync.ts";
import { type NewSegment, randomHex32, type Segment } from "./segment.ts";
import type { WalSettings } from "./settings.ts";
import { type Cut, cutToEnd, linesFrom, type Site, siteAt, syncFrom } from "./site.ts";
import { type StagedFrame, Staging } from "./staging.ts";
import { SyncChain } from "./sync_chain.ts";
import { Window } from "../storage/window.ts";
import { SegmentWriter } from "./writer.ts";

const LF = 0x0a;

/**
 * What is written, from staging to the disk: the side of a log that its one writer works on. It knows
 * when a record is written and when it is durable, goes on in a new segment when one is full, when a sync
 * has failed and when records are cut off, and stops for good when it can no longer keep its word.
 */
export class Journal {
  /** The bytes. */
  readonly store: FileStore;
  /** Names the log for ever. */
  readonly logId: string;
  /** The log and this opening of it. */
  readonly run: string;
  /** The newest lines, in memory. */
  readonly window: Window;
  /** The last known place of each input. */
  readonly inputs: Map<string, InputMark>;
  /** The segments, and which of them may go. */
  readonly retention: Retention;
  /** Whether the store is still ours. */
  readonly fence: Fence;
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
  readonly #clock: Clock;
  readonly #staging: Staging;
  readonly #writer: SegmentWriter;
  readonly #commit: GroupCommit;
  readonly #syncChain: SyncChain;
  readonly #announcer: Announcer;
  readonly #sync: SafeSync;
  readonly #atOnce: AtOnce;
  readonly #epoch: number;
  #turn = 0;
  readonly #horizon: Horizon;
  readonly #refusal: Refusal;
  readonly #grafting: Grafting;
  readonly #compaction: Compaction;
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
    this.logId = found.log ?? randomHex32() + randomHex32();
    this.run = `${this.logId}.${found.epoch}`;
    this.window = new Window(settings.windowBytes);
    this.inputs = found.inputs;
    this.#settings = settings;
    this.#clock = clock;
    this.#announcer = new Announcer(onNotice);
    const tell = (notice: LogNotice): void => this.#announcer.tell(notice);
    this.retention = new Retention(store, found.segments, settings, clock, tell);
    this.nextSeq = this.writtenSeq = found.nextSeq;
    this.syncedSeq = found.proven.seq;
    this.#epoch = found.epoch;
    this.#refusal = new Refusal(store.label, tell);
    this.fence = new Fence(store, (error) => this.#failed(error));
    this.#writer = new SegmentWriter(
      store,
      {
        seal: (frame) => this.#seal(frame),
        wrote: (frame) => this.#wrote(frame),
        rotated: (segment) => this.#rotated(segment),
        inputs: () => this.#placesOfInputs(),
        fence: () => this.fence.assert(),
        abandoned: (name) => this.#abandoned(name),
        now: () => clock.now(),
      },
      settings.segmentBytes,
      settings.sync !== "never",
    );
    this.#staging = new Staging({
      salt: () => this.#writer.segment.header.salt,
      durableSeq: () => this.syncedSeq,
      crc32: store.crc32,
    });
    this.#commit = new GroupCommit(
      {
        flush: () => this.flushSync(),
        refusal: () => this.refusal,
        sync: () => this.#syncChain.sync(),
      },
      settings.sync,
      settings.syncIntervalMs,
      clock,
    );
    this.#syncChain = new SyncChain({
      writtenSeq: () => this.writtenSeq,
      isDue: () => this.#sync.isDue,
      refusal: () => this.refusal,
      sync: () => this.#sync.run(),
      synced: (seq) => this.#synced(seq),
      failed: (error) => this.#failed(error),
    }, clock);
    this.#horizon = new Horizon({
      writtenSeq: () => this.writtenSeq,
      syncedSeq: () => this.syncedSeq,
      isAtRest: () => this.#isAtRest,
      write: () => this.#writer.writeSync([this.#staging.horizon(this.writtenSeq)]),
    }, clock);
    this.#grafting = new Grafting(
      {
        store,
        fence: () => this.fence.assert(),
        header: () => this.#header(),
        writtenSeq: () => this.writtenSeq,
        grafted: (segment, file, endSeq) => this.#grafted(segment, file, endSeq),
        refused: (error) => this.#refusal.met(error),
      },
      clock,
    );
    this.#compaction = new Compaction({
      store,
      retention: this.retention,
      writer: this.#writer,
      ready: async () => {
        await this.#grafting.settled;
        this.assertOurs();
      },
      exclusively: (work) => this.#syncChain.exclusively(work),
      removeFiles: () => this.removeFiles(),
      isClosing: () => this.#isClosing,
    }, settings.segmentBytes);
    const syncsAtOnce = settings.atOnce && settings.sync === "always";
    this.#sync = new SafeSync({
      store,
      writer: this.#writer,
      retention: this.retention,
      grafting: this.#grafting,
      fence: this.fence,
      writtenSeq: () => this.writtenSeq,
      isClosing: () => this.#isClosing,
      tell,
    }, syncsAtOnce);
    this.#atOnce = new AtOnce({
      writer: this.#writer,
      sync: this.#sync,
      stage: (line, mark) => this.stage(line, mark),
      take: () => this.#staging.take(),
      isOurs: () => this.fence.isOurs,
      confirmed: (frame) => {
        this.#refusal.over();
        this.#confirm(frame);
      },
      synced: (seq) => this.#synced(seq),
      takenBack: (seq) => this.nextSeq = seq,
      refused: (error) => this.#refused(error),
      repair: () => void this.#syncChain.sync().catch(() => {}),
      stop: (error) => this.#failed(error),
    }, syncsAtOnce);
  }

  /**
   * Begins a segment of this opening. What is not proven to be durable goes into it anew: after a failed
   * sync, and after a kill, the system may show bytes that are not on the disk. A full disk does not keep
   * the log from being read: the segment is begun when there is room.
   */
  async begin({ segments, proven, obsolete, loose }: RecoveredLog): Promise<void> {
    this.retention.discard(obsolete);
    const end = {
      index: segments.length - 1,
      offset: segments.at(-1)?.end ?? 0,
      seq: this.nextSeq,
    };
    const copies = this.#settings.sync !== "never";
    if (!copies) await syncFrom(this.store, segments, proven.index);
    const place = copies ? proven : end;
    const graft = async (): Promise<void> => {
      const lines = linesFrom(this.store, segments, place);
      await this.#grafting.once(siteAt(segments, place), lines);
      for (const segment of loose) await cutToEnd(this.store, segment);
    };
    try {
      await graft();
    } catch (error) {
      if (!isOutOfRoom(error)) throw this.#notBegun(error);
      this.#grafting.later(graft, error).catch((error) => this.#failed(error));
    }
  }

  #notBegun(error: unknown): StoreFailedError {
    if (error instanceof StoreFailedError) return error;
    return new StoreFailedError(
      `The log in "${this.store.label}" cannot begin a new segment: ${messageOf(error)}; ` +
        `mend the disk, or use another folder`,
      { cause: error },
    );
  }

  #header(): Omit<NewSegment, keyof Site> {
    return {
      log: this.logId,
      epoch: this.#epoch,
      turn: this.#turn++,
      boot: this.store.boot,
      created: new Date(this.#clock.now()).toISOString(),
      inputs: this.#placesOfInputs(),
    };
  }

  #placesOfInputs(): readonly InputMark[] {
    return placesToWrite(this.inputs, this.store.label, (notice) => this.#announcer.tell(notice));
  }

  async #grafted(segment: Segment, file: StoreFile, endSeq: number): Promise<void> {
    this.retention.supersede(segment);
    this.#writer.adopt(segment, file);
    this.#refusal.over();
    this.#synced(endSeq);
    await this.retention.removeFiles();
    const before = this.segments.at(-2);
    if (before !== undefined) await cutToEnd(this.store, before);
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
      return done && (this.#settings.sync === "always" || this.fence.isOurs);
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

  #abandoned(name: string): void {
    this.retention.discard([name]);
    // Before the next try leaves another one; `close` waits for it.
    void this.retention.removeFiles();
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
    this.fence.assert();
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

  /** The segments, oldest first; the last one is being written. */
  get segments(): readonly Segment[] {
    return this.retention.segments;
  }

  /**
   * Does `work` once nothing is moving and all that is written is durable, whatever the policy; nothing
   * is synced, and no segment takes the place of others, until it is done.
   */
  async exclusively(work: () => Promise<void>): Promise<void> {
    await this.#grafting.settled;
    await this.#syncChain.exclusively(work);
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
      await this.#grafting.orWait(() => this.#grafting.once(site, carried));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Whether the current segment holds something, and nothing waits for it. */
  get canBeginAnew(): boolean {
    const { ready, waiting } = this.#writer;
    return ready && !waiting && this.writtenSeq > this.#writer.segment.header.first;
  }

  /** Finishes the current segment early. */
  beginAnew(): void {
    try {
      this.#writer.rotate(this.writtenSeq);
    } catch (error) {
      this.#refusal.met(error);
    }
  }

  /** A power cut must not find the old segments gone and the new one not there yet. */
  async removeFiles(): Promise<void> {
    if (!this.retention.hasDoomed || this.#closed !== undefined || !this.fence.isOurs) return;
    try {
      if (this.#writer.dirty) await this.#syncChain.sync();
      await this.retention.removeFiles();
    } catch {
      // The log has failed, which was told; its files stay.
    }
  }

  /** Joins what many short runs have left; one run at a time. */
  compact(firstSeq: number): Promise<void> {
    return this.#compaction.run(firstSeq);
  }

  /** How long syncs take. */
  get syncLatency(): LatencyStats {
    return this.#syncChain.latency.stats();
  }

  /** Writes and syncs what is left, and ends. Even if the disk refuses more: what it took is made durable. */
  async close(): Promise<void> {
    this.#isClosing = true;
    try {
      this.#grafting.stop();
      await this.#grafting.settled;
      this.flushSync();
      // No sync may be in flight below.
      if (this.failure === undefined) await this.#syncChain.sync();
      if (this.#horizon.write()) await this.#syncChain.sync();
      await this.#writer.finish();
      await this.#compaction.settled;
      await this.retention.settled;
    } finally {
      this.#tellLost();
      this.#closed = new StoreFailedError(
        `The log in "${this.store.label}" is closed: open it again to write to it`,
      );
      this.#horizon.stop();
      this.#commit.stop(this.#closed);
      this.#writer.close();
    }
  }

  #tellLost(): void {
    const count = this.nextSeq - this.writtenSeq;
    if (count === 0) return;
    const message =
      `The log in "${this.store.label}" is closed with ${count} records that the disk ` +
      `did not take: they are lost`;
    this.#announcer.tell({ kind: "failed", message });
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

  #rotated(segment: Segment): void {
    this.retention.add(segment);
    // So that an opening need not look further back than this; a failure is told by `#failed`.
    if (this.#settings.sync === "never") this.#syncChain.sync().catch(() => {});
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
