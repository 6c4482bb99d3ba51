import type { InputMark } from "../storage/store.ts";

/**
 * A frame is a header line and the record lines it covers. The header is JSON, padded with blanks to a
 * multiple of 256 bytes, so that it can be written into the staging buffer after the body is known.
 */
export interface FrameHeader {
  /** Sequence number of the first record. */
  readonly seq: number;
  /** Records in the body. */
  readonly n: number;
  /** Bytes in the body. */
  readonly len: number;
  /** Every record below this one was durable when the frame was closed. */
  readonly durable: number;
  /** The segment's salt: bytes of another segment can never pass for a frame of this one. */
  readonly salt: string;
  /** CRC-32 of the body, 8 hexadecimal digits. */
  readonly body: string;
  /** Bytes in the header line, LF included. */
  readonly head: number;
  /** Where the last record of the frame stood in its input. */
  readonly in?: InputMark;
}

/** A header is a multiple of this many bytes. */
export const HEADER_UNIT_BYTES = 256;
/** A frame's body is at most this long, or one record. */
export const MAX_BODY_BYTES = 65_536;
/** The longest header that is believed: a segment's names the last place of every input. */
export const MAX_HEADER_BYTES = 1_048_576;
/** Every frame begins with these bytes, and no record line does. */
export const FRAME_START = '{"$":"frame",';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const CRC_KEY = ',"crc":"';

/** The bytes to keep free for a header that may carry this input's mark. */
export function headerRoom(mark: InputMark | undefined): number {
  if (mark === undefined) return HEADER_UNIT_BYTES;
  const markBytes = JSON.stringify(mark.file).length * 3 + JSON.stringify(mark.id).length * 3 + 64;
  return HEADER_UNIT_BYTES + Math.ceil(markBytes / HEADER_UNIT_BYTES) * HEADER_UNIT_BYTES;
}

/** Eight hexadecimal digits. */
export function hex32(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/**
 * Writes a JSON object as a checksummed header line of exactly `room` bytes into `into`.
 *
 * @throws {RangeError} If the object does not fit
 */
export function writeHeader(
  into: Uint8Array,
  value: Readonly<Record<string, unknown>>,
  crc32: (bytes: Uint8Array) => number,
): void {
  const text = JSON.stringify(value).slice(0, -1);
  const { read, written } = encoder.encodeInto(text, into);
  // `,"crc":"xxxxxxxx"}` and LF are 19 bytes.
  if (read < text.length || written + 19 > into.length) {
    throw new RangeError(`Header of ${text.length} characters does not fit ${into.length} bytes`);
  }
  const crc = hex32(crc32(into.subarray(0, written)));
  encoder.encodeInto(`${CRC_KEY}${crc}"}`, into.subarray(written));
  into.fill(0x20, written + 18, into.length - 1);
  into[into.length - 1] = 0x0a;
}

/**
 * Reads a checksummed header line at the start of `bytes`. Nothing in it is believed before its checksum
 * holds.
 *
 * @returns The object; "short" if the line may go on beyond `bytes`; undefined if this is no header
 */
export function readHeader(
  bytes: Uint8Array,
  crc32: (bytes: Uint8Array) => number,
): Record<string, unknown> | "short" | undefined {
  if (bytes.length > 0 && bytes[0] !== 0x7b) return undefined;
  const lf = bytes.indexOf(0x0a);
  if (lf < 0) return bytes.length < MAX_HEADER_BYTES ? "short" : undefined;
  const text = decoder.decode(bytes.subarray(0, lf));
  const at = text.indexOf(CRC_KEY);
  if (at < 0) return undefined;
  const json = text.slice(0, at);
  // As many characters as bytes: one byte each.
  const jsonBytes = text.length === lf ? at : encoder.encode(json).length;
  if (text.slice(at + 8, at + 16) !== hex32(crc32(bytes.subarray(0, jsonBytes)))) return undefined;
  try {
    return JSON.parse(json + "}") as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Writes a frame's header into the room kept for it. */
export function writeFrameHeader(
  into: Uint8Array,
  header: Omit<FrameHeader, "head">,
  crc32: (bytes: Uint8Array) => number,
): void {
  writeHeader(into, { $: "frame", ...header, head: into.length }, crc32);
}

/** Reads a frame's header at the start of `bytes`, as {@linkcode readHeader}. */
export function readFrameHeader(
  bytes: Uint8Array,
  crc32: (bytes: Uint8Array) => number,
): FrameHeader | "short" | undefined {
  const value = readHeader(bytes, crc32);
  if (value === "short" || value === undefined) return value;
  const header = value as unknown as FrameHeader;
  return value.$ === "frame" && isPossible(header) ? header : undefined;
}

/** Whether the numbers of a header can be true: each line has one byte at least. */
function isPossible({ seq, n, len, durable, head }: FrameHeader): boolean {
  return [seq, n, len, durable, head].every((value) => Number.isSafeInteger(value) && value >= 0) &&
    len >= n && (n > 0 || len === 0) && head > 0 && Number.isSafeInteger(seq + n);
}
