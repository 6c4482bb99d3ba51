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
} from "../storage/store.ts";
import { GroupCommit } from "./commit.ts";
import { joinable, joinSegments } from "./compact.ts";
import { CursorFile } from "./cursors.ts";
import { DamageFound, type LostRecords } from "./damage.ts";
import { entries } from "./entries.ts";
import { type Carried, graftSegment, isOutOfRoom } from "./graft.ts";
import { readable } from "./readable.ts";
import { WalReader } from "./reader.ts";
import { recover, type RecoveredLog } from "./recovery.ts";
import { Retention } from "./retention.ts";
import { FAILED_SYNC_NAME, markFailedSync, randomHex32, type Segment } from "./segment.ts";
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

/** So long after the last sync the log itself tells how far it is durable. */
const HORIZON_MS = 50;
/** How long to wait before asking a disk again that had no room for a new segment. */
const RETRY_GRAFT_MS = 250;

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
  #cancelHorizon: (() => void) | undefined;
  #syncs = 0;
  #refusing = false;
  /** A graft that waits for room, or runs. */
  #grafting: Promise<void> | undefined;
  #compacting: Promise<void> | undefined;
  #stopWaiting: (() => void) | undefined;
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
    this.#damage = new DamageFound(store, settings.onDamage, tell, found.lost);
    this.#writer = new SegmentWriter(
      store,
      {
        seal: (frame) => this.#seal(frame),
        wrote: (frame) => this.#wrote(frame),
        rotated: (segment) => this.#rotated(segment),
        inputs: () => [...this.inputs.values()],
        fence: () => this.#fence(),
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
      await this.#graft(siteAt(segments, place), linesFrom(this.store, segments, place));
      for (const segment of loose) await cutToEnd(this.store, segment);
    };
    try {
      await graft();
    } catch (error) {
      if (!isOutOfRoom(error)) throw this.#notBegun(error);
      this.#refused(error);
      this.#grafting = this.#whenThereIsRoom(graft).catch((error) => void this.#failed(error));
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

  /** Begins a new segment at `site`, with all that is written behind it. */
  async #graft(site: Site, carried: Carried): Promise<void> {
    this.#fence();
    const end = this.writtenSeq;
    const { segment, file } = await graftSegment(
      this.store,
      {
        ...site,
        log: this.logId,
        epoch: this.#epoch,
        turn: this.#turn++,
        boot: this.store.boot,
        created: new Date(this.#clock.now()).toISOString(),
        inputs: [...this.inputs.values()],
      },
      carried,
      end,
    );
    this.#retention.supersede(segment);
    this.#writer.adopt(segment, file);
    this.#refusing = false;
    this.#synced(end);
    await this.#retention.removeFiles();
    const before = this.segments.at(-2);
    if (before !== undefined) await cutToEnd(this.store, before);
  }

  /** Tries until it works, or fails for another reason than want of room, or the log is closed. */
  async #whenThereIsRoom(graft: () => Promise<void>): Promise<void> {
    while (this.#closing === undefined) {
      await this.#pause();
      try {
        return await graft();
      } catch (error) {
        if (!isOutOfRoom(error) || this.#closing !== undefined) throw error;
        this.#refused(error);
      }
    }
  }

  async #pause(): Promise<void> {
    if (this.#closing !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.setTimer(resolve, RETRY_GRAFT_MS);
    this.#stopWaiting = resolve;
    await promise;
    cancel();
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
      if (done) this.#refusing = false;
      // Where an acknowledgement follows the write, this is the moment to make sure that it is ours.
      return done && (this.#settings.sync === "always" || this.#isOurs());
    } catch (error) {
      if (this.failure === undefined) this.#refused(error);
      return false;
    }
  }

  #refused(error: unknown): void {
    if (!this.#refusing) {
      this.#tell({
        kind: "write-failed",
        message: `Cannot write to the log in "${this.store.label}": ${messageOf(error)}; ` +
          `records wait in memory until it works again`,
      });
    }
    this.#refusing = true;
  }

  /** Whether the folder is still ours; if not, nothing is written or acknowledged any more. */
  #isOurs(): boolean {
    if (this.store.isHeld()) return true;
    if (this.failure === undefined) this.#failed(this.#lockLost());
    return false;
  }

  /** Before anything that another owner of the folder could take for its own is made or removed. */
  #fence(): void {
    if (!this.#isOurs()) throw this.failure!;
  }

  #abandoned(name: string): void {
    this.#retention.discard([name]);
    // Before the next try leaves another one; `close` waits for it.
    void this.#retention.removeFiles();
  }

  #lockLost(): StoreFailedError {
    return new StoreFailedError(
      `The lock of "${this.store.label}" was taken away from this process, so another one may write ` +
        `there: this log takes no more records; never remove a LOCK file while its process lives`,
    );
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
    this.#fence();
    this.#cursors.saveSync(this.logId, rows);
  }

  async syncCursors(): Promise<void> {
    this.#fence();
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
    if (!this.#retention.hasDoomed || !this.#isOurs()) return;
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
      this.#refused(error);
    }
  }

  async truncateBefore(seq: number): Promise<void> {
    const from = Math.min(seq, this.writtenSeq);
    // Segments that were trimmed may come back with a power cut: only what is stored counts.
    if (!(from > this.#from)) return;
    this.#fence();
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
    await this.#grafting;
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
    const grafting = this.#graftOrWait(() => this.#graft(cut.site, cut.carried));
    this.#grafting = grafting.catch((error) => void this.#failed(error));
    await this.#grafting;
    if (this.failure !== undefined) throw this.failure;
  }

  /** Grafts now, or when there is room. */
  async #graftOrWait(graft: () => Promise<void>): Promise<void> {
    try {
      await graft();
    } catch (error) {
      if (!isOutOfRoom(error)) throw error;
      this.#refused(error);
      await this.#whenThereIsRoom(graft);
    }
  }

  compact(): Promise<void> {
    return this.#compacting ??= this.#compact().finally(() => this.#compacting = undefined);
  }

  async #compact(): Promise<void> {
    await this.#grafting;
    this.#fence();
    // What is not durable may be written anew elsewhere, and is left alone.
    const { segments } = this;
    const finished = this.#writer.ready ? segments.indexOf(this.#writer.durable.segment) : 0;
    const sealed = segments.slice(0, Math.max(0, finished));
    for (const run of joinable(sealed, this.#settings.segmentBytes)) {
      if (this.#closing !== undefined) return;
      const endSeq = segments[segments.indexOf(run.at(-1)!) + 1]?.header.first;
      if (endSeq === undefined) continue;
      const joined = await joinSegments(this.store, run, this.firstSeq, endSeq);
      if (joined === undefined) continue;
      if (!this.#retention.replace(run, joined)) this.#retention.discard([joined.name]);
      await this.#removeFiles();
    }
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
      // `#closing` is set from here on: who waits for room looks again, once, and then gives up.
      await undefined;
      this.#stopWaiting?.();
      await this.#grafting;
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
      this.#cancelHorizon?.();
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
    this.#cancelHorizon ??= this.#writeHorizonLater();
  }

  /**
   * When nothing more was synced for a while, a frame without records tells how far the log is durable:
   * damage in the last records can then be told from a write that was cut.
   */
  #writeHorizonLater(): () => void {
    const syncs = this.#syncs;
    return this.#clock.setTimer(() => {
      this.#cancelHorizon = syncs === this.#syncs ? undefined : this.#writeHorizonLater();
      if (syncs === this.#syncs) this.#writeHorizon();
    }, HORIZON_MS);
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
    if (!this.store.isHeld()) throw this.#lockLost();
  }

  /**
   * After a failed sync the same bytes are never synced again: the kernel may have dropped them, and
   * would call that a success. What was not durable is written once more from memory, in a new segment.
   */
  async #rewrite(error: unknown): Promise<void> {
    const { held, durable } = this.#writer;
    this.#writer.close();
    this.#fence();
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
    const grafting = this.#graftOrWait(() => this.#graft(site, lines));
    this.#grafting = grafting.catch(() => {});
    await grafting;
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
