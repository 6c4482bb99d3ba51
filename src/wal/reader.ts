import { chunkFrom } from "../storage/chunk.ts";
import type { FileStore, LogChunk, LogRead, LogReader } from "../storage/store.ts";
import type { Window } from "../storage/window.ts";
import type { LostRecords } from "./damage.ts";
import { FrameScanner } from "./scan.ts";
import { seekFrame } from "./seek.ts";
import type { Segment } from "./segment.ts";

/** What a reader sees of the log it reads. */
export interface ReadableLog {
  /** The bytes. */
  readonly store: FileStore;
  /** The segments, oldest first; the last one is being written. */
  readonly segments: readonly Segment[];
  /** The newest lines, in memory. */
  readonly window: Window;
  /** The oldest record that is still there. */
  readonly firstSeq: number;
  /** Records below this one are written. */
  readonly writtenSeq: number;
  /** Tells of damage that a reader met; throws if that is to end the reading. */
  damaged(lost: LostRecords): void;
}

const END: LogRead = { kind: "end" };

/** A place in the log that moves forward: through memory where it can, through the segments else. */
export class WalReader implements LogReader {
  readonly #log: ReadableLog;
  nextSeq: number;
  #segment: Segment | undefined;
  #scanner: FrameScanner | undefined;
  #offset = 0;
  #busy = false;
  #sought: number | undefined;
  #closed = false;

  constructor(log: ReadableLog, fromSeq: number) {
    this.#log = log;
    this.nextSeq = fromSeq;
  }

  next(): LogRead | Promise<LogRead> {
    const log = this.#log;
    if (this.#closed || this.nextSeq >= log.writtenSeq) return END;
    if (this.nextSeq < log.firstSeq) return this.#gap(log.firstSeq, "trimmed");
    const chunk = log.window.find(this.nextSeq);
    if (chunk === undefined) return this.#fromSegments();
    this.#leaveSegment();
    return this.#give(chunk);
  }

  seek(seq: number): void {
    // A read that is under way ends where it began; what it gives comes from the new place.
    if (this.#busy) this.#sought = seq;
    else this.#moveTo(seq);
  }

  #moveTo(seq: number): void {
    if (seq !== this.nextSeq) this.#leaveSegment();
    this.nextSeq = seq;
  }

  close(): void {
    this.#closed = true;
    // A descriptor that is being read from is given back when the read ends.
    if (!this.#busy) this.#leaveSegment();
  }

  /** Gives a chunk that holds `nextSeq`. */
  #give(chunk: LogChunk): LogRead {
    const rest = chunkFrom(chunk, this.nextSeq)!;
    this.nextSeq = rest.firstSeq + rest.count;
    return { kind: "lines", chunk: rest };
  }

  #gap(until: number, reason: "damaged" | "trimmed"): LogRead {
    const gap = { firstSeq: this.nextSeq, count: until - this.nextSeq, reason };
    this.nextSeq = until;
    return { kind: "gap", gap };
  }

  /** A descriptor is held only while reading from disk. */
  #leaveSegment(): void {
    this.#scanner?.close();
    this.#scanner = undefined;
    this.#segment = undefined;
  }

  async #fromSegments(): Promise<LogRead> {
    this.#busy = true;
    let read: LogRead;
    try {
      read = await this.#findInSegments();
    } finally {
      this.#busy = false;
      if (this.#closed) this.#leaveSegment();
    }
    const seq = this.#sought;
    if (seq === undefined) return read;
    this.#sought = undefined;
    this.#moveTo(seq);
    return await this.next();
  }

  async #findInSegments(): Promise<LogRead> {
    for (;;) {
      if (this.#closed) return END;
      if (this.nextSeq < this.#log.firstSeq) return this.#gap(this.#log.firstSeq, "trimmed");
      const { segment, until } = this.#locate();
      if (segment !== this.#segment) {
        this.#leaveSegment();
        const opened = await this.#enter(segment);
        if (!opened) continue;
      }
      const found = await this.#scanner!.at(this.#offset, segment.end);
      if (found.kind === "frame" && found.frame.header.seq <= this.nextSeq) {
        this.#offset = found.frame.end;
        const { chunk } = found.frame;
        if (chunk.firstSeq + chunk.count > this.nextSeq) return this.#give(keep(chunk));
        continue;
      }
      const resume = await this.#resumeAt(found, segment, until);
      // Trimmed while it was being read: what is missing there is no damage.
      if (this.nextSeq < this.#log.firstSeq) continue;
      const seq = Math.min(resume.seq, until);
      // Damage among records that were not asked for is left to the reader that asks for them.
      if (seq > this.nextSeq) {
        const { name: file } = segment;
        const place = { file, offset: this.#offset, end: resume.offset };
        this.#log.damaged({ ...place, firstSeq: this.nextSeq, count: seq - this.nextSeq });
      }
      this.#offset = resume.offset;
      if (seq > this.nextSeq) return this.#gap(seq, "damaged");
    }
  }

  /** The segment that holds `nextSeq`, and the first record after that segment. */
  #locate(): { segment: Segment; until: number } {
    const { segments, writtenSeq } = this.#log;
    let i = segments.length - 1;
    while (i > 0 && segments[i]!.header.first > this.nextSeq) i--;
    return { segment: segments[i]!, until: segments[i + 1]?.header.first ?? writtenSeq };
  }

  /** False if the segment was trimmed away meanwhile. */
  async #enter(segment: Segment): Promise<boolean> {
    try {
      const file = await this.#log.store.openFile(segment.name, "read");
      this.#scanner = new FrameScanner(file, this.#log.store, segment.header.salt);
    } catch (error) {
      if (this.#log.segments.includes(segment)) throw error;
      return false;
    }
    this.#segment = segment;
    this.#offset = await seekFrame(this.#scanner, segment, this.nextSeq);
    return true;
  }

  /** Where valid records go on after something that is no frame: an offset and a sequence number. */
  async #resumeAt(
    found: Awaited<ReturnType<FrameScanner["at"]>>,
    segment: Segment,
    until: number,
  ): Promise<{ offset: number; seq: number }> {
    if (found.kind === "frame") return { offset: this.#offset, seq: found.frame.header.seq };
    const header = found.kind === "invalid" ? found.header : undefined;
    if (header !== undefined) {
      return { offset: this.#offset + header.head + header.len, seq: header.seq + header.n };
    }
    const next = await this.#scanner!.findFrame(this.#offset + 1, segment.end);
    return next === undefined
      ? { offset: segment.end, seq: until }
      : { offset: next.offset, seq: next.header.seq };
  }
}

/** A chunk of its own memory, which holds on to none of what was read with it. */
function keep(chunk: LogChunk): LogChunk {
  return { ...chunk, bytes: chunk.bytes.slice() };
}
