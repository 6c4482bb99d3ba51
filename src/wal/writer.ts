import type { FileStore, InputMark, StoreFile } from "../storage/store.ts";
import { createSegment, type Segment, type SegmentHeader } from "./segment.ts";
import type { StagedFrame } from "./staging.ts";
import { writeSomeSync } from "./whole.ts";

/** At most this much in one write(2), so that the event loop is never held for long. */
const MAX_WRITE_BYTES = 256 * 1024;

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
  readonly #syncs: boolean;
  readonly #identity: { readonly log: string; readonly epoch: number };
  readonly #queue: StagedFrame[] = [];
  #run: Run | undefined;
  #file: StoreFile;
  /** Files of finished segments that are not synced yet, oldest first. */
  readonly #unsynced: StoreFile[] = [];
  #writing = false;
  #dirty = true;
  #folderDirty = true;
  /** The segment being written. */
  segment: Segment;
  /** write(2) calls. */
  writes = 0;

  constructor(
    store: FileStore,
    host: WriterHost,
    segmentBytes: number,
    syncs: boolean,
    first: Pick<SegmentHeader, "log" | "epoch" | "first" | "prev">,
  ) {
    this.#store = store;
    this.#host = host;
    this.#segmentBytes = segmentBytes;
    this.#syncs = syncs;
    this.#identity = { log: first.log, epoch: first.epoch };
    const { segment, file } = this.#create(first.first, first.prev);
    this.segment = segment;
    this.#file = file;
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
    if (this.#writing) return false;
    this.#writing = true;
    try {
      for (;;) {
        this.#run ??= this.#nextRun();
        if (this.#run === undefined) return true;
        this.#writeRun(this.#run);
        this.#run = undefined;
      }
    } finally {
      this.#writing = false;
    }
  }

  #writeRun(run: Run): void {
    while (run.at < run.end) {
      this.writes++;
      this.#dirty = true;
      run.at += writeSomeSync(this.#file, run.slab.subarray(run.at, run.end));
      while (run.frames.length > 0 && run.frames[0]!.end <= run.at) {
        const frame = run.frames.shift()!;
        this.segment.end += frame.end - frame.start;
        this.#host.wrote(frame);
      }
    }
  }

  #nextRun(): Run | undefined {
    const first = this.#queue[0];
    if (first === undefined) return undefined;
    if (this.#overflows(first.end - first.start)) this.rotate(first.chunk.firstSeq);
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

  #overflows(bytes: number): boolean {
    const { end, header } = this.segment;
    return end > header.head && end + bytes > this.#segmentBytes;
  }

  /** Begins a new segment with the record `first`; no frame may be half written. */
  rotate(first: number): void {
    const prev = { salt: this.segment.header.salt, end: this.segment.end };
    const { segment, file } = this.#create(first, prev);
    // Without syncs nobody comes back for a finished segment.
    if (this.#syncs) this.#unsynced.push(this.#file);
    else this.#file.close();
    this.#file = file;
    this.segment = segment;
    this.#folderDirty = true;
    this.#host.rotated(segment);
  }

  #create(first: number, prev: SegmentHeader["prev"]): { segment: Segment; file: StoreFile } {
    return createSegment(this.#store, {
      ...this.#identity,
      first,
      prev,
      created: new Date(this.#host.now()).toISOString(),
      inputs: this.#host.inputs(),
    });
  }

  /** Makes all that is written durable: finished segments first, then the current one, then names. */
  async sync(): Promise<void> {
    // What is finished from now on stays for the next sync: `current` may be among it.
    const finished = this.#unsynced.length;
    const current = this.#file;
    this.#dirty = false;
    for (let i = 0; i < finished; i++) {
      await this.#unsynced[0]!.sync();
      this.#unsynced.shift()!.close();
    }
    await current.sync();
    if (!this.#folderDirty) return;
    this.#folderDirty = false;
    await this.#store.syncFolder();
  }

  /** Gives the descriptors back. */
  close(): void {
    for (const file of this.#unsynced) file.close();
    this.#file.close();
  }
}
