import type { Segment } from "./segment.ts";

/** Segments as they follow one another, and those whose place others have taken. */
export interface Chain {
  /** Oldest first, each with the end that its successor tells. */
  readonly segments: Segment[];
  /** What a later segment begins before: its records were copied forward or cut off. */
  readonly superseded: Segment[];
  /** Where the chain does not hold. Within what was never synced that is no damage. */
  readonly breaks: ChainBreak[];
}

/** A place where a segment does not go on as its successor says. */
export interface ChainBreak {
  /** The segment before the break. */
  readonly before: Segment;
  /** Where it ends, and where it should. */
  readonly offset: number;
  /** Where it should end. */
  readonly end: number;
  /** What is wrong, to follow the segment's name. */
  readonly what: string;
  /** The first record behind the break. */
  readonly nextSeq: number;
}

/**
 * Puts segments in the order in which they were begun, and cuts each one where its successor says that it
 * ends. A segment that begins with the number of a record that older segments hold takes their place
 * from that record on: so a tail is copied forward, and so the newest records are cut off, without a
 * change to a file that is there.
 */
export function linkSegments(found: readonly Segment[]): Chain {
  const segments: Segment[] = [];
  const superseded: Segment[] = [];
  const breaks: ChainBreak[] = [];
  for (const segment of found.toSorted(byBeginning)) {
    // A first line that is damaged cannot speak for what comes before it.
    const isSound = segment.header.log !== "";
    const taken = isSound ? takeSuperseded(segments, segment) : [];
    const before = segments.at(-1);
    const isLinked = before === undefined || !isSound || isSealedBy(before, segment);
    if (before !== undefined && isSound) breaks.push(...seal(before, segment, isLinked));
    // Only who knows what came before may say that something else did not.
    if (isLinked) superseded.push(...taken);
    segments.push(segment);
  }
  return { segments, superseded, breaks };
}

function byBeginning(a: Segment, b: Segment): number {
  return a.header.epoch - b.header.epoch || a.header.first - b.header.first;
}

function takeSuperseded(segments: Segment[], by: Segment): Segment[] {
  const taken: Segment[] = [];
  while (segments.length > 0 && segments.at(-1)!.header.first >= by.header.first) {
    taken.push(segments.pop()!);
  }
  return taken;
}

function isSealedBy(before: Segment, { header }: Segment): boolean {
  return header.prev?.salt === before.header.salt;
}

/** Ends a segment where its successor says; the answer holds the break, if this cannot be. */
function seal(before: Segment, { header }: Segment, isLinked: boolean): ChainBreak[] {
  const size = before.end;
  const end = isLinked ? header.prev!.end : size;
  before.end = Math.min(end, size);
  if (isLinked && size >= end) return [];
  const what = isLinked
    ? `ends at byte ${size} where ${end} were written`
    : `is not followed by the segment that should come after it`;
  return [{ before, offset: size, end, what, nextSeq: header.first }];
}
