import { type Clock, systemClock } from "../clock.ts";
import { messageOf, StoreFailedError } from "../errors.ts";
import type {
  CursorRow,
  FileStore,
  InputMark,
  LogChunk,
  LogNotice,
  LogReader,
  LogSettings,
  LogStats,
  LogStore,
} from "../storage/store.ts";
import { GroupCommit } from "./commit.ts";
import { CursorFile } from "./cursors.ts";
import { readable } from "./readable.ts";
import { WalReader } from "./reader.ts";
import type { DamagePolicy } from "./damage.ts";
import { recover, type RecoveredLog } from "./recovery.ts";
import { Retention } from "./retention.ts";
import { randomHex32, type Segment } from "./segment.ts";
import { type StagedFrame, Staging } from "./staging.ts";
import { Window } from "./window.ts";
import { SegmentWriter } from "./writer.ts";

/** How a write-ahead log behaves. */
export interface WalOptions extends LogSettings {
  /** A segment is closed at this size. @default {67108864} (64 MiB) */
  readonly segmentBytes?: number;
  /** The log is full beyond this many segments; every start makes one. @default {Infinity} */
  readonly maxSegments?: number;
  /** Bytes of the newest records to keep in memory for readers that keep up. @default {4194304} */
  readonly windowBytes?: number;
  /**
   * What opening does about damage: `refuse` throws; `quarantine` skips exactly what is damaged, tells,
   * and keeps everything else.
   *
   * @default {"refuse"}
   */
  readonly onDamage?: DamagePolicy;
}

/** A write-ahead log: a {@linkcode LogStore} over the bytes of a {@linkcode FileStore}. */
export interface Wal extends LogStore, AsyncDisposable {
  /** The bytes under it. */
  readonly store: FileStore;
  /** Chunks of lines from a sequence number on, following new ones; pulled, never pushed. */
  readable(fromSeq?: number): ReadableStream<LogChunk>;
}

type Settings = Required<Omit<WalOptions, "onNotice" | "clock" | "onDamage">>;

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
  const { onNotice = () => {}, clock = systemClock, onDamage = "refuse" } = options;
  const settings = resolve(store, options);
  await store.open();
  try {
    const cursors = await CursorFile.open(store);
    try {
      const found = await recover(store, onDamage, onNotice, cursors.log);
      const log = new OpenWal(store, settings, found, cursors, onNotice, clock);
      await log.begin(found.empty);
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

function resolve(store: FileStore, options: WalOptions): Settings {
  const maxBytes = options.maxBytes ?? 4 * 1024 ** 3;
  const segmentBytes = Math.min(options.segmentBytes ?? 64 * 1024 ** 2, Math.floor(maxBytes / 4));
  if (!(segmentBytes >= 4096)) {
    throw new RangeError(`Cannot use segments of ${segmentBytes} bytes: allowed are 4096 and more`);
  }
  return {
    sync: options.sync ?? (store.keeps === "disk" ? "always" : "never"),
    syncIntervalMs: options.syncIntervalMs ?? 500,
    segmentBytes,
    retain: options.retain ?? 64 * 1024 ** 2,
    retainAgeMs: options.retainAgeMs ?? Infinity,
    maxBytes,
    maxSegments: options.maxSegments ?? Infinity,
    windowBytes: options.windowBytes ?? 4 * 1024 ** 2,
  };
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
  readonly #retention: Retention;
  readonly #staging: Staging;
  readonly #writer: SegmentWriter;
  readonly #commit: GroupCommit;
  readonly #cursors: CursorFile;
  readonly #tell: (notice: LogNotice) => void;
  readonly #listeners = new Set<(chunk: LogChunk) => void>();
  readonly #toldDamage = new Set<string>();
  #syncedSeq: number;
  #syncs = 0;
  #refusing = false;
  #closing: Promise<void> | undefined;
  #closed: StoreFailedError | undefined;

  constructor(
    store: FileStore,
    settings: Settings,
    found: RecoveredLog,
    cursors: CursorFile,
    tell: (notice: LogNotice) => void,
    clock: Clock,
  ) {
    const last = found.segments.at(-1);
    this.store = store;
    this.logId = found.log ?? randomHex32() + randomHex32();
    this.run = `${this.logId}.${found.epoch + 1}`;
    this.window = new Window(settings.windowBytes);
    this.#retention = new Retention(store, found.segments, settings, clock, tell);
    this.inputs = found.inputs;
    const disk = store.keeps === "disk";
    this.acknowledges = !disk ? "memory" : settings.sync === "always" ? "power-cut" : "kill";
    this.absorbs = disk;
    this.nextSeq = this.writtenSeq = this.#syncedSeq = found.nextSeq;
    this.#cursors = cursors;
    this.#tell = tell;
    this.#writer = new SegmentWriter(
      store,
      {
        seal: (frame) => this.#staging.seal(frame),
        wrote: (frame) => this.#wrote(frame),
        rotated: (segment) => this.#retention.add(segment),
        inputs: () => [...this.inputs.values()],
        now: () => clock.now(),
      },
      settings.segmentBytes,
      settings.sync !== "never",
      {
        log: this.logId,
        epoch: found.epoch + 1,
        first: found.nextSeq,
        prev: last === undefined ? null : { salt: last.header.salt, end: last.end },
      },
    );
    this.#retention.add(this.#writer.segment);
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
        sync: () => this.#writer.sync(),
        synced: (seq) => this.#synced(seq),
        failed: (error) => this.#failed(error),
      },
      settings.sync,
      settings.syncIntervalMs,
      clock,
    );
  }

  /** Makes the new segment stand before the empty ones it replaces go. */
  async begin(empty: readonly Segment[]): Promise<void> {
    await this.#commit.syncNow();
    for (const segment of empty) await this.store.remove(segment.name);
  }

  get segments(): readonly Segment[] {
    return this.#retention.segments;
  }

  get firstSeq(): number {
    return this.segments[0]!.header.first;
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
    const seq = this.nextSeq++;
    this.#staging.add(line, seq, mark);
    return seq;
  }

  flushSync(): boolean {
    if (this.failure !== undefined || this.#closed !== undefined) return false;
    try {
      const done = this.#writer.writeSync(this.#staging.take());
      if (done) this.#refusing = false;
      return done;
    } catch (error) {
      this.#refused(error);
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

  damaged(segment: Segment, firstSeq: number, count: number): void {
    const place = `${segment.name}:${firstSeq}`;
    if (this.#toldDamage.has(place)) return;
    this.#toldDamage.add(place);
    this.#tell({
      kind: "damage",
      message:
        `Segment "${segment.name}" in "${this.store.label}" is damaged: records ${firstSeq} ` +
        `to ${firstSeq + count - 1} cannot be read and were skipped`,
    });
  }

  cursors(): readonly CursorRow[] {
    return this.#cursors.rows;
  }

  saveCursorsSync(rows: readonly CursorRow[]): void {
    this.#cursors.saveSync(this.logId, rows);
  }

  syncCursors(): Promise<void> {
    return this.#cursors.sync();
  }

  trim(seq: number): Promise<void> {
    // Segments go at once; a log in memory makes room in the middle of a call.
    if (this.#oversized(seq)) this.#beginAnew();
    while (this.#retention.canRemove(seq, this.full)) this.#retention.takeOldest();
    this.window.forgetBelow(this.firstSeq);
    return this.#retention.removeFiles();
  }

  canTrim(seq: number): boolean {
    return this.#retention.canRemove(seq, this.full) || this.#oversized(seq);
  }

  /** A few long records can fill the log by themselves: their segment goes once all are settled. */
  #oversized(seq: number): boolean {
    const { segment, waiting } = this.#writer;
    return this.segments.length === 1 && this.full && seq >= this.writtenSeq && !waiting &&
      segment.end > segment.header.head;
  }

  #beginAnew(): void {
    try {
      this.#writer.rotate(this.writtenSeq);
    } catch (error) {
      this.#refused(error);
    }
  }

  stats(): LogStats {
    return {
      bytes: this.#retention.bytes,
      segments: this.segments.length,
      entries: this.writtenSeq - this.firstSeq,
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
      this.flushSync();
      // Even if the disk refuses more: what it took is made durable, and no sync may be in flight below.
      if (this.failure === undefined) await this.#commit.syncNow();
    } finally {
      this.#closed = new StoreFailedError(
        `The log in "${this.store.label}" is closed: open it again to write to it`,
      );
      this.#commit.stop(this.#closed);
      this.#writer.close();
      this.#cursors.close();
      await this.store.close();
    }
  }

  #wrote(frame: StagedFrame): void {
    const { chunk, mark } = frame;
    this.writtenSeq = chunk.firstSeq + chunk.count;
    if (mark !== undefined) this.inputs.set(mark.file, mark);
    this.window.push(chunk);
    this.#commit.written();
    for (const listener of this.#listeners) listener(chunk);
  }

  #synced(seq: number): void {
    this.#syncedSeq = seq;
    this.#syncs++;
  }

  /** A failed sync is never tried again on the same bytes: the kernel may have dropped them by then. */
  #failed(error: unknown): Error {
    this.failure = new StoreFailedError(
      `The log in "${this.store.label}" cannot be synced: ${messageOf(error)}; ` +
        `it takes no more records, those acknowledged stay readable`,
      { cause: error },
    );
    this.#tell({ kind: "failed", message: this.failure.message });
    return this.failure;
  }
}
