import { type Clock, systemClock } from "../../clock.ts";
import { StoreFailedError } from "../../errors.ts";
import { isolated } from "../../isolated.ts";
import { onProcessExit } from "../../platform/exit.ts";
import type {
  CursorRow,
  InputMark,
  LogChunk,
  LogReader,
  LogSettings,
  LogStats,
  LogStore,
} from "../store.ts";
import { Announcer } from "../announcer.ts";
import { GroupCommit } from "../group_commit.ts";
import type { Database } from "./database.ts";
import { LogFailure } from "./failure.ts";
import { MAX_CHUNK_BYTES, RowReader } from "./reader.ts";
import { Window } from "../window.ts";
import { SlicedRows } from "./rows.ts";
import { settle } from "./settings.ts";
import { type StagedChunk, Staging } from "./staging.ts";
import type { FoundLog, LogTables } from "./tables.ts";

/** At most about this much in one transaction, so that the event loop is never held for long. */
const MAX_WRITE_BYTES = 256 * 1024;
/** The newest lines that are kept in memory. */
const RECENT_BYTES = 4 * 1024 * 1024;
/** Pages given back between two turns of the event loop: about 1 ms. */
const SHRINK_PAGES = 128;

/** What a log is made of. */
export interface LogParts {
  /** The file. */
  readonly database: Database;
  /** Its tables. */
  readonly tables: LogTables;
  /** What they hold. */
  readonly found: FoundLog;
  /** What the log is asked to be. */
  readonly settings: LogSettings;
  /** The name of the log, and of its table. */
  readonly name: string;
  /** Called once when the log has given everything back. */
  readonly closed: () => Promise<void>;
}

/** A log in the tables of a database. */
export class SqliteLog implements LogStore {
  readonly logId: string;
  readonly run: string;
  readonly label: string;
  readonly acknowledges: "kill" | "power-cut";
  readonly absorbs = true;
  readonly appendSync?: (line: string, mark?: InputMark) => boolean;
  readonly tables: LogTables;
  readonly recent: Window = new Window(RECENT_BYTES);
  readonly inputs: Map<string, InputMark>;
  nextSeq: number;
  writtenSeq: number;
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #announcer: Announcer;
  readonly #rows: SlicedRows;
  readonly #staging: Staging;
  readonly #commit: GroupCommit;
  readonly #failure: LogFailure;
  readonly #withdrawExit: () => void;
  readonly #giveBack: () => Promise<void>;
  #missing = 0;
  readonly #toldMissing = new Set<number>();
  #cursors: readonly CursorRow[];
  #syncedSeq: number;
  /** What the sync under way makes durable. */
  #syncingSeq: number;
  #writes = 0;
  #syncs = 0;
  #closed: StoreFailedError | undefined;
  #closing: Promise<void> | undefined;

  constructor({ database, tables, found, settings, name, closed }: LogParts) {
    const limits = settle(settings);
    this.logId = found.id;
    this.run = `${found.id}.${found.epoch}`;
    this.label = `${database.path}#${name}`;
    this.acknowledges = limits.sync === "always" ? "power-cut" : "kill";
    this.tables = tables;
    this.inputs = found.inputs;
    this.nextSeq = this.writtenSeq = found.nextSeq;
    this.#syncedSeq = this.#syncingSeq = found.nextSeq;
    this.#database = database;
    this.#clock = settings.clock ?? systemClock;
    this.#announcer = new Announcer(isolated("onNotice", settings.onNotice ?? (() => {})));
    this.#failure = new LogFailure(this.label, database, (news) => this.#announcer.tell(news));
    this.#rows = new SlicedRows(database, tables, found.slices, limits, this.#clock);
    this.#staging = new Staging(Math.min(MAX_CHUNK_BYTES, this.#rows.maxSliceBytes));
    this.#cursors = found.cursors;
    this.#giveBack = closed;
    this.#commit = new GroupCommit(
      {
        flush: () => this.flushSync(),
        refusal: () => this.failure ?? this.#closed,
        sync: () => this.#sync(),
      },
      limits.sync,
      limits.syncIntervalMs,
      this.#clock,
    );
    this.#withdrawExit = onProcessExit(() => this.flushSync());
    if (limits.atOnce) this.appendSync = (line, mark) => this.#appendSync(line, mark);
  }

  get firstSeq(): number {
    return this.#rows.firstSeq;
  }

  get durableSeq(): number {
    return this.acknowledges === "power-cut" ? this.#syncedSeq : this.writtenSeq;
  }

  get stagedBytes(): number {
    return this.#staging.bytes;
  }

  get failure(): Error | undefined {
    return this.#failure.error;
  }

  get full(): boolean {
    return this.#rows.isFull(this.stagedBytes);
  }

  get evictTo(): number {
    return this.#rows.secondFirstSeq ?? this.writtenSeq;
  }

  stage(line: string, mark?: InputMark): number {
    const seq = this.nextSeq++;
    this.#staging.add(line, seq, mark);
    return seq;
  }

  flushSync(): boolean {
    for (;;) {
      if (this.failure !== undefined || this.#closed !== undefined) return false;
      const group = this.#nextGroup();
      if (group.length === 0) return true;
      try {
        this.#rows.insert(group);
      } catch (error) {
        this.#failure.refused(error);
        return false;
      }
      this.#wrote(group);
    }
  }

  #appendSync(line: string, mark: InputMark | undefined): boolean {
    // What is staged has its numbers already, and goes first.
    if (this.#closing !== undefined || !this.flushSync()) return false;
    const seq = this.stage(line, mark);
    const group = [...this.#staging.chunks()];
    const refusal = this.#putAtOnce(group);
    if (refusal !== undefined) {
      this.#staging.clear();
      this.nextSeq = seq;
      this.#failure.refused(refusal.error);
      return false;
    }
    if (this.acknowledges === "power-cut") this.#synced(seq + 1);
    this.#wrote(group);
    return true;
  }

  /** What is wrong if the disk did not take it. */
  #putAtOnce(group: readonly StagedChunk[]): { readonly error: unknown } | undefined {
    try {
      this.#rows.insert(group);
      if (this.acknowledges === "power-cut") this.#database.syncSync();
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** As many chunks as go into one transaction. */
  #nextGroup(): readonly StagedChunk[] {
    const chunks = this.#staging.chunks();
    const most = Math.min(MAX_WRITE_BYTES, this.#rows.maxSliceBytes);
    let bytes = 0;
    const end = chunks.findIndex(({ chunk }, i) => (bytes += chunk.bytes.length) > most && i > 0);
    return end < 0 ? [...chunks] : chunks.slice(0, end);
  }

  /** The lines stand in the table. Who is told of them may stage and flush more: all are told in order. */
  #wrote(group: readonly StagedChunk[]): void {
    this.#failure.over();
    this.#writes++;
    this.#staging.shift(group.length);
    this.#announcer.after(() => {
      for (const { chunk, marks } of group) {
        this.recent.push(chunk);
        this.writtenSeq = chunk.firstSeq + chunk.count;
        for (const [file, mark] of marks) this.inputs.set(file, mark);
        this.#announcer.tell(chunk);
      }
      this.#commit.written();
    });
  }

  sync(): Promise<void> {
    const refusal = this.failure ?? this.#closed;
    if (refusal !== undefined) return Promise.reject(refusal);
    if (this.durableSeq >= this.nextSeq) return Promise.resolve();
    return this.#commit.request();
  }

  /** Syncs everything written, whatever the policy. */
  async #sync(): Promise<void> {
    const seq = this.writtenSeq;
    this.#syncingSeq = Math.max(this.#syncingSeq, seq);
    try {
      await this.#database.sync();
    } catch (error) {
      throw this.#failure.failed(error);
    }
    // What was given up meanwhile is not durable, whatever takes its numbers.
    this.#synced(Math.min(seq, this.#syncingSeq));
  }

  #synced(seq: number): void {
    this.#syncs++;
    this.#syncedSeq = Math.max(this.#syncedSeq, seq);
  }

  onWritten(listener: (chunk: LogChunk) => void): () => void {
    return this.#announcer.onWritten(listener);
  }

  reader(fromSeq: number): LogReader {
    return new RowReader(this, fromSeq);
  }

  missing(firstSeq: number, count: number): void {
    if (this.#toldMissing.has(firstSeq)) return;
    this.#toldMissing.add(firstSeq);
    this.#missing += count;
    this.#announcer.tell({
      kind: "damage",
      message: `The log in "${this.label}" is damaged: records ${firstSeq} to ` +
        `${firstSeq + count - 1} are missing and were skipped`,
    });
  }

  cursors(): readonly CursorRow[] {
    return this.#cursors;
  }

  saveCursorsSync(rows: readonly CursorRow[]): void {
    if (this.#closed !== undefined) throw this.#closed;
    this.#database.write(0, () => this.tables.saveCursors(rows));
    this.#cursors = [...rows];
  }

  async syncCursors(): Promise<void> {
    await this.#sync();
  }

  canTrim(seq: number): boolean {
    return this.#rows.canRemove(seq, this.full) || this.#isAllInTheWay(seq);
  }

  async trim(seq: number): Promise<void> {
    if (this.#isAllInTheWay(seq)) this.#rows.removeBelow(this.writtenSeq);
    while (this.#rows.canRemove(seq, this.full)) {
      this.#rows.removeOldest();
      await this.#turn();
    }
  }

  /** A few long records can fill the log by themselves: their slice goes once all are settled. */
  #isAllInTheWay(seq: number): boolean {
    return this.#rows.count === 1 && this.#rows.bytes > 0 && this.full &&
      seq >= this.writtenSeq && this.stagedBytes === 0;
  }

  async truncateBefore(seq: number): Promise<void> {
    const to = Math.min(seq, this.writtenSeq);
    for (;;) {
      const next = this.#rows.secondFirstSeq;
      if (next === undefined || next > to) break;
      this.#rows.removeOldest();
      await this.#turn();
    }
    if (to > this.firstSeq) this.#rows.removeBelow(to);
    await this.#sync();
  }

  async truncateAfter(seq: number): Promise<void> {
    if (!(Number.isSafeInteger(seq) && seq >= this.firstSeq - 1)) {
      throw new RangeError(
        `Cannot cut the log after record ${seq}: allowed are ${this.firstSeq - 1} and more`,
      );
    }
    this.#flushAll();
    if (seq + 1 < this.nextSeq) this.#removeFrom(seq + 1);
    await this.#sync();
  }

  #removeFrom(seq: number): void {
    const cursors = this.#cursors.map((row) => ({ ...row, nextSeq: Math.min(row.nextSeq, seq) }));
    this.#rows.removeFrom(seq, this.nextSeq, cursors);
    this.#cursors = cursors;
    this.inputs.clear();
    for (const [file, mark] of this.tables.inputs()) this.inputs.set(file, mark);
    this.recent.forgetFrom(0);
    this.nextSeq = this.writtenSeq = seq;
    this.#syncedSeq = Math.min(this.#syncedSeq, seq);
    this.#syncingSeq = Math.min(this.#syncingSeq, seq);
  }

  #flushAll(): void {
    if (this.flushSync()) return;
    throw this.failure ?? this.#closed ??
      new StoreFailedError(`Cannot write to the log in "${this.label}": try again later`);
  }

  async compact(): Promise<void> {
    this.#flushAll();
    while (this.#database.shrink(SHRINK_PAGES)) await this.#turn();
    await this.#sync();
  }

  /** Lets the event loop turn. */
  #turn(): Promise<void> {
    return new Promise((resolve) => this.#clock.defer(resolve));
  }

  stats(): LogStats {
    return {
      bytes: this.#rows.bytes,
      maxBytes: this.#rows.maxBytes,
      segments: this.#rows.count,
      entries: this.writtenSeq - this.firstSeq,
      damaged: this.#missing,
      syncs: this.#syncs,
      writes: this.#writes,
    };
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#withdrawExit();
    try {
      this.flushSync();
      // Even if the disk refuses more: what it took is made durable.
      if (this.failure === undefined) await this.#sync();
    } finally {
      this.#failure.lost(this.nextSeq - this.writtenSeq);
      this.#closed = new StoreFailedError(
        `The log in "${this.label}" is closed: open it again to write to it`,
      );
      this.#commit.stop(this.#closed);
      await this.#giveBack();
    }
  }
}
