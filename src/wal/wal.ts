import { systemClock } from "../clock.ts";
import type {
  CursorRow,
  FileStore,
  InputMark,
  LogChunk,
  LogEntry,
  LogReader,
  LogStats,
  LogStore,
} from "../storage/store.ts";
import { CursorFile } from "./cursors.ts";
import { DamageFound, type LostRecords } from "./damage.ts";
import { entries } from "./entries.ts";
import { isolated } from "../isolated.ts";
import { Journal } from "./journal.ts";
import { readable } from "./readable.ts";
import { WalReader } from "./reader.ts";
import { recover } from "./recovery.ts";
import type { Segment } from "./segment.ts";
import { type WalOptions, type WalSettings, walSettings } from "./settings.ts";
import { findCut } from "./site.ts";
import type { Succession } from "./succession.ts";
import type { Window } from "../storage/window.ts";

export type { WalOptions } from "./settings.ts";

/** A write-ahead log: a {@linkcode LogStore} over the bytes of a {@linkcode FileStore}. */
export interface Wal extends LogStore, AsyncDisposable {
  /** The bytes under it. */
  readonly store: FileStore;
  /**
   * Chunks of lines from a sequence number on, following new ones; pulled, never pushed. Ends behind the
   * last line when the log is closed.
   */
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
  const { clock = systemClock } = options;
  const onNotice = isolated("onNotice", options.onNotice ?? (() => {}));
  const settings = walSettings(store, options);
  await store.open();
  try {
    const entries = await store.list();
    const cursors = await CursorFile.open(store, entries);
    try {
      const found = await recover(store, entries, settings.onDamage, onNotice, cursors.log);
      const journal = new Journal(store, settings, found, onNotice, clock);
      const damage = new DamageFound(store, settings.onDamage, onNotice, found.lost);
      await keepWithin(cursors, journal);
      await journal.succession.begin(found);
      return new OpenWal(journal, settings, cursors, damage);
    } catch (error) {
      cursors.close();
      throw error;
    }
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * Cursors of a longer log, such as a restored copy may bring with it, give up numbers that are not given
 * yet: that ends here, before records get them.
 */
async function keepWithin(
  cursors: CursorFile,
  { succession, nextSeq }: Journal,
): Promise<void> {
  if (cursors.from <= nextSeq) return;
  cursors.saveSync(succession.logId, cursors.rows, nextSeq);
  await cursors.sync();
}

class OpenWal implements Wal {
  readonly acknowledges: "memory" | "kill" | "power-cut";
  readonly absorbs: boolean;
  readonly #journal: Journal;
  readonly #succession: Succession;
  readonly #cursors: CursorFile;
  readonly #damage: DamageFound;
  readonly appendSync?: (line: string, mark?: InputMark) => boolean;
  #from: number;
  readonly #closed = new AbortController();
  #cuts = 0;
  #closing: Promise<void> | undefined;

  constructor(
    journal: Journal,
    { sync, atOnce }: WalSettings,
    cursors: CursorFile,
    damage: DamageFound,
  ) {
    const isOnDisk = journal.store.keeps === "disk";
    this.acknowledges = !isOnDisk ? "memory" : sync === "always" ? "power-cut" : "kill";
    // A store in memory cannot take over what the buffer is too small for.
    this.absorbs = isOnDisk;
    this.#journal = journal;
    this.#succession = journal.succession;
    this.#cursors = cursors;
    this.#damage = damage;
    this.#from = cursors.from;
    // A record that came while the end is being cut off would go with it.
    if (atOnce) {
      this.appendSync = (line, mark) => this.#cuts === 0 && journal.appendSync(line, mark);
    }
  }

  get store(): FileStore {
    return this.#journal.store;
  }

  get logId(): string {
    return this.#succession.logId;
  }

  get run(): string {
    return this.#succession.run;
  }

  get window(): Window {
    return this.#journal.window;
  }

  get inputs(): ReadonlyMap<string, InputMark> {
    return this.#journal.inputs;
  }

  get segments(): readonly Segment[] {
    return this.#succession.retention.segments;
  }

  get firstSeq(): number {
    return Math.max(this.#from, this.segments[0]?.header.first ?? this.writtenSeq);
  }

  get nextSeq(): number {
    return this.#journal.nextSeq;
  }

  get writtenSeq(): number {
    return this.#journal.writtenSeq;
  }

  get durableSeq(): number {
    return this.acknowledges === "power-cut" ? this.#journal.syncedSeq : this.writtenSeq;
  }

  get failure(): Error | undefined {
    return this.#journal.failure;
  }

  get stagedBytes(): number {
    return this.#journal.stagedBytes;
  }

  get full(): boolean {
    return this.#succession.retention.isFull(this.stagedBytes);
  }

  get evictTo(): number {
    return this.segments[1]?.header.first ?? this.writtenSeq;
  }

  stage(line: string, mark?: InputMark): number {
    return this.#journal.stage(line, mark);
  }

  stageEncoded(line: string, mark?: InputMark): number {
    return this.#journal.stageEncoded(line, mark);
  }

  flushSync(): boolean {
    return this.#journal.flushSync();
  }

  sync(): Promise<void> {
    const { refusal } = this.#journal;
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.durableSeq >= this.nextSeq ? Promise.resolve() : this.#journal.commit();
  }

  onWritten(listener: (chunk: LogChunk) => void): () => void {
    return this.#journal.onWritten(listener);
  }

  reader(fromSeq: number): LogReader {
    return new WalReader(this, fromSeq);
  }

  readable(fromSeq: number = this.firstSeq): ReadableStream<LogChunk> {
    return readable(this, fromSeq, this.#closed.signal);
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
    this.#journal.assertOurs();
    this.#cursors.saveSync(this.logId, rows);
  }

  async syncCursors(): Promise<void> {
    this.#journal.assertOurs();
    await this.#cursors.sync();
  }

  trim(seq: number): Promise<void> {
    // Segments go at once; a log in memory makes room in the middle of a call.
    if (this.#oversized(seq)) this.#succession.beginAnew();
    while (this.#succession.retention.canRemove(seq, this.full)) {
      this.#succession.retention.takeOldest();
    }
    this.window.forgetBelow(this.firstSeq);
    return this.#succession.removeFiles();
  }

  release(seq: number): void {
    this.window.forgetBelow(seq);
  }

  canTrim(seq: number): boolean {
    return this.#succession.retention.canRemove(seq, this.full) || this.#oversized(seq);
  }

  /** A few long records can fill the log by themselves: their segment goes once all are settled. */
  #oversized(seq: number): boolean {
    return this.segments.length === 1 && this.full && seq >= this.writtenSeq &&
      this.#succession.canBeginAnew;
  }

  async truncateBefore(seq: number): Promise<void> {
    // Segments that were trimmed may come back with a power cut: only what is stored counts.
    if (!(Math.min(seq, this.writtenSeq) > this.#from)) return;
    await this.#succession.exclusively(() => this.#cutBefore(seq));
    await this.#succession.removeFiles();
  }

  async #cutBefore(seq: number): Promise<void> {
    // Never beyond what is durable: records that come after a power cut get those numbers.
    const from = Math.min(seq, this.#journal.syncedSeq);
    if (!(from > this.#from)) return;
    this.#journal.assertOurs();
    this.#cursors.saveSync(this.logId, this.#cursors.rows, from);
    await this.#cursors.sync();
    this.#from = from;
    if (from === this.writtenSeq && this.#succession.canBeginAnew) this.#succession.beginAnew();
    while ((this.segments[1]?.header.first ?? Infinity) <= from) {
      this.#succession.retention.takeOldest();
    }
    this.window.forgetBelow(from);
  }

  async truncateAfter(seq: number): Promise<void> {
    this.#assertCanEndAt(seq);
    if (seq >= this.nextSeq - 1) return;
    this.#cuts++;
    try {
      await this.sync();
      // What stays must not be less durable than the new segment that goes on behind it.
      await this.#succession.exclusively(() => this.#cutAfter(seq));
    } finally {
      this.#cuts--;
    }
  }

  /** @throws {RangeError} If the log begins later */
  #assertCanEndAt(seq: number): void {
    if (Number.isSafeInteger(seq) && seq >= this.firstSeq - 1) return;
    throw new RangeError(
      `Cannot cut the log after record ${seq}: allowed are ${this.firstSeq - 1} to ${this.nextSeq}`,
    );
  }

  async #cutAfter(seq: number): Promise<void> {
    // Another call may have cut it, before or behind this record.
    this.#assertCanEndAt(seq);
    if (seq >= this.nextSeq - 1) return;
    const cut = await findCut(this.store, [...this.segments], seq + 1);
    const rows = this.#cursors.rows.map((row) => ({
      ...row,
      nextSeq: Math.min(row.nextSeq, seq + 1),
    }));
    this.saveCursorsSync(rows);
    await this.syncCursors();
    await this.#journal.cutBefore(seq + 1, cut);
  }

  compact(): Promise<void> {
    return this.#succession.compact(this.firstSeq);
  }

  stats(): LogStats {
    return {
      bytes: this.#succession.retention.bytes,
      maxBytes: this.#succession.retention.maxBytes,
      segments: this.segments.length,
      entries: this.writtenSeq - this.firstSeq,
      damaged: this.#damage.lost,
      syncs: this.#journal.syncs,
      writes: this.#journal.writes,
      syncLatency: this.#succession.syncLatency,
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
      await this.#journal.close();
    } finally {
      this.#cursors.close();
      this.#closed.abort();
      await this.store.close();
    }
  }
}
