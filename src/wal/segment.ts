import type { FileStore, InputMark, StoreFile } from "../storage/store.ts";
import { HEADER_UNIT_BYTES, hex32, MAX_HEADER_BYTES, readHeader, writeHeader } from "./frame.ts";
import { readHead, writeWholeSync } from "./whole.ts";

/** Most first lines are no longer; one that names many inputs is. */
const USUAL_HEADER_BYTES = 1024;

/** The version of the format that this code writes. */
export const FORMAT_VERSION = 1;

/** How a segment seals the one before it: where that one validly ends. */
export interface SegmentLink {
  /** The salt of the segment before. */
  readonly salt: string;
  /** The bytes of it that are valid. */
  readonly end: number;
  /** How many segments it stood for then, if it was made of several: made of more, it ends elsewhere. */
  readonly joins?: number;
}

/** A link to a segment that is valid up to the byte `end`. */
export function linkTo({ salt, joins }: SegmentHeader, end: number): SegmentLink {
  return joins === undefined ? { salt, end } : { salt, end, joins: joins.length };
}

/** The first line of a segment. */
export interface SegmentHeader {
  /** The version of the format. */
  readonly version: number;
  /** The log's id. */
  readonly log: string;
  /** The number of the opening that wrote this segment. */
  readonly epoch: number;
  /** Sequence number of the first record. */
  readonly first: number;
  /** Random, in every frame of the segment. */
  readonly salt: string;
  /** How often that opening has begun anew, after a failed sync or a cut. */
  readonly turn: number;
  /** The run of the machine that wrote it, as the store names it. */
  readonly boot: string;
  /** When the segment was made, ISO 8601; never used for order. */
  readonly created: string;
  /** The segment before; null in the first. */
  readonly prev: SegmentLink | null;
  /** The salts of the segments that it stands for, if it was made of several; the last one is its own. */
  readonly joins?: readonly string[];
  /** The last known place of each input, so that no older segment is needed to know it. */
  readonly inputs: readonly InputMark[];
  /** Bytes in this line, LF included. */
  readonly head: number;
}

/** A segment as the open log knows it. */
export interface Segment {
  /** The file's name. */
  readonly name: string;
  /** Its first line. */
  readonly header: SegmentHeader;
  /** Bytes that are valid; grows while the segment is being written. */
  end: number;
}

/** How files end that were not finished. */
export const UNFINISHED = ".tmp";
/** What a segment is called until it has all that it begins with. */
export const GRAFT_NAME: string = `graft${UNFINISHED}`;

/** What a segment is called that is to stand for several. */
export const COMPACT_NAME: string = `compact${UNFINISHED}`;
/** Says that a sync has failed: bytes that were written may be gone even while the machine runs. */
export const FAILED_SYNC_NAME: string = `sync-failed${UNFINISHED}`;

const NAME = /^wal-(\d{20})-([0-9a-f]{8})\.ndjson$/;
/** How every segment begins. */
export const SEGMENT_START = '{"$":"segment",';

/** Whether a file of the store is a segment. Names sort by first sequence number. */
export function isSegmentName(name: string): boolean {
  return NAME.test(name);
}

/** What a segment's name says of it, for the case that its first line cannot be read. */
export function parseSegmentName(name: string): { first: number; salt: string } {
  const [, first, salt] = NAME.exec(name)!;
  return { first: Number(first), salt: salt! };
}

/** The file name of a segment. */
export function segmentName(first: number, salt: string): string {
  return `wal-${String(first).padStart(20, "0")}-${salt}.ndjson`;
}

/** A random number as eight hexadecimal digits. */
export function randomHex32(): string {
  return hex32(crypto.getRandomValues(new Uint32Array(1))[0]!);
}

/** What the maker of a segment decides of its first line. */
export type NewSegment = Omit<SegmentHeader, "version" | "salt" | "head"> & {
  /** The salt. @default {a random one} */
  readonly salt?: string;
};

/** A new segment's first line. */
export function encodeSegmentHeader(
  header: NewSegment,
  crc32: (bytes: Uint8Array) => number,
): { bytes: Uint8Array; full: SegmentHeader } {
  const { salt = randomHex32() } = header;
  const value = { $: "segment", version: FORMAT_VERSION, ...header, salt };
  const room = HEADER_UNIT_BYTES *
    Math.ceil((new TextEncoder().encode(JSON.stringify(value)).length + 40) / HEADER_UNIT_BYTES);
  const bytes = new Uint8Array(room);
  writeHeader(bytes, { ...value, head: room }, crc32);
  return { bytes, full: { version: FORMAT_VERSION, ...header, salt, head: room } };
}

/** Leaves word of a failed sync for the next opening, if the disk takes even that. */
export function markFailedSync(store: FileStore): void {
  try {
    store.createSync(FAILED_SYNC_NAME).close();
  } catch {
    // It is there already, or the next opening takes what is missing for damage.
  }
}

/**
 * Creates a segment's file and writes its first line, at once.
 *
 * @param abandoned Told of the file's name if it was created and cannot be written
 */
export function createSegment(
  store: FileStore,
  header: NewSegment,
  abandoned: (name: string) => void,
): { segment: Segment; file: StoreFile } {
  const { bytes, full } = encodeSegmentHeader(header, store.crc32);
  const file = store.createSync(segmentName(full.first, full.salt));
  try {
    writeWholeSync(file, bytes);
  } catch (error) {
    file.close();
    abandoned(file.name);
    throw error;
  }
  return { segment: { name: file.name, header: full, end: full.head }, file };
}

/**
 * Reads a segment's first line.
 *
 * @param size Bytes in the file, for who knows
 * @returns undefined if it is incomplete or its checksum does not hold
 * @throws {Error} If the segment was written by a newer version of the format
 */
export async function readSegmentHeader(
  file: StoreFile,
  store: FileStore,
  size: number = file.size,
): Promise<SegmentHeader | undefined> {
  let value: ReturnType<typeof readHeader> = "short";
  for (let bytes = USUAL_HEADER_BYTES; value === "short" && bytes <= MAX_HEADER_BYTES;) {
    value = readHeader(await readHead(file, Math.min(size, bytes)), store.crc32);
    bytes *= 32;
  }
  if (value === undefined || value === "short" || value.$ !== "segment") return undefined;
  const header = value as unknown as SegmentHeader;
  if (header.version > FORMAT_VERSION) {
    throw new Error(
      `Segment "${file.name}" in "${store.label}" has format version ${header.version}, ` +
        `this release reads up to ${FORMAT_VERSION}: use a newer release of logflume`,
    );
  }
  return size < header.head ? undefined : header;
}
