import type { FileStore, LogChunk, StoreFile } from "../storage/store.ts";
import {
  FRAME_START,
  type FrameHeader,
  hex32,
  MAX_HEADER_BYTES,
  readFrameHeader,
} from "./frame.ts";
import { readWhole } from "./whole.ts";

/** Bytes read from a segment at a time; frames inside are handed out without a copy. */
const READ_BYTES = 256 * 1024;

/** A frame as found in a segment. */
export interface ScannedFrame {
  /** What the header says. */
  readonly header: FrameHeader;
  /** The lines. */
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
    const body = (await this.#bytes(offset, frameEnd)).subarray(header.head);
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
      const bytes = await this.#bytes(at, Math.min(end, at + READ_BYTES));
      for (let i = indexOf(bytes, mark, 0); i >= 0; i = indexOf(bytes, mark, i + 1)) {
        // A record may hold these words, but not the salt, which nobody sees who writes records.
        const header = await this.#headerAt(at + i, end);
        if (header !== undefined) return { offset: at + i, header };
      }
      // The file ends before `end`: it was cut while it was open.
      if (bytes.length < mark.length) return undefined;
      // A mark may lie across the border of two reads.
      at += bytes.length - mark.length + 1;
    }
    return undefined;
  }

  async #headerAt(offset: number, end: number): Promise<FrameHeader | undefined> {
    const wanted = Math.min(end, offset + 8192);
    let header = readFrameHeader(await this.#bytes(offset, wanted), this.#store.crc32);
    if (header === "short" && wanted < end) {
      const long = await this.#bytes(offset, Math.min(end, offset + MAX_HEADER_BYTES));
      header = readFrameHeader(long, this.#store.crc32);
    }
    if (header === "short" || header?.salt !== this.#salt) return undefined;
    return header;
  }

  /** The bytes from `from` up to `to`, or fewer where the file ends. */
  async #bytes(from: number, to: number): Promise<Uint8Array> {
    const inBuffer = from - this.#bufferStart;
    if (inBuffer < 0 || to > this.#bufferStart + this.#buffer.length) {
      // A new buffer each time: the frames of the old one are still in somebody's hands.
      const next = new Uint8Array(Math.max(READ_BYTES, to - from));
      this.#buffer = next.subarray(0, await readWhole(this.#file, next, from));
      this.#bufferStart = from;
      return this.#buffer.subarray(0, to - from);
    }
    return this.#buffer.subarray(inBuffer, to - this.#bufferStart);
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
