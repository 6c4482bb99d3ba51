import type { Clock } from "../clock.ts";
import { messageOf, StoreFailedError } from "../errors.ts";
import type { LatencyStats } from "../metrics/histogram.ts";
import type { FileStore, InputMark, LogNotice, StoreFile } from "../storage/store.ts";
import { Compaction } from "./compaction.ts";
import type { Fence } from "./fence.ts";
import { type Carried, isOutOfRoom } from "./graft.ts";
import { Grafting } from "./grafting.ts";
import type { RecoveredLog } from "./recovery.ts";
import type { Refusal } from "../storage/refusal.ts";
import { Retention } from "./retention.ts";
import { SafeSync } from "./safe_sync.ts";
import { type NewSegment, randomHex32, type Segment } from "./segment.ts";
import type { WalSettings } from "./settings.ts";
import { cutToEnd, linesFrom, type Site, siteAt, syncFrom } from "./site.ts";
import type { StagedFrame } from "./staging.ts";
import { SyncChain } from "./sync_chain.ts";
import { SegmentWriter } from "./writer.ts";

/** What going on in segments asks of the log. */
export interface SuccessionHost {
  readonly store: FileStore;
  readonly fence: Fence;
  readonly refusal: Refusal;
  /** A frame goes out: its header is written now. */
  seal(frame: StagedFrame): void;
  /** A frame is written. */
  wrote(frame: StagedFrame): void;
  /** Records below this one are written. */
  writtenSeq(): number;
  /** Records below `seq` are synced. */
  synced(seq: number): void;
  /** The places of all inputs, for the next segment's first line. */
  inputs(): readonly InputMark[];
  /** Why nothing is taken any more; undefined while the log works. */
  stopped(): Error | undefined;
  /** Throws if the log is closed, or the store is not ours any more. */
  assertOurs(): void;
  /** Whether the log is being closed: nothing is begun any more. */
  isClosing(): boolean;
  /** The log stops for good; answers with what it says from now on. */
  failed(error: unknown): Error;
  /** Something happened that people should know of. */
  tell(notice: LogNotice): void;
}

/**
 * The segments of a log, one after another: it goes on in a new one when one is full, when a sync has
 * failed and when records are cut off; short ones are joined, and old ones go.
 */
export class Succession {
  /** Names the log for ever. */
  readonly logId: string;
  /** The log and this opening of it. */
  readonly run: string;
  /** The segments, and which of them may go. */
  readonly retention: Retention;
  /** Writes the current segment. */
  readonly writer: SegmentWriter;
  /** Makes good what a sync has failed at. */
  readonly safeSync: SafeSync;
  readonly #host: SuccessionHost;
  readonly #settings: WalSettings;
  readonly #clock: Clock;
  readonly #epoch: number;
  #turn = 0;
  readonly #syncs: SyncChain;
  readonly #grafting: Grafting;
  readonly #compaction: Compaction;

  /** @param found What earlier openings have left */
  constructor(host: SuccessionHost, settings: WalSettings, found: RecoveredLog, clock: Clock) {
    const { store, fence } = host;
    this.logId = found.log ?? randomHex32() + randomHex32();
    this.run = `${this.logId}.${found.epoch}`;
    this.#host = host;
    this.#settings = settings;
    this.#clock = clock;
    this.#epoch = found.epoch;
    const isClosing = (): boolean => host.isClosing();
    const writtenSeq = (): number => host.writtenSeq();
    const tell = (notice: LogNotice): void => host.tell(notice);
    const retention = this.retention = new Retention(store, found.segments, settings, clock, tell);
    const writer = this.writer = this.#makeWriter();
    this.#syncs = this.#makeSyncChain();
    const grafting = this.#grafting = this.#makeGrafting();
    this.safeSync = new SafeSync(
      { store, writer, retention, grafting, fence, writtenSeq, isClosing, tell },
      settings.atOnce && settings.sync === "always",
    );
    this.#compaction = new Compaction({
      store,
      retention,
      writer,
      isClosing,
      ready: () => grafting.settled.then(() => host.assertOurs()),
      exclusively: (work) => this.#syncs.exclusively(work),
      removeFiles: () => this.removeFiles(),
    }, settings.segmentBytes);
  }

  #makeWriter(): SegmentWriter {
    const host = this.#host;
    return new SegmentWriter(
      host.store,
      {
        seal: (frame) => host.seal(frame),
        wrote: (frame) => host.wrote(frame),
        rotated: (segment) => this.#rotated(segment),
        inputs: () => host.inputs(),
        fence: () => host.fence.assert(),
        abandoned: (name) => this.#abandoned(name),
        now: () => this.#clock.now(),
      },
      this.#settings.segmentBytes,
      this.#settings.sync !== "never",
    );
  }

  #makeSyncChain(): SyncChain {
    const host = this.#host;
    return new SyncChain({
      writtenSeq: () => host.writtenSeq(),
      isDue: () => this.safeSync.isDue,
      refusal: () => host.stopped(),
      sync: () => this.safeSync.run(),
      synced: (seq) => host.synced(seq),
      failed: (error) => host.failed(error),
    }, this.#clock);
  }

  #makeGrafting(): Grafting {
    const host = this.#host;
    return new Grafting({
      store: host.store,
      fence: () => host.fence.assert(),
      header: () => this.#header(),
      writtenSeq: () => host.writtenSeq(),
      grafted: (segment, file, endSeq) => this.#grafted(segment, file, endSeq),
      refused: (error) => host.refusal.met(error),
    }, this.#clock);
  }

  /**
   * Begins a segment of this opening. What is not proven to be durable goes into it anew: after a failed
   * sync, and after a kill, the system may show bytes that are not on the disk. A full disk does not keep
   * the log from being read: the segment is begun when there is room.
   */
  async begin(found: RecoveredLog): Promise<void> {
    const { store } = this.#host;
    const { segments, proven, obsolete, loose, nextSeq } = found;
    this.retention.discard(obsolete);
    const end = { index: segments.length - 1, offset: segments.at(-1)?.end ?? 0, seq: nextSeq };
    const copies = this.#settings.sync !== "never";
    if (!copies) await syncFrom(store, segments, proven.index);
    const place = copies ? proven : end;
    const graft = async (): Promise<void> => {
      await this.#grafting.once(siteAt(segments, place), linesFrom(store, segments, place));
      for (const segment of loose) await cutToEnd(store, segment);
    };
    try {
      await graft();
    } catch (error) {
      if (!isOutOfRoom(error)) throw this.#notBegun(error);
      this.#grafting.later(graft, error).catch((error) => this.#host.failed(error));
    }
  }

  #notBegun(error: unknown): StoreFailedError {
    if (error instanceof StoreFailedError) return error;
    return new StoreFailedError(
      `The log in "${this.#host.store.label}" cannot begin a new segment: ${messageOf(error)}; ` +
        `mend the disk, or use another folder`,
      { cause: error },
    );
  }

  #header(): Omit<NewSegment, keyof Site> {
    return {
      log: this.logId,
      epoch: this.#epoch,
      turn: this.#turn++,
      boot: this.#host.store.boot,
      created: new Date(this.#clock.now()).toISOString(),
      inputs: this.#host.inputs(),
    };
  }

  async #grafted(segment: Segment, file: StoreFile, endSeq: number): Promise<void> {
    this.retention.supersede(segment);
    this.writer.adopt(segment, file);
    this.#host.refusal.over();
    this.#host.synced(endSeq);
    await this.retention.removeFiles();
    const before = this.retention.segments.at(-2);
    if (before !== undefined) await cutToEnd(this.#host.store, before);
  }

  #rotated(segment: Segment): void {
    this.retention.add(segment);
    // So that an opening need not look further back than this; a failure is told by the log.
    if (this.#settings.sync === "never") this.sync().catch(() => {});
  }

  #abandoned(name: string): void {
    this.retention.discard([name]);
    // Before the next try leaves another one; `finish` waits for it.
    void this.retention.removeFiles();
  }

  /** Syncs everything written, whatever the policy. */
  sync(): Promise<void> {
    return this.#syncs.sync();
  }

  /** How long syncs take. */
  get syncLatency(): LatencyStats {
    return this.#syncs.latency.stats();
  }

  /**
   * Does `work` once nothing is moving and all that is written is durable, whatever the policy; nothing
   * is synced, and no segment takes the place of others, until it is done.
   */
  async exclusively(work: () => Promise<void>): Promise<void> {
    await this.#grafting.settled;
    await this.#syncs.exclusively(work);
  }

  /** Goes on in a segment that takes the place of what stands behind a site; waits for room on the disk. */
  goOnFrom(site: Site, carried: Carried): Promise<void> {
    return this.#grafting.orWait(() => this.#grafting.once(site, carried));
  }

  /** Whether the current segment holds something, and nothing waits for it. */
  get canBeginAnew(): boolean {
    const { ready, waiting } = this.writer;
    return ready && !waiting && this.#host.writtenSeq() > this.writer.segment.header.first;
  }

  /** Finishes the current segment early. */
  beginAnew(): void {
    try {
      this.writer.rotate(this.#host.writtenSeq());
    } catch (error) {
      this.#host.refusal.met(error);
    }
  }

  /** Joins what many short runs have left; one run at a time. */
  compact(firstSeq: number): Promise<void> {
    return this.#compaction.run(firstSeq);
  }

  /** Removes the files of segments that are no part of the log any more. */
  async removeFiles(): Promise<void> {
    if (!this.retention.hasDoomed) return;
    try {
      this.#host.assertOurs();
      // A power cut must not find the old segments gone and the new one not there yet.
      if (this.writer.dirty) await this.sync();
      await this.retention.removeFiles();
    } catch {
      // The log is closed, or has failed, which was told; its files stay.
    }
  }

  /** No more segments are begun; resolves when none is being begun. */
  async stop(): Promise<void> {
    this.#grafting.stop();
    await this.#grafting.settled;
  }

  /** Finishes the current segment, and waits for all that is under way. */
  async finish(): Promise<void> {
    await this.writer.finish();
    await this.#compaction.settled;
    await this.retention.settled;
  }
}
