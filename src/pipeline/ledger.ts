import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Lane } from "../delivery/lane.ts";
import { pause } from "../delivery/pause.ts";
import type { BatchSource } from "../sink/sink.ts";
import type { CursorRow, LogStore } from "../storage/store.ts";
import { OrphanRows } from "./ledger_rows.ts";

/** Cursors are stored at most this often ... */
const SAVE_EVERY_MS = 100;
/** Cursors survive a power cut after this long: a sink keeps what a synced checkpoint may lead back to. */
const SYNC_EVERY_MS = 60_000;
/** How long a sink may take to sync before the log goes on without it. */
const SYNC_TIMEOUT_MS = 5_000;
/** ... or after this much was delivered. */
const SAVE_EVERY_BYTES = 4 * 1024 * 1024;

/** What the ledger needs of the pipeline around it. */
export interface LedgerHost {
  readonly log: LogStore;
  readonly clock: Clock;
  readonly lanes: () => readonly Lane[];
  readonly onLimit: "drop" | "block";
  /** Segments went: the log may take records again. */
  trimmed(): void;
  /** Records were taken from lanes at the log's limit, or a cursor could not be stored. */
  tell(kind: "limit" | "write-failed" | "orphan-cursor", message: string, lane?: string): void;
}

/**
 * Keeps the lanes' cursors: stores them together every now and then, and frees the log behind them. The
 * order is delivered, sink synced, cursors synced, segment removed; a crash between any two of them only
 * repeats.
 */
export class Ledger {
  readonly #host: LedgerHost;
  #unsavedBytes = 0;
  #cancelTimer: (() => void) | undefined;
  #trimming: Promise<void> | undefined;
  #toldLimit = false;
  #isStopped = false;
  /** Lanes whose sinks took too long to sync, and are still at it. */
  readonly #late = new WeakSet<Lane>();
  #syncedAtMs: number;
  /** The number of the first record of this opening. */
  readonly #openedAt: number;
  readonly #orphans: OrphanRows;
  /** Places of lanes that are being opened. */
  readonly #pins = new Set<{ readonly seq: number }>();

  constructor(host: LedgerHost) {
    this.#host = host;
    this.#openedAt = host.log.nextSeq;
    this.#syncedAtMs = host.clock.monotonic();
    this.#orphans = new OrphanRows(host.log, host.clock);
  }

  /** Keeps what the log holds from `seq` on, until the answer is called. */
  pin(seq: number): () => void {
    const pin = { seq };
    this.#pins.add(pin);
    return () => this.#pins.delete(pin);
  }

  /** The place of this name belongs to a lane again. */
  adopted(lane: string): void {
    this.#orphans.delete(lane);
  }

  /** A lane is gone: its place is kept for a while. */
  orphaned(row: CursorRow): void {
    this.#orphans.put(row);
  }

  /** The place of this name is given up. */
  forget(lane: string): void {
    this.#orphans.delete(lane);
  }

  /** Tells of places that no sink asks for, and gives those up that are too old. */
  tellOrphans(): void {
    this.#expire();
    for (const { lane } of this.#orphans.all) {
      const message = `The log holds a cursor of sink "${lane}", which is not configured: ` +
        `it is kept for when that sink comes back`;
      this.#host.tell("orphan-cursor", message, lane);
    }
  }

  #expire(): void {
    for (const { lane } of this.#orphans.expire()) {
      const message =
        `The cursor of sink "${lane}" is given up: for seven days no such sink came back`;
      this.#host.tell("orphan-cursor", message, lane);
    }
  }

  /** How the batches of a lane are named. */
  sourceOf(lane: string): BatchSource {
    const { logId, run } = this.#host.log;
    return { logId, lane, run, runFirstSeq: this.#openedAt };
  }

  /** A lane settled records. */
  settled(bytes: number): void {
    this.#unsavedBytes += bytes;
    this.#host.log.release?.(this.#settledByLanes);
    if (this.#unsavedBytes >= SAVE_EVERY_BYTES) return this.#tick();
    this.#saveSoon();
  }

  #saveSoon(): void {
    if (this.#isStopped) return;
    this.#cancelTimer ??= this.#host.clock.setTimer(() => this.#tick(), SAVE_EVERY_MS);
  }

  #tick(): void {
    this.save();
    void this.trim();
    if (this.#host.clock.monotonic() - this.#syncedAtMs >= SYNC_EVERY_MS) this.#syncSoon();
  }

  /** Syncs, unless a trim that does it is under way. */
  #syncSoon(): void {
    this.#trimming ??= this.sync()
      .catch((error) =>
        this.#host.tell("write-failed", `Cannot sync the cursors: ${messageOf(error)}`)
      )
      .finally(() => this.#trimming = undefined);
  }

  /** Stores the cursors, at once. */
  save(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#unsavedBytes = 0;
    try {
      this.#store(this.#host.lanes().map((lane) => lane.row));
    } catch (error) {
      this.#host.tell(
        "write-failed",
        `Cannot store the cursors: ${messageOf(error)}; after a crash records may be sent again`,
      );
    }
  }

  /** Stores these rows, and those of sinks that are not open: they may come back. */
  #store(rows: readonly CursorRow[]): void {
    this.#expire();
    const names = new Set(rows.map((row) => row.lane));
    const others = this.#orphans.all.filter((row) => !names.has(row.lane));
    this.#host.log.saveCursorsSync([...rows, ...others]);
  }

  /** Every record below this one is settled in every lane that is open. */
  get #settledByLanes(): number {
    const places = this.#host.lanes().map((lane) => lane.nextSeq);
    for (const { seq } of this.#pins) places.push(seq);
    return Math.min(this.#host.log.writtenSeq, ...places);
  }

  /** Every record below this one is owed to nobody. */
  get #settledSeq(): number {
    return Math.min(this.#settledByLanes, this.#orphans.nextSeq);
  }

  /** Removes what all lanes have settled; one run at a time. */
  trim(seq: number = this.#settledSeq): Promise<void> {
    if (!this.#host.log.canTrim(seq)) return Promise.resolve();
    return this.#trimming ??= this.#trimTo(seq)
      .catch((error) => this.#host.tell("write-failed", `Cannot trim the log: ${messageOf(error)}`))
      .finally(() => this.#trimming = undefined);
  }

  async #trimTo(seq: number): Promise<void> {
    const { log } = this.#host;
    await this.sync();
    await log.trim(seq);
    this.settled(0);
    this.#host.trimmed();
  }

  /**
   * Makes deliveries, then the cursors that tell of them, survive a power cut. The rows are taken first,
   * so that they tell of nothing that a sink delivers while it syncs; a sink that cannot sync, or takes
   * too long, keeps the row that it had.
   */
  async sync(): Promise<void> {
    const { lanes, clock } = this.#host;
    this.#syncedAtMs = clock.monotonic();
    // Whoever opens, adds, removes or replays waits for this.
    const release = clock.hold();
    try {
      await this.#storeSynced(await Promise.all(lanes().map((lane) => this.#synced(lane))));
    } finally {
      release();
    }
  }

  /** A lane's row after its sink has synced what the row tells of. */
  async #synced(lane: Lane): Promise<CursorRow> {
    const { clock, log, tell } = this.#host;
    const { row } = lane;
    const stored = (): CursorRow => log.cursors().find((one) => one.lane === row.lane) ?? row;
    // Whoever syncs often, as a replay does after each letter, waits for such a sink only once.
    if (this.#late.has(lane)) return stored();
    const isDone = new AbortController();
    const late = pause(SYNC_TIMEOUT_MS, clock, isDone.signal).then(() => {
      if (isDone.signal.aborted) return;
      this.#late.add(lane);
      throw new Error(`it took longer than ${SYNC_TIMEOUT_MS} ms`);
    });
    const syncing = lane.sync();
    const over = (): void => void this.#late.delete(lane);
    syncing.then(over, over);
    try {
      await Promise.race([syncing, late]);
      return row;
    } catch (error) {
      tell("write-failed", `Sink "${lane.name}" cannot sync: ${messageOf(error)}`);
      return stored();
    } finally {
      isDone.abort();
    }
  }

  async #storeSynced(rows: readonly CursorRow[]): Promise<void> {
    const { lanes, log } = this.#host;
    // A lane that was removed meanwhile has its last row among the orphans.
    const open = new Set(lanes().map(({ name }) => name));
    this.#store(rows.filter((row) => open.has(row.lane)));
    // What was delivered during the sync may have been stored already, and is not any more.
    const places = new Map(rows.map((row) => [row.lane, row.nextSeq]));
    if (lanes().some(({ name, nextSeq }) => nextSeq !== places.get(name))) this.#saveSoon();
    await log.syncCursors();
  }

  /**
   * The log is full. Frees what is settled, else takes the oldest segment from the lanes that need it.
   * In memory that happens at once; on a disk soon, and `trimmed` tells.
   */
  relieve(): boolean {
    const { log, onLimit } = this.#host;
    let to = this.#settledSeq;
    if (!log.canTrim(to)) {
      const byLanes = this.#settledByLanes;
      // A sink that is not there never keeps those that are from their records.
      if (log.canTrim(byLanes)) to = Math.min(byLanes, log.evictTo);
      else if (onLimit === "block") return false;
      else {
        to = log.evictTo;
        this.#giveUp(to);
      }
    }
    if (log.acknowledges !== "memory") void this.trim(to);
    else void log.trim(to);
    return !log.full;
  }

  #giveUp(to: number): void {
    const behind = this.#host.lanes().filter((lane) => lane.nextSeq < to);
    for (const lane of behind) lane.skipTo(to, "wal_limit");
    if (this.#toldLimit || behind.length === 0) return;
    this.#toldLimit = true;
    const names = behind.map((lane) => `"${lane.name}"`).join(", ");
    this.#host.tell(
      "limit",
      `The log is full: the oldest records are dropped for ${names} until it catches up`,
    );
  }

  /** Ends the timer. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }
}
