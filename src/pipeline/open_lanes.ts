import type { Clock } from "../clock.ts";
import type { BreakerStateChange } from "../delivery/circuit_breaker_contract.ts";
import type { BreakerRegistry } from "../delivery/circuit_breaker_registry.ts";
import type { DeadLetters } from "../delivery/dead_letter_face.ts";
import { Lane } from "../delivery/lane.ts";
import type { LaneEvent, LaneSettings } from "../delivery/lane_settings.ts";
import type { LaneWorkers } from "../delivery/lane_workers.ts";
import type { SinkLike } from "../sink/sink.ts";
import type { CursorRow, LogStore } from "../storage/store.ts";
import {
  type LaneOptions,
  laneSettings,
  type LaneStart,
  type NamedLane,
  startOf,
} from "./lane_options.ts";
import type { AddLaneOptions, Lanes, RemoveLaneOptions } from "./lanes.ts";
import type { Ledger } from "./ledger.ts";
import { withinLog } from "./ledger_rows.ts";
import type { PipelineEvent } from "./options.ts";
import type { LaneStats } from "./stats.ts";

/** How long a sink gets to notice its signal. */
export const CLOSE_GRACE_MS = 1_000;

/** What the lanes need of the pipeline around them. */
export interface LanesHost {
  readonly log: LogStore;
  readonly ledger: Ledger;
  readonly breakers: BreakerRegistry;
  readonly workers: LaneWorkers;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether the log is on a disk. */
  readonly isDurable: boolean;
  readonly buffered: () => { readonly evicted: number; readonly waiting: number };
  /** How long ago the record of this number was accepted. */
  readonly ageMs: (seq: number) => number;
  /** Gives numbers to what waits in the buffer. */
  pump(): void;
  /** A lane settled records of so many bytes. */
  settled(lane: Lane, bytes: number): void;
  /** A lane is held, or goes on, or has ended: whoever waits for it may look again. */
  changed(): void;
  /** A lane is gone. */
  removed(lane: Lane): void;
  readonly tell: (event: PipelineEvent) => void;
}

/** Opens lanes at their places, and takes them out again. */
export class PipelineLanes implements Lanes {
  /** The lanes that are open. Always the same list. */
  readonly all: Lane[] = [];
  readonly #host: LanesHost;
  /** Names that are being added or removed. */
  readonly #busy = new Set<string>();
  #isClosed = false;

  constructor(host: LanesHost) {
    this.#host = host;
  }

  async add(
    name: string,
    sink: SinkLike | LaneOptions,
    options: AddLaneOptions = {},
  ): Promise<void> {
    // Somebody waits, and what is waited for may be a timer.
    const release = this.#host.clock.hold();
    try {
      await this.#add(name, sink, options);
    } finally {
      release();
    }
  }

  async #add(
    name: string,
    sink: SinkLike | LaneOptions,
    { from }: AddLaneOptions,
  ): Promise<void> {
    const named = laneSettings(name, sink, this.#host.isDurable);
    const start = startOf(name, from ?? named.from);
    this.#assertOpen(name);
    // Records accepted before the call are not the new lane's.
    this.#host.pump();
    const lane = await this.open({ ...named, from: start });
    if (this.#isClosed) {
      this.#takeOut(lane);
      await lane.close(CLOSE_GRACE_MS);
      this.#assertOpen(name);
    }
    await this.#host.ledger.sync();
    lane.wrote(0);
  }

  #assertOpen(name: string): void {
    if (!this.#isClosed) return;
    throw new Error(`Cannot add sink "${name}": the pipeline is closing; open a new one`);
  }

  /** Opens a lane at its place; it delivers nothing before it is woken. */
  async open({ settings, from }: NamedLane): Promise<Lane> {
    const { name } = settings;
    if (this.#busy.has(name) || this.#find(name) !== undefined) {
      throw new RangeError(
        `There is a sink "${name}" already: remove it first, or take another name`,
      );
    }
    const { ledger } = this.#host;
    const row = this.#rowOf(name, from);
    // What the lane owes stays in the log while its sink is opened.
    const unpin = ledger.pin(row.nextSeq);
    this.#busy.add(name);
    try {
      const lane = this.#laneOf(settings, row);
      await this.#openSink(lane);
      this.all.push(lane);
      ledger.adopted(name);
      return lane;
    } finally {
      this.#busy.delete(name);
      unpin();
    }
  }

  async #openSink(lane: Lane): Promise<void> {
    try {
      await lane.open();
    } catch (error) {
      lane.host.workers.quit();
      this.#host.breakers.remove(lane.name);
      throw error;
    }
  }

  #laneOf(settings: LaneSettings, row: CursorRow): Lane {
    const { log, ledger, deadLetters, workers, clock, random, buffered, ageMs } = this.#host;
    const { name } = settings;
    const breaker = this.#breakerOf(settings, (change) => lane.breakerChanged(change));
    const lane: Lane = new Lane(settings, {
      log,
      source: ledger.sourceOf(name),
      deadLetters,
      workers: workers.join(),
      breaker,
      clock,
      random,
      buffered,
      ageMs,
      settled: (bytes) => this.#host.settled(lane, bytes),
      held: () => this.#host.changed(),
      tell: (kind, message) => this.#tell(kind, message, name),
    }, row);
    return lane;
  }

  #tell(kind: LaneEvent, message: string, lane: string): void {
    this.#host.tell({ kind, message, lane });
    // Whoever waits for a drain learns that this lane settles nothing more.
    if (kind === "lane-stopped" || kind === "lane-ended") this.#host.changed();
  }

  #breakerOf(
    { name, breaker }: LaneSettings,
    changed: (change: BreakerStateChange) => void,
  ): ReturnType<BreakerRegistry["get"]> | undefined {
    if (breaker === undefined) return undefined;
    const { clock, random, breakers } = this.#host;
    return breakers.get(name, {
      clock,
      random,
      ...breaker,
      onStateChange: (change) => {
        changed(change);
        breaker.onStateChange?.(change);
      },
    });
  }

  /** Where a lane stands: where it was, within the log; a new one begins where it is told to. */
  #rowOf(name: string, from: LaneStart): CursorRow {
    const { log, tell } = this.#host;
    const stored = log.cursors().find((row) => row.lane === name);
    if (stored === undefined) return newRow(name, startIn(log, name, from));
    const { orphanedAt: _, ...row } = stored;
    const ahead = row.nextSeq - log.nextSeq;
    if (ahead <= 0) return row;
    const message =
      `The cursor of sink "${name}" is ${ahead} records ahead of the log, which lost ` +
      `its unsynced end: it goes on with the next record`;
    tell({ kind: "clamped", lane: name, message });
    return withinLog(row, log.nextSeq);
  }

  async remove(
    name: string,
    options: RemoveLaneOptions = {},
  ): Promise<LaneStats | undefined> {
    const release = this.#host.clock.hold();
    try {
      return await this.#remove(name, options);
    } finally {
      release();
    }
  }

  async #remove(
    name: string,
    { forget = false }: RemoveLaneOptions,
  ): Promise<LaneStats | undefined> {
    const { ledger } = this.#host;
    const lane = this.#find(name);
    if (lane === undefined && !this.#host.log.cursors().some((row) => row.lane === name)) {
      throw unknown(name);
    }
    const stats = lane === undefined ? undefined : await this.#close(lane);
    if (forget) ledger.forget(name);
    else if (lane !== undefined) ledger.orphaned(lane.row);
    this.#host.changed();
    if (!this.#isClosed) await ledger.sync();
    return stats;
  }

  async #close(lane: Lane): Promise<LaneStats> {
    const { name } = lane;
    if (this.#busy.has(name)) throw new RangeError(`Sink "${name}" is being removed already`);
    this.#busy.add(name);
    try {
      await lane.close(CLOSE_GRACE_MS);
      const stats = lane.stats();
      // In the same moment it leaves the lanes and becomes an orphan, so that its place is never lost.
      this.#takeOut(lane);
      return stats;
    } finally {
      this.#busy.delete(name);
    }
  }

  #takeOut(lane: Lane): void {
    this.all.splice(this.all.indexOf(lane), 1);
    this.#host.ledger.orphaned(lane.row);
    this.#host.breakers.remove(lane.name);
    this.#host.removed(lane);
  }

  pause(name: string): void {
    this.#known(name).pause();
  }

  resume(name: string): void {
    this.#known(name).resume();
  }

  get(name: string): LaneStats | undefined {
    return this.#find(name)?.stats();
  }

  list(): LaneStats[] {
    return this.all.map((lane) => lane.stats());
  }

  #find(name: string): Lane | undefined {
    return this.all.find((lane) => lane.name === name);
  }

  #known(name: string): Lane {
    const lane = this.#find(name);
    if (lane === undefined) throw unknown(name);
    return lane;
  }

  /** No lane is added any more. */
  refuse(): void {
    this.#isClosed = true;
  }

  /** Ends all lanes. */
  async close(): Promise<void> {
    await Promise.all(this.all.map((lane) => lane.close(CLOSE_GRACE_MS)));
    this.#host.workers.stop();
  }
}

function unknown(name: string): RangeError {
  return new RangeError(`There is no sink "${name}": use a name that lanes.list() tells`);
}

/** Where a lane begins that has no place yet. */
function startIn(log: LogStore, name: string, from: LaneStart): number {
  if (from === "now") return log.nextSeq;
  if (from === "start") return log.firstSeq;
  if (from > log.nextSeq) {
    throw new RangeError(
      `Cannot begin sink "${name}" at record ${from}: the log holds ${log.firstSeq} up to ` +
        `${log.nextSeq - 1}; begin there, at "start" or "now"`,
    );
  }
  return Math.max(from, log.firstSeq);
}

function newRow(lane: string, nextSeq: number): CursorRow {
  const zero = { delivered: 0, deadLettered: 0, dropped: {}, filtered: 0, redelivered: 0 };
  return { lane, since: nextSeq, nextSeq, ...zero };
}
