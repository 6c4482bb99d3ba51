/**
 * Where a new segment goes on, and with which lines.
 *
 * @module
 */
import type { FileStore, InputMark } from "../storage/store.ts";
import type { Carried, CarriedLines } from "./graft.ts";
import { frameAt, type Place } from "./place.ts";
import { FrameScanner } from "./scan.ts";
import { linkTo, type Segment, type SegmentLink } from "./segment.ts";
import { scanSegment } from "./segment_scan.ts";

/** Where a new segment begins: its first record, and the end of what it follows. */
export interface Site {
  /** The number of its first record. */
  readonly first: number;
  /** The segment before it, and where that ends; null if there is none. */
  readonly prev: SegmentLink | null;
}

/** The site at a place: behind the part of its segment that stays, or behind the segment before. */
export function siteAt(segments: readonly Segment[], { index, offset, seq }: Place): Site {
  const segment = segments[index];
  if (segment !== undefined && offset > segment.header.head) {
    return { first: seq, prev: linkTo(segment.header, offset) };
  }
  const before = segments[index - 1];
  const prev = before === undefined
    ? segment?.header.prev ?? null
    : linkTo(before.header, before.end);
  return { first: seq, prev };
}

/** The lines from a place to the end of the log, read while they are asked for. */
export async function* linesFrom(
  store: FileStore,
  segments: readonly Segment[],
  { index, offset }: Place,
): AsyncIterable<CarriedLines> {
  for (const [i, segment] of segments.slice(Math.max(0, index)).entries()) {
    const file = await store.openFile(segment.name, "read");
    try {
      const scanner = new FrameScanner(file, store, segment.header.salt);
      for (let at = i === 0 ? offset : segment.header.head;;) {
        const found = await scanner.at(at, segment.end);
        if (found.kind === "end") break;
        if (found.kind === "invalid") {
          // Damage, which was told; what is good behind it goes on.
          const next = await scanner.findFrame(at + 1, segment.end);
          if (next === undefined) break;
          at = next.offset;
          continue;
        }
        yield { chunk: found.frame.chunk, mark: found.frame.header.in };
        at = found.frame.end;
      }
    } finally {
      file.close();
    }
  }
}

/** What it takes to end a log before the record `seq`. */
export interface Cut {
  /** Where the new segment begins. */
  readonly site: Site;
  /** The lines before `seq` of the frame that is cut in two. */
  readonly carried: Carried;
  /** The places of inputs as the records before `seq` tell them. */
  readonly inputs: ReadonlyMap<string, InputMark>;
}

/** Finds where to cut a log so that the record `seq` and all behind it go. */
export async function findCut(
  store: FileStore,
  segments: readonly Segment[],
  seq: number,
): Promise<Cut> {
  const index = Math.max(0, segments.findLastIndex(({ header }) => header.first <= seq));
  const segment = segments[index]!;
  const place = await frameAt(store, segment, seq);
  const carried: CarriedLines[] = [];
  if (place.seq < seq) {
    for await (const lines of linesFrom(store, segments, { index, ...place })) {
      carried.push(firstLines(lines, seq - place.seq));
      break;
    }
  }
  const inputs = new Map(segment.header.inputs.map((mark) => [mark.file, mark]));
  for (const { endSeq, mark } of (await scanSegment(store, segment)).marks) {
    if (endSeq <= seq) inputs.set(mark.file, mark);
  }
  return { site: siteAt(segments, { index, ...place }), carried, inputs };
}

/** The first `count` lines; the mark belongs to the last one of all, which is not among them. */
function firstLines({ chunk }: CarriedLines, count: number): CarriedLines {
  let end = 0;
  for (let i = 0; i < count; i++) end = chunk.bytes.indexOf(0x0a, end) + 1;
  const { firstSeq } = chunk;
  return { chunk: { firstSeq, count, bytes: chunk.bytes.subarray(0, end) }, mark: undefined };
}

/** Syncs the segments from an index on. */
export async function syncFrom(
  store: FileStore,
  segments: readonly Segment[],
  index: number,
): Promise<void> {
  for (const { name } of segments.slice(index)) {
    const file = await store.openFile(name, "write");
    try {
      await file.sync();
    } finally {
      file.close();
    }
  }
}

/** Cuts off what stands behind the end of a segment, so that it is lines only; if it can be done. */
export async function cutToEnd(store: FileStore, { name, end }: Segment): Promise<void> {
  try {
    const file = await store.openFile(name, "write");
    try {
      if (file.size > end) await file.truncate(end);
    } finally {
      file.close();
    }
  } catch {
    // What stands there counts for nothing, and the next start tries again.
  }
}
