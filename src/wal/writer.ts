import type { FileStore, InputMark, StoreFile } from "../storage/store.ts";
import { HeldFrames } from "./held_frames.ts";
import { createSegment, type Segment } from "./segment.ts";
import type { StagedFrame } from "./staging.ts";
import { writeSomeSync } from "./whole.ts";

/** At most this much in one write(2), so that the event loop is never held for long. */
const MAX_WRITE_BYTES = 256 * 1024;
/** So much is reserved at a time. */
const RESERVE_BYTES = 1024 * 1024;
/** Syncs of more than this go without. */
const RESERVE_MAX_SYNC_BYTES = 128 * 1024;

/** Where everything before is durable. */
export interface DurableEnd {
  /** The segment. */
  readonly segment: Segment;
  /** The byte in it. */
  readonly end: number;
}

/** Frames of one slab that go out in one write(2). */
interface Run {
  readonly slab: Uint8Array;
  readonly frames: StagedFrame[];
  /** First byte that is not written yet. */
  at: number;
  readonly end: number;
}

/** What the writer asks of the log. */
export interface WriterHost {
  /** Writes the header of a frame that is about to go out. */
  seal(frame: StagedFrame): void;
  /** A frame is written: readers may see it. */
  wrote(frame: StagedFrame): void;
  /** A segment is finished and a new one takes its place. */
  rotated(segment: Segment): void;
  /** The places of all inputs, for the next segment's first line. */
  inputs(): readonly InputMark[];
  /** Throws if the store is not ours any more. */
  fence(): void;
  /** A file was begun and could not be written: it is to be removed. */
  abandoned(name: string): void;
  /** Milliseconds since 1970, to stamp segments with. */
  now(): number;
}

/**
 * Puts frames into the current segment, one write(2) after another, never two at once: a synchronous
 * write issued behind an unfinished asynchronous one was seen to overtake it on all three runtimes.
 */
export class SegmentWriter {
  readonly #store: FileStore;
  readonly #host: WriterHost;
  readonly #segmentBytes: number;
  readonly #holds: boolean;
  readonly #queue: StagedFrame[] = [];
  readonly #held = new HeldFrames();
  #run: Run | undefined;
  #file: StoreFile | undefined;
  /** Files of finished segments that are not synced yet, oldest first. */
  readonly #unsynced: StoreFile[] = [];
  /** Files that a sync has in hand, which closes them if they were given up meanwhile. */
  #syncing: readonly StoreFile[] = [];
  /** Whether a write is under way, which tells of lines as it goes. */
  isWriting = false;
  #dirty = false;
  #folderDirty = false;
  /** Bytes of the current segment that are reserved, used or not. */
  #reservedTo = 0;
  /** Bytes written since the last sync began. */
  #unsyncedBytes = 0;
  #segment: Segment | undefined;
  #durable: DurableEnd | undefined;
  /** write(2) calls. */
  writes = 0;

  constructor(store: FileStore, host: WriterHost, segmentBytes: number, holds: boolean) {
    this.#store = store;
    this.#host = host;
    this.#segmentBytes = segmentBytes;
    this.#holds = holds;
  }

  /** The segment being written. */
  get segment(): Segment {
    if (this.#segment === undefined) throw new Error("No segment was begun");
    return this.#segment;
  }

  /** Whether there is a segment to write to. */
  get ready(): boolean {
    return this.#file !== undefined;
  }

  /** Where everything before is durable. */
  get durable(): DurableEnd {
    return this.#durable!;
  }

  /** What was written behind `durable`; undefined if it was too much to be held in memory. */
  get held(): readonly StagedFrame[] | undefined {
    return this.#holds ? this.#held.frames : undefined;
  }

  /** Goes on with a segment that is durable as it is, in place of those written before. */
  adopt(segment: Segment, file: StoreFile): void {
    this.close();
    // What was half written goes into the new segment from its beginning.
    this.#queue.unshift(...this.#run?.frames ?? []);
    this.#run = undefined;
    this.#segment = segment;
    this.#file = file;
    this.#reservedTo = 0;
    this.#durable = { segment, end: segment.end };
    this.#held.clear();
    this.#dirty = this.#folderDirty = false;
  }

  /** Whether something is written that is not synced. */
  get dirty(): boolean {
    return this.#dirty;
  }

  /** Whether frames wait to be written. */
  get waiting(): boolean {
    return this.#run !== undefined || this.#queue.length > 0;
  }

  /** Bytes that wait to be written. */
  get waitingBytes(): number {
    let bytes = this.#run === undefined ? 0 : this.#run.end - this.#run.at;
    for (const frame of this.#queue) bytes += frame.end - frame.start;
    return bytes;
  }

  /**
   * Writes all of these frames and those left from before, at once. When the disk refuses it throws, and
   * the next call goes on at the very byte where this one stopped. Called from within itself, by who is
   * told of written lines, it leaves its frames to the outer call, so that all are told in order.
   *
   * @returns Whether all is written
   */
  writeSync(frames: readonly StagedFrame[]): boolean {
    for (const frame of frames) this.#queue.push(frame);
    if (this.isWriting || !this.ready) return false;
    this.isWriting = true;
    try {
      for (;;) {
        this.#run ??= this.#nextRun();
        if (this.#run === undefined) return true;
        this.#writeRun(this.#run);
        this.#run = undefined;
      }
    } finally {
      this.isWriting = false;
    }
  }

  #writeRun(run: Run): void {
    this.#reserve(run.end - run.at);
    while (run.at < run.end) {
      this.writes++;
      this.#dirty = true;
      const taken = writeSomeSync(this.#file!, run.slab.subarray(run.at, run.end));
      run.at += taken;
      this.#unsyncedBytes += taken;
      while (run.frames.length > 0 && run.frames[0]!.end <= run.at) {
        const frame = run.frames.shift()!;
        this.segment.end += frame.end - frame.start;
        if (this.#holds) this.#held.push(frame);
        this.#host.wrote(frame);
      }
    }
  }

  /**
   * Fills a part of the file with zeros ahead of small syncs: one that need not make a change of size
   * durable takes half the time. Large ones gain nothing by it, and would write everything twice.
   */
  #reserve(bytes: number): void {
    const { end } = this.segment;
    const isLarge = this.#unsyncedBytes + bytes > RESERVE_MAX_SYNC_BYTES;
    if (!this.#holds || isLarge || end + bytes <= this.#reservedTo) return;
    const room = Math.min(RESERVE_BYTES, this.#segmentBytes - end);
    if (room < bytes) return;
    // Not tried again before this would be used up.
    this.#reservedTo = end + room;
    try {
      this.#file!.reserveSync?.(room);
    } catch {
      // A disk that has no room for zeros may have room for what is to be written.
    }
  }

  #nextRun(): Run | undefined {
    const first = this.#queue[0];
    if (first === undefined) return undefined;
    const { count: records, firstSeq } = first.chunk;
    // One that holds no record is not followed by another: both would begin with the same number.
    const mayRotate = records > 0 && firstSeq > this.segment.header.first;
    if (mayRotate && this.#overflows(first.end - first.start)) this.rotate(firstSeq);
    let count = 0;
    let end = first.start;
    for (const frame of this.#queue) {
      const joins = frame.slab === first.slab && frame.start === end;
      if (!joins || (count > 0 && !this.#fits(frame.end - first.start))) break;
      this.#host.seal(frame);
      end = frame.end;
      count++;
    }
    return { slab: first.slab, frames: this.#queue.splice(0, count), at: first.start, end };
  }

  #fits(bytes: number): boolean {
    return bytes <= MAX_WRITE_BYTES && !this.#overflows(bytes);
  }

  /** Forgets what waits to be written. */
  forgetWaiting(): void {
    this.#queue.length = 0;
    this.#run = undefined;
  }

  /** Forgets the records from `seq` on: they are not written anew after a failed sync. */
  forget(seq: number): void {
    this.#held.forgetFrom(seq);
  }

  /**
   * Takes back what waits to be written, and the part of it that stands in the file, at once.
   *
   * @throws {Error} If the disk does not let go of that part; nothing may be written then
   */
  takeBack(): void {
    this.forgetWaiting();
    const file = this.#file;
    if (file !== undefined && file.size > this.segment.end) file.truncateSync!(this.segment.end);
  }

  #overflows(bytes: number): boolean {
    const { end, header } = this.segment;
    return end > header.head && end + bytes > this.#segmentBytes;
  }

  /** Begins a new segment with the record `first`; no frame may be half written. */
  rotate(first: number): void {
    const { header, end } = this.segment;
    this.#host.fence();
    const { segment, file } = createSegment(this.#store, {
      log: header.log,
      epoch: header.epoch,
      turn: header.turn,
      boot: header.boot,
      first,
      prev: { salt: header.salt, end },
      created: new Date(this.#host.now()).toISOString(),
      inputs: this.#host.inputs(),
    }, (name) => this.#host.abandoned(name));
    this.#unsynced.push(this.#file!);
    this.#file = file;
    this.#segment = segment;
    this.#reservedTo = 0;
    this.#dirty = this.#folderDirty = true;
    this.#host.rotated(segment);
  }

  /** Makes all that is written durable: finished segments first, then the current one, then names. */
  async sync(): Promise<void> {
    // What is finished from now on is left to the next sync: `current` may be among it.
    const finished = this.#unsynced.splice(0);
    const current = this.#file!;
    const end = { segment: this.segment, end: this.segment.end };
    const held = this.#held.mark();
    this.#dirty = false;
    this.#unsyncedBytes = 0;
    this.#syncing = [...finished, current];
    try {
      for (const file of finished) {
        await file.sync();
        await giveBackRoom(file);
      }
      await current.sync();
      if (this.#folderDirty) {
        this.#folderDirty = false;
        await this.#store.syncFolder();
      }
      if (!this.#writes(current)) return;
      this.#durable = end;
      this.#held.release(held);
    } finally {
      this.#syncing = [];
      for (const file of finished) file.close();
      if (!this.#writes(current)) current.close();
    }
  }

  /** As `sync`, at once; never while one is under way. If it throws, no later sync counts. */
  syncSync(): void {
    const finished = this.#unsynced.splice(0);
    try {
      for (const file of finished) {
        file.syncSync!();
        giveBackRoomSync(file);
      }
      this.#file!.syncSync!();
      if (this.#folderDirty) this.#store.syncFolderSync!();
    } finally {
      for (const file of finished) file.close();
    }
    this.#dirty = this.#folderDirty = false;
    this.#unsyncedBytes = 0;
    this.#durable = { segment: this.segment, end: this.segment.end };
    this.#held.release(this.#held.mark());
  }

  /** Whether a file is still ours to write or to sync. */
  #writes(file: StoreFile): boolean {
    return file === this.#file || this.#unsynced.includes(file);
  }

  /** Ends the current segment for good: a finished segment is lines only. */
  async finish(): Promise<void> {
    if (this.#file !== undefined) await giveBackRoom(this.#file);
  }

  /** Gives the descriptors back; nothing is written before another segment is adopted. */
  close(): void {
    const files = [...this.#unsynced.splice(0), this.#file];
    this.#file = undefined;
    // A descriptor that is given back under a sync may be another file's by the time it is synced.
    for (const file of files) if (!this.#syncing.some((one) => one === file)) file?.close();
  }
}

/** As `giveBackRoom`, at once. */
function giveBackRoomSync(file: StoreFile): void {
  try {
    file.truncateSync!(file.size);
  } catch {
    // The next start does it.
  }
}

/** Cuts off what was reserved and not used; if that fails, the next start does it. */
async function giveBackRoom(file: StoreFile): Promise<void> {
  try {
    await file.truncate(file.size);
  } catch {
    // It may even be gone: a log at its limit removes what was just finished.
  }
}
