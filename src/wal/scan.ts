import type { FileStore, LogChunk, StoreFile } from "../storage/store.ts";
import {
  FRAME_START,
  type FrameHeader,
  hex32,
  MAX_HEADER_BYTES,
  readFrameHeader,
} from "./frame.ts";
import { readWhole } from "./whole.ts";

/** Bytes read at a time by who looks for a place. */
const READ_BYTES = 256 * 1024;
/** Bytes read at a time by who reads on where the last read ended: fewer, larger reads are faster. */
const READ_ON_BYTES = 1024 * 1024;

/** A frame as found in a segment. */
export interface ScannedFrame {
  /** What the header says. */
  readonly header: FrameHeader;
  /** The lines; good until the scanner is asked again, which reads over them. */
  readonly chunk: LogChunk;
  /** Where the next frame begins. */
  readonly end: number;
}

/** What stands at a place in a segment. */
export type ScanResult =
  | { readonly kind: "frame"; readonly frame: ScannedFrame }
  /** Bytes that are no valid frame of this segment. `header` is there if only the body is wrong. */
  | { readonly kind: "invalid"; readonly offset: number; readonly header?: FrameHeader }
  | { readonly kind: "end" };

/** Reads the frames of one segment. It never believes a length before the header's checksum held. */
export class FrameScanner {
  readonly #file: StoreFile;
  readonly #store: FileStore;
  readonly #salt: string;
  /** Used again and again: memory that is new costs more than what is read into it. */
  #memory = new Uint8Array(0);
  /** What the memory holds of the file. */
  #buffer = new Uint8Array(0);
  #bufferStart = 0;

  constructor(file: StoreFile, store: FileStore, salt: string) {
    this.#file = file;
    this.#store = store;
    this.#salt = salt;
  }

  /** What stands at `offset`, in a segment of which `end` bytes count. */
  async at(offset: number, end: number): Promise<ScanResult> {
    if (offset >= end) return { kind: "end" };
    const header = await this.#headerAt(offset, end);
    if (header === undefined) return { kind: "invalid", offset };
    const frameEnd = offset + header.head + header.len;
    if (frameEnd > end) return { kind: "invalid", offset };
    const frame = this.#held(offset, frameEnd) ?? await this.#read(offset, frameEnd, end);
    const body = frame.subarray(header.head);
    const isWhole = header.len === 0 || body.at(-1) === 0x0a;
    if (!isWhole || hex32(this.#store.crc32(body)) !== header.body) {
      return { kind: "invalid", offset, header };
    }
    const chunk = { firstSeq: header.seq, count: header.n, bytes: body };
    return { kind: "frame", frame: { header, chunk, end: frameEnd } };
  }

  /** The next valid frame header of this segment at or after `offset`: where reading can resume. */
  async findFrame(
    offset: number,
    end: number,
  ): Promise<{ offset: number; header: FrameHeader } | undefined> {
    const mark = new TextEncoder().encode(FRAME_START);
    for (let at = offset; at < end;) {
      const to = Math.min(end, at + mark.length);
      if (this.#held(at, to) === undefined) await this.#read(at, to, end);
      const bytes = this.#buffer.subarray(at - this.#bufferStart, end - this.#bufferStart);
      const i = indexOf(bytes, mark, 0);
      // A record may hold these words, but not the salt, which nobody sees who writes records.
      const header = i < 0 ? undefined : await this.#headerAt(at + i, end);
      if (header !== undefined) return { offset: at + i, header };
      // The file ends before `end`: it was cut while it was open.
      if (bytes.length < mark.length) return undefined;
      // A mark may lie across the border of two reads.
      at += i < 0 ? bytes.length - mark.length + 1 : i + 1;
    }
    return undefined;
  }

  async #headerAt(offset: number, end: number): Promise<FrameHeader | undefined> {
    const wanted = Math.min(end, offset + 8192);
    const start = this.#held(offset, wanted) ?? await this.#read(offset, wanted, end);
    let header = readFrameHeader(start, this.#store.crc32);
    if (header === "short" && wanted < end) {
      const long = await this.#read(offset, Math.min(end, offset + MAX_HEADER_BYTES), end);
      header = readFrameHeader(long, this.#store.crc32);
    }
    if (header === "short" || header?.salt !== this.#salt) return undefined;
    return header;
  }

  /** The bytes from `from` up to `to`, if they were read before. */
  #held(from: number, to: number): Uint8Array | undefined {
    const start = this.#bufferStart;
    const isHeld = from >= start && to <= start + this.#buffer.length;
    return isHeld ? this.#buffer.subarray(from - start, to - start) : undefined;
  }

  /**
   * Reads the bytes from `from` up to `to`, or fewer where the file ends, and what comes after them up to
   * `end`: what stands behind that is still being written, and must not be remembered.
   */
  async #read(from: number, to: number, end: number): Promise<Uint8Array> {
    const start = this.#bufferStart;
    const readsOn = from > start && from <= start + this.#buffer.length;
    const wanted = Math.min(Math.max(readsOn ? READ_ON_BYTES : READ_BYTES, to - from), end - from);
    if (this.#memory.length < wanted) this.#memory = new Uint8Array(wanted);
    // Nothing is believed of the memory while it is read over.
    this.#buffer = this.#memory.subarray(0, 0);
    const count = await readWhole(this.#file, this.#memory.subarray(0, wanted), from);
    this.#buffer = this.#memory.subarray(0, count);
    this.#bufferStart = from;
    return this.#buffer.subarray(0, to - from);
  }

  /** Gives the descriptor back. */
  close(): void {
    this.#file.close();
  }
}

/** Where `mark` begins in `bytes` at or after `from`; -1 if it does not occur. */
export function indexOf(bytes: Uint8Array, mark: Uint8Array, from: number): number {
  for (let i = bytes.indexOf(mark[0]!, from); i >= 0; i = bytes.indexOf(mark[0]!, i + 1)) {
    let k = 1;
    while (k < mark.length && bytes[i + k] === mark[k]) k++;
    if (k === mark.length) return i;
  }
  return -1;
}
