import { chunkFrom } from "../storage/chunk.ts";
import type { LogChunk } from "../storage/store.ts";
import { cutRecord } from "./cut_record.ts";
import {
  countLines,
  decode,
  endOfLines,
  LF,
  lineStart,
  offsetOfLast,
  offsetOfLine,
  type TailLines,
  tailLines,
} from "./lines.ts";
import { RawSpans } from "./raw_spans.ts";

/**
 * The newest lines, in one flat buffer of bounded size. A place in it is an absolute byte position that
 * only grows, so a reader's place stays right over a cut, or is seen to be gone (`< base`).
 *
 * `push` does no work per record: it copies what is kept and nothing else, and lines are counted when a
 * reader first asks. Readers get copies, so a later cut never changes what they hold.
 */
export class LineRing {
  #buffer: Uint8Array = new Uint8Array(0);
  #used = 0;
  #base = 0;
  #nextSeq: number;
  #lines: number | undefined = 0;
  readonly #raw = new RawSpans();
  #maxBytes: number;
  #keepBytes: number;
  #lastRead: { start: number; end: number; lines: TailLines } | undefined;

  constructor(maxBytes: number, keepBytes: number, nextSeq: number) {
    this.#maxBytes = maxBytes;
    this.#keepBytes = keepBytes;
    this.#nextSeq = nextSeq;
  }

  /** Bytes kept. */
  get bytes(): number {
    return this.#used;
  }

  /** The most bytes kept. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** The absolute position of the oldest byte kept. */
  get base(): number {
    return this.#base;
  }

  /** The absolute position behind the newest byte. */
  get end(): number {
    return this.#base + this.#used;
  }

  /** The sequence number of the oldest line kept; `nextSeq` while there is none. */
  get firstSeq(): number {
    this.#lines ??= countLines(this.kept());
    return this.#nextSeq - this.#lines;
  }

  /** The sequence number that the next line will have. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Adds lines, and cuts the oldest away at a record border when the bound is passed. */
  push(chunk: LogChunk, raw: boolean): void {
    const fresh = chunk.firstSeq === this.#nextSeq ? chunk : this.#align(chunk);
    if (fresh === undefined) return;
    this.#raw.mark(this.end, raw);
    this.#nextSeq = fresh.firstSeq + fresh.count;
    const total = this.#used + fresh.bytes.length;
    if (total > this.#maxBytes) return this.#pushAndCut(fresh.bytes, total - this.#keepBytes);
    if (this.#lines !== undefined) this.#lines += fresh.count;
    this.#append(fresh.bytes);
  }

  /** Changes the bound; cuts at once when more is held than it allows. */
  resize(maxBytes: number, keepBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#keepBytes = keepBytes;
    if (this.#used > maxBytes) {
      const kept = this.kept().slice();
      this.#used = 0;
      this.#keepNewest(kept, this.#base);
    }
    if (this.#buffer.length > maxBytes) this.#buffer = this.kept().slice();
  }

  /** The position of a sequence number that is kept. */
  locate(seq: number): number {
    const [before, behind] = [seq - this.firstSeq, this.#nextSeq - seq];
    const isNearer = behind < before;
    const kept = this.kept();
    return this.#base + (isNearer ? offsetOfLast(kept, behind) : offsetOfLine(kept, before));
  }

  /** Whole lines of one kind from an absolute position: at most `maxBytes` of them, and at least one. */
  read(position: number, seq: number, maxBytes: number): TailLines {
    const start = position - this.#base;
    const { raw, end: border } = this.#raw.at(position);
    const stretch = this.#buffer.subarray(0, Math.min(this.#used, border - this.#base));
    const end = endOfLines(stretch, start, maxBytes);
    const last = this.#lastRead;
    // Readers that keep up stand at one place: they share one copy, one count and one decoded text.
    if (last?.start === position && last.end === this.#base + end) return last.lines;
    const bytes = this.#buffer.slice(start, end);
    const lines = tailLines(
      { firstSeq: seq, count: countLines(bytes), bytes },
      raw,
    );
    this.#lastRead = { start: position, end: this.#base + end, lines };
    return lines;
  }

  /** The newest `count` lines that match, as text, oldest first. */
  recent(count: number, matches: ((line: string) => boolean) | undefined): string[] {
    // A copy for a matcher of somebody else's, which may write to us.
    const kept = matches === undefined ? this.kept() : this.kept().slice();
    const found: string[] = [];
    for (let end = kept.length; end > 0 && found.length < count;) {
      const start = lineStart(kept, end);
      const line = decode(kept.subarray(start, end - 1));
      if (matches === undefined || matches(line)) found.push(line);
      end = start;
    }
    return found.reverse();
  }

  /** The bytes kept: valid until the next change. */
  kept(): Uint8Array {
    return this.#buffer.subarray(0, this.#used);
  }

  /** Lines that are known already go; a hole in the sequence empties the ring, which has none. */
  #align(chunk: LogChunk): LogChunk | undefined {
    if (chunk.firstSeq < this.#nextSeq) return chunkFrom(chunk, this.#nextSeq);
    this.#drop(this.#used);
    this.#base += 1;
    return chunk;
  }

  #pushAndCut(bytes: Uint8Array, surplus: number): void {
    const start = this.end;
    if (surplus < this.#used) {
      this.#drop(this.kept().indexOf(LF, surplus - 1) + 1);
      this.#append(bytes);
    } else {
      this.#drop(this.#used);
      this.#keepNewest(bytes, start);
    }
    this.#lines = undefined;
  }

  /** Keeps the newest whole records of `bytes`, of which the first byte has the position `start`. */
  #keepNewest(bytes: Uint8Array, start: number): void {
    let from = bytes.length > this.#keepBytes
      ? bytes.indexOf(LF, bytes.length - this.#keepBytes - 1) + 1
      : 0;
    if (from === bytes.length) from = bytes.lastIndexOf(LF, bytes.length - 2) + 1;
    const newest = bytes.subarray(from);
    const kept = newest.length > this.#maxBytes ? cutRecord(newest, this.#keepBytes) : newest;
    // A record that is cut gets shorter: the end keeps its position, which readers may stand at.
    this.#base = start + bytes.length - kept.length;
    this.#raw.forget(this.#base);
    this.#lines = undefined;
    this.#append(kept);
  }

  #drop(count: number): void {
    this.#buffer.copyWithin(0, count, this.#used);
    this.#used -= count;
    this.#base += count;
    this.#raw.forget(this.#base);
    this.#lines = this.#used === 0 ? 0 : undefined;
  }

  #append(bytes: Uint8Array): void {
    const used = this.#used + bytes.length;
    if (used > this.#buffer.length) this.#grow(used);
    this.#buffer.set(bytes, this.#used);
    this.#used = used;
  }

  #grow(needed: number): void {
    const size = Math.max(needed, Math.min(this.#maxBytes, this.#buffer.length * 2, needed * 2));
    const grown = new Uint8Array(size);
    grown.set(this.kept());
    this.#buffer = grown;
  }
}
