import type { FileStore, InputMark, StoreFile } from "../storage/store.ts";
import { FrameScanner } from "./scan.ts";
import type { Segment } from "./segment.ts";

/** A place in a segment where records should be and are not. */
export interface Hole {
  /** First byte that is no valid frame. */
  readonly offset: number;
  /** First byte of the next valid frame, or the end of the segment. */
  readonly end: number;
  /** The first record that is missing. */
  readonly fromSeq: number;
  /** The first record after them; equal to `fromSeq` if none is missing. */
  readonly toSeq: number;
}

/** An input's place, as a frame tells it. */
export interface PlacedMark {
  /** Every record that it tells of is below this number. */
  readonly endSeq: number;
  /** The place. */
  readonly mark: InputMark;
}

/** What the frames of a segment tell. */
export interface SegmentScan {
  /** The segment. */
  readonly segment: Segment;
  /** Places where valid frames follow something that is none. */
  readonly holes: readonly Hole[];
  /** Where the valid frames end. */
  readonly end: number;
  /** The number after the last record. */
  readonly nextSeq: number;
  /** Records below this one were durable when the last frame was written. */
  readonly durable: number;
  /** The last byte behind `end` that is not zero, plus one: room that was reserved reads as zeros. */
  readonly contentEnd: number;
  /** Places of inputs, in the order of the frames. */
  readonly marks: readonly PlacedMark[];
}

/** Reads all frames of a segment up to its end. */
export async function scanSegment(store: FileStore, segment: Segment): Promise<SegmentScan> {
  const file = await store.openFile(segment.name, "read");
  try {
    return await scanFrames(store, file, segment);
  } finally {
    file.close();
  }
}

async function scanFrames(
  store: FileStore,
  file: StoreFile,
  segment: Segment,
): Promise<SegmentScan> {
  const scanner = new FrameScanner(file, store, segment.header.salt);
  const holes: Hole[] = [];
  const marks: PlacedMark[] = [];
  let end = segment.header.head;
  let nextSeq = segment.header.first;
  let durable = 0;
  for (let offset = end;;) {
    const found = await scanner.at(offset, segment.end);
    if (found.kind === "end") break;
    if (found.kind === "invalid") {
      const resume = await scanner.findFrame(offset + 1, segment.end);
      if (resume === undefined) break;
      offset = resume.offset;
      continue;
    }
    const { header, end: frameEnd } = found.frame;
    if (offset > end || header.seq > nextSeq) {
      holes.push({ offset: end, end: offset, fromSeq: nextSeq, toSeq: header.seq });
    }
    offset = end = frameEnd;
    nextSeq = header.seq + header.n;
    durable = Math.max(durable, header.durable);
    if (header.in !== undefined) marks.push({ endSeq: nextSeq, mark: header.in });
  }
  const contentEnd = await lastContent(file, end, segment.end);
  return { segment, holes, end, nextSeq, durable, contentEnd, marks };
}

async function lastContent(file: StoreFile, from: number, to: number): Promise<number> {
  const bytes = new Uint8Array(64 * 1024);
  let last = from;
  for (let at = from; at < to;) {
    const count = await file.read(bytes.subarray(0, Math.min(bytes.length, to - at)), at);
    if (count === 0) break;
    // A function called for each byte takes thirty times as long, which is felt where room is reserved.
    let used = count;
    while (used > 0 && bytes[used - 1] === 0) used--;
    if (used > 0) last = at + used;
    at += count;
  }
  return last;
}
