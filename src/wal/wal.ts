import { type Clock, systemClock } from "../clock.ts";
import { messageOf, StoreFailedError } from "../errors.ts";
import type {
  CursorRow,
  FileStore,
  InputMark,
  LogChunk,
  LogEntry,
  LogNotice,
  LogReader,
  LogStats,
  LogStore,
  StoreFile,
} from "../storage/store.ts";
import { GroupCommit } from "./commit.ts";
import { compactSegments } from "./compact.ts";
import { CursorFile } from "./cursors.ts";
import { DamageFound, type LostRecords } from "./damage.ts";
import { entries } from "./entries.ts";
import { Fence } from "./fence.ts";
import { isOutOfRoom } from "./graft.ts";
import { Grafting } from "./grafting.ts";
import { HorizonTimer } from "./horizon.ts";
import { readable } from "./readable.ts";
import { WalReader } from "./reader.ts";
import { recover, type RecoveredLog } from "./recovery.ts";
import { Refusal } from "./refusal.ts";
import { Retention } from "./retention.ts";
import {
  FAILED_SYNC_NAME,
  markFailedSync,
  type NewSegment,
  randomHex32,
  type Segment,
} from "./segment.ts";
import { type WalOptions, type WalSettings, walSettings } from "./settings.ts";
import { cutToEnd, findCut, linesFrom, type Site, siteAt, syncFrom } from "./site.ts";
import { type StagedFrame, Staging } from "./staging.ts";
import { Window } from "./window.ts";
import { SegmentWriter } from "./writer.ts";

export type { WalOptions } from "./settings.ts";

/** A write-ahead log: a {@linkcode LogStore} over the bytes of a {@linkcode FileStore}. */
export interface Wal extends LogStore, AsyncDisposable {
  /** The bytes under it. */
  readonly store: FileStore;
  /** Chunks of lines from a sequence number on, following new ones; pulled, never pushed. */
  readable(fromSeq?: number): ReadableStream<LogChunk>;
  /**
   * Records one by one, from a sequence number up to the present end; read as they are asked for.
   *
   * @param fromSeq Where to begin. @default {the oldest record}
   */
  entries(fromSeq?: number): AsyncIterable<LogEntry>;
}

/**
 * Opens a write-ahead log: takes the store's lock, repairs what a crash left, and starts a new segment.
 *
 * @throws {StoreLockedError} If another process holds the store
 * @throws {DamagedLogError} If there is damage and `onDamage` is `refuse`
 * @throws {RangeError} If a size is too small to work with
 *
 * @example
 * ```ts
 * import { memoryStore, openWal } from "@logflume/logflume";
 *
 * await using wal = await openWal(memoryStore());
 * const seq = wal.stage('{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"hello"}\n');
 * await wal.sync();
 * console.assert(seq === 1 && wal.durableSeq === 2);
 * ```
 */
export async function openWal(store: FileStore, options: WalOptions = {}): Promise<Wal> {
  const { onNotice = () => {}, clock = systemClock } = options;
  const settings = walSettings(store, options);
  await store.open();
  try {
    const entries = await store.list();
    const cursors = await CursorFile.open(store, entries);
    try {
      const names = entries.map(({ name }) => name);
      const found = await recover(store, names, settings.onDamage, onNotice, cursors.log);
      const log = new OpenWal(store, settings, found, cursors, onNotice, clock);
      await log.begin(found);
      return log;
    } catch (error) {
      cursors.close();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}

class OpenWal implements Wal {
  readonly store: FileStore;
  readonly logId: string;
  readonly run: string;
  readonly window: Window;
  readonly inputs: Map<string, InputMark>;
  readonly acknowledges: "memory" | "kill" | "power-cut";
  readonly absorbs: boolean;
  nextSeq: number;
  writtenSeq: number;
  failure: Error | undefined;
  readonly #settings: WalSettings;
  readonly #clock: Clock;
  readonly #retention: Retention;
  readonly #staging: Staging;
  readonly #writer: SegmentWriter;
  readonly #commit: GroupCommit;
  readonly #cursors: CursorFile;
  readonly #tell: (notice: LogNotice) => void;
  readonly #listeners = new Set<(chunk: LogChunk) => void>();
  readonly #damage: DamageFound;
  readonly #epoch: number;
  #turn = 0;
  #from: number;
  #syncedSeq: number;
  /** What the last frame tells of how far the log is durable. */
  #horizonSeq: number;
  readonly #horizon: HorizonTimer;
  #syncs = 0;
  readonly #refusal: Refusal;
  readonly #fence: Fence;
  readonly #grafting: Grafting;
  #compacting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #closed: StoreFailedError | undefined;

  constructor(
    store: FileStore,
    settings: WalSettings,
    found: RecoveredLog,
    cursors: CursorFile,
    tell: (notice: LogNotice) => void,
    clock: Clock,
  ) {
    this.store = store;
    this.logId = found.log ?? randomHex32() + randomHex32();
    this.run = `${this.logId}.${found.epoch}`;
    this.window = new Window(settings.windowBytes);
    this.inputs = found.inputs;
    this.#settings = settings;
    this.#clock = clock;
    this.#retention = new Retention(store, found.segments, settings, clock, tell);
    const disk = store.keeps === "disk";
    this.acknowledges = !disk ? "memory" : settings.sync === "always" ? "power-cut" : "kill";
    // A store in memory cannot take over what the buffer is too small for.
    this.absorbs = disk;
    this.nextSeq = this.writtenSeq = found.nextSeq;
    this.#syncedSeq = this.#horizonSeq = found.proven.seq;
    this.#epoch = found.epoch;
    this.#from = Math.min(cursors.from, found.nextSeq);
    this.#cursors = cursors;
    this.#tell = tell;
    this.#refusal = new Refusal(store.label, tell);
    this.#fence = new Fence(store, (error) => this.#failed(error));
    this.#damage = new DamageFound(store, settings.onDamage, tell, found.lost);
    this.#writer = new SegmentWriter(
      store,
      {
        seal: (frame) => this.#seal(frame),
        wrote: (frame) => this.#wrote(frame),
        rotated: (segment) => this.#rotated(segment),
        inputs: () => [...this.inputs.values()],
        fence: () => this.#fence.assert(),
        abandoned: (name) => this.#abandoned(name),
        now: () => clock.now(),
      },
      settings.segmentBytes,
      settings.sync !== "never",
    );
    this.#staging = new Staging({
      salt: () => this.#writer.segment.header.salt,
      durableSeq: () => this.#syncedSeq,
      crc32: store.crc32,
    });
    this.#commit = new GroupCommit(
      {
        flush: () => this.flushSync(),
        writtenSeq: () => this.writtenSeq,
        dirty: () => this.#writer.dirty,
        sync: () => this.#syncWritten(),
        synced: (seq) => this.#synced(seq),
        failed: (error) => this.#failed(error),
      },
      settings.sync,
      settings.syncIntervalMs,
      clock,
    );
    this.#horizon = new HorizonTimer(clock, () => this.#writeHorizon());
    this.#grafting = new Grafting(
      {
        store,
        fence: () => this.#fence.assert(),
        header: () => this.#header(),
        writtenSeq: () => this.writtenSeq,
        grafted: (segment, file, endSeq) => this.#grafted(segment, file, endSeq),
        refused: (error) => this.#refusal.met(error),
      },
      clock,
    );
  }

  /**
   * Begins a segment of this opening. What is not proven to be durable goes into it anew: after a failed
   * sync, and after a kill, the system may show bytes that are not on the disk. A full disk does not keep
   * the log from being read: the segment is begun when there is room.
   */
  async begin({ segments, proven, obsolete, loose }: RecoveredLog): Promise<void> {
    this.#retention.discard(obsolete);
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
      inputs: [...this.inputs.values()],
    };
  }

  async #grafted(segment: Segment, file: StoreFile, endSeq: number): Promise<void> {
    this.#retention.supersede(segment);
    this.#writer.adopt(segment, file);
    this.#refusal.over();
    this.#synced(endSeq);
    await this.#retention.removeFiles();
    const before = this.segments.at(-2);
    if (before !== undefined) await cutToEnd(this.store, before);
  }

  get segments(): readonly Segment[] {
    return this.#retention.segments;
  }

  get firstSeq(): number {
    return Math.max(this.#from, this.segments[0]?.header.first ?? this.writtenSeq);
  }

  get durableSeq(): number {
    return this.acknowledges === "power-cut" ? this.#syncedSeq : this.writtenSeq;
  }

  get stagedBytes(): number {
    return this.#staging.bytes + this.#writer.waitingBytes;
  }

  get full(): boolean {
    return this.#retention.isFull(this.stagedBytes);
  }

  get evictTo(): number {
    return this.segments[1]?.header.first ?? this.writtenSeq;
  }

  stage(line: string, mark?: InputMark): number {
    const seq = this.nextSeq;
    if (seq >= Number.MAX_SAFE_INTEGER) {
      throw new RangeError(`The log in "${this.store.label}" has no numbers left: begin a new one`);
    }
    this.nextSeq = seq + 1;
    this.#staging.add(line, seq, mark);
    return seq;
  }

  flushSync(): boolean {
    if (this.failure !== undefined || this.#closed !== undefined) return false;
    try {
      const done = this.#writer.writeSync(this.#staging.take());
      if (done) this.#refusal.over();
      // Where an acknowledgement follows the write, this is the moment to make sure that it is ours.
      return done && (this.#settings.sync === "always" || this.#fence.isOurs);
    } catch (error) {
      if (this.failure === undefined) this.#refusal.met(error);
      return false;
    }
  }

  #abandoned(name: string): void {
    this.#retention.discard([name]);
    // Before the next try leaves another one; `close` waits for it.
    void this.#retention.removeFiles();
  }

  sync(): Promise<void> {
    const refusal = this.failure ?? this.#closed;
    if (refusal !== undefined) return Promise.reject(refusal);
    if (this.durableSeq >= this.nextSeq) return Promise.resolve();
    return this.#commit.request();
  }

  onWritten(listener: (chunk: LogChunk) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  reader(fromSeq: number): LogReader {
    return new WalReader(this, fromSeq);
  }

  readable(fromSeq: number = this.firstSeq): ReadableStream<LogChunk> {
    return readable(this, fromSeq);
  }

  entries(fromSeq: number = this.firstSeq): AsyncIterable<LogEntry> {
    return entries(this, fromSeq);
  }

  damaged(hole: LostRecords): void {
    this.#damage.met(hole);
  }

  cursors(): readonly CursorRow[] {
    return this.#cursors.rows;
  }

  saveCursorsSync(rows: readonly CursorRow[]): void {
    this.#fence.assert();
    this.#cursors.saveSync(this.logId, rows);
  }

  async syncCursors(): Promise<void> {
    this.#fence.assert();
    await this.#cursors.sync();
  }

  trim(seq: number): Promise<void> {
    // Segments go at once; a log in memory makes room in the middle of a call.
    if (this.#oversized(seq)) this.#beginAnew();
    while (this.#retention.canRemove(seq, this.full)) this.#retention.takeOldest();
    this.window.forgetBelow(this.firstSeq);
    return this.#removeFiles();
  }

  /** A power cut must not find the old segments gone and the new one not there yet. */
  async #removeFiles(): Promise<void> {
    if (!this.#retention.hasDoomed || !this.#fence.isOurs) return;
    try {
      if (this.#writer.dirty) await this.#commit.syncNow();
      await this.#retention.removeFiles();
    } catch {
      // The log has failed, which was told; its files stay.
    }
  }

  canTrim(seq: number): boolean {
    return this.#retention.canRemove(seq, this.full) || this.#oversized(seq);
  }

  /** A few long records can fill the log by themselves: their segment goes once all are settled. */
  #oversized(seq: number): boolean {
    return this.segments.length === 1 && this.full && seq >= this.writtenSeq && this.#canBeginAnew;
  }

  get #canBeginAnew(): boolean {
    const { ready, waiting } = this.#writer;
    return ready && !waiting && this.writtenSeq > this.#writer.segment.header.first;
  }

  #beginAnew(): void {
    try {
      this.#writer.rotate(this.writtenSeq);
    } catch (error) {
      this.#refusal.met(error);
    }
  }

  async truncateBefore(seq: number): Promise<void> {
    const from = Math.min(seq, this.writtenSeq);
    // Segments that were trimmed may come back with a power cut: only what is stored counts.
    if (!(from > this.#from)) return;
    this.#fence.assert();
    this.#cursors.saveSync(this.logId, this.#cursors.rows, from);
    await this.#cursors.sync();
    this.#from = from;
    if (from === this.writtenSeq && this.#canBeginAnew) this.#beginAnew();
    while ((this.segments[1]?.header.first ?? Infinity) <= from) this.#retention.takeOldest();
    this.window.forgetBelow(from);
    await this.#removeFiles();
  }

  async truncateAfter(seq: number): Promise<void> {
    if (!(Number.isSafeInteger(seq) && seq >= this.firstSeq - 1)) {
      throw new RangeError(
        `Cannot cut the log after record ${seq}: allowed are ${
          this.firstSeq - 1
        } to ${this.nextSeq}`,
      );
    }
    if (seq >= this.nextSeq - 1) return;
    await this.sync();
    await this.#grafting.settled;
    await this.#compacting;
    // What stays must not be less durable than the new segment that goes on behind it.
    await this.#commit.syncNow();
    const cut = await findCut(this.store, this.segments, seq + 1);
    const rows = this.#cursors.rows.map((row) => ({
      ...row,
      nextSeq: Math.min(row.nextSeq, seq + 1),
    }));
    this.saveCursorsSync(rows);
    await this.syncCursors();
    // From here on nothing is written before the cut is made; what was staged meanwhile goes as well.
    this.#writer.close();
    this.#writer.forgetWaiting();
    this.#staging.take();
    this.nextSeq = this.writtenSeq = seq + 1;
    this.#syncedSeq = Math.min(this.#syncedSeq, seq + 1);
    this.window.forgetFrom(seq + 1);
    this.inputs.clear();
    for (const [file, mark] of cut.inputs) this.inputs.set(file, mark);
    try {
      await this.#grafting.orWait(() => this.#grafting.once(cut.site, cut.carried));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  compact(): Promise<void> {
    return this.#compacting ??= this.#compact().finally(() => this.#compacting = undefined);
  }

  async #compact(): Promise<void> {
    await this.#grafting.settled;
    this.#fence.assert();
    await compactSegments({
      store: this.store,
      segments: this.segments,
      firstSeq: this.firstSeq,
      finished: () => this.#finishedSegments(),
      replace: (run, by) => this.#replace(run, by),
      isClosing: () => this.#closing !== undefined,
    }, this.#settings.segmentBytes);
  }

  #finishedSegments(): readonly Segment[] {
    if (!this.#writer.ready) return [];
    return this.segments.slice(0, Math.max(0, this.segments.indexOf(this.#writer.durable.segment)));
  }

  async #replace(run: readonly Segment[], by: Segment): Promise<void> {
    if (!this.#retention.replace(run, by)) this.#retention.discard([by.name]);
    await this.#removeFiles();
  }

  stats(): LogStats {
    return {
      bytes: this.#retention.bytes,
      segments: this.segments.length,
      entries: this.writtenSeq - this.firstSeq,
      damaged: this.#damage.lost,
      syncs: this.#syncs,
      writes: this.#writer.writes,
    };
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      // `#closing` is set from here on.
      await undefined;
      this.#grafting.stop();
      await this.#grafting.settled;
      this.flushSync();
      // Even if the disk refuses more: what it took is made durable, and no sync may be in flight below.
      if (this.failure === undefined) await this.#commit.syncNow();
      if (this.#writeHorizon()) await this.#commit.syncNow();
      await this.#writer.finish();
      await this.#compacting?.catch(() => {});
      await this.#retention.settled;
    } finally {
      this.#tellLost();
      this.#closed = new StoreFailedError(
        `The log in "${this.store.label}" is closed: open it again to write to it`,
      );
      this.#horizon.stop();
      this.#commit.stop(this.#closed);
      this.#writer.close();
      this.#cursors.close();
      await this.store.close();
    }
  }

  #tellLost(): void {
    const count = this.nextSeq - this.writtenSeq;
    if (count === 0) return;
    const message =
      `The log in "${this.store.label}" is closed with ${count} records that the disk ` +
      `did not take: they are lost`;
    this.#tell({ kind: "failed", message });
  }

  #seal(frame: StagedFrame): void {
    this.#staging.seal(frame);
    this.#horizonSeq = this.#syncedSeq;
  }

  #wrote(frame: StagedFrame): void {
    const { chunk, mark } = frame;
    if (chunk.count === 0) return;
    this.writtenSeq = chunk.firstSeq + chunk.count;
    if (mark !== undefined) this.inputs.set(mark.file, mark);
    this.window.push(chunk);
    this.#commit.written();
    for (const listener of this.#listeners) listener(chunk);
  }

  #rotated(segment: Segment): void {
    this.#retention.add(segment);
    // So that an opening need not look further back than this; a failure is told by `#failed`.
    if (this.#settings.sync === "never") this.#commit.syncNow().catch(() => {});
  }

  #synced(seq: number): void {
    this.#syncedSeq = Math.max(this.#syncedSeq, seq);
    this.#syncs++;
    this.#horizon.synced();
  }

  /** False if there is nothing new to tell, or more to write first. */
  #writeHorizon(): boolean {
    const told = this.#horizonSeq >= this.#syncedSeq || this.writtenSeq > this.#syncedSeq;
    const idle = this.#writer.ready && !this.#writer.waiting && this.#staging.bytes === 0;
    if (told || !idle || this.failure !== undefined || this.#settings.sync === "never") {
      return false;
    }
    try {
      return this.#writer.writeSync([this.#staging.horizon(this.writtenSeq)]);
    } catch {
      // It goes out with what is written next.
      return false;
    }
  }

  async #syncWritten(): Promise<void> {
    try {
      await this.#writer.sync();
    } catch (error) {
      await this.#rewrite(error);
    }
    this.#fence.assert();
  }

  /**
   * After a failed sync the same bytes are never synced again: the kernel may have dropped them, and
   * would call that a success. What was not durable is written once more from memory, in a new segment.
   */
  async #rewrite(error: unknown): Promise<void> {
    const { held, durable } = this.#writer;
    this.#writer.close();
    this.#fence.assert();
    markFailedSync(this.store);
    if (held === undefined || this.#closing !== undefined) throw error;
    this.#tell({
      kind: "write-failed",
      message: `Segment "${durable.segment.name}" in "${this.store.label}" cannot be synced: ` +
        `${messageOf(error)}; what was not durable is written anew into another one`,
    });
    const first = held.find(({ chunk }) => chunk.count > 0)?.chunk.firstSeq ?? this.writtenSeq;
    const index = this.segments.indexOf(durable.segment);
    const site = siteAt(this.segments, { index, offset: durable.end, seq: first });
    const lines = held.map(({ chunk, mark }) => ({ chunk, mark }));
    this.#retention.discard([FAILED_SYNC_NAME]);
    await this.#grafting.orWait(() => this.#grafting.once(site, lines));
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
    this.#tell({ kind: "failed", message: this.failure.message });
    return this.failure;
  }
}
