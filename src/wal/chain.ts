import type { Segment } from "./segment.ts";

/** Segments as they follow one another, and those whose place others have taken. */
export interface Chain {
  /** Oldest first, each with the end that its successor tells. */
  readonly segments: Segment[];
  /** What a later segment begins before: its records were copied forward or cut off. */
  readonly superseded: Segment[];
  /** Segments whose first line cannot be read, and which nothing else names. */
  readonly strays: Segment[];
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
  const { placed, strays } = placeHeadless(found);
  for (const segment of placed) {
    // A first line that is damaged cannot speak for what comes before it.
    const taken = isSound(segment) ? takeSuperseded(segments, segment) : [];
    const before = segments.at(-1);
    const isLinked = before === undefined || isSealedBy(before, segment);
    // Only who knows what came before may say that something else did not.
    if (isLinked) superseded.push(...taken);
    segments.push(segment);
  }
  const breaks = segments.slice(1).flatMap((segment, i) =>
    isSound(segment) ? seal(segments[i]!, segment) : []
  );
  return { segments, superseded, strays, breaks };
}

/** Whether a segment's first line could be read. */
export function isSound({ header }: Segment): boolean {
  return header.log !== "";
}

/**
 * Gives segments without a first line their place: before the one that names them, or at the end. Others
 * are strays: files that were superseded once, whose removal a power cut took back.
 */
function placeHeadless(found: readonly Segment[]): { placed: Segment[]; strays: Segment[] } {
  const placed = found.filter(isSound).toSorted(byBeginning);
  const strays: Segment[] = [];
  let heir: Segment | undefined;
  for (const segment of found.filter((one) => !isSound(one)).toSorted(byBeginning)) {
    const next = placed.findIndex((one) => isSealedBy(segment, one));
    if (next >= 0) placed.splice(next, 0, segment);
    else {
      if (heir !== undefined) strays.push(heir);
      heir = segment;
    }
  }
  if (heir !== undefined) {
    const { first } = heir.header;
    (placed.every(({ header }) => header.first <= first) ? placed : strays).push(heir);
  }
  // What stands before the oldest one that cannot tell what came before it.
  while (strays.length > 0 && placed[0] !== undefined && !isSound(placed[0])) {
    if (strays.at(-1)!.header.first >= placed[0].header.first) break;
    placed.unshift(strays.pop()!);
  }
  return { placed, strays };
}

function byBeginning(a: Segment, b: Segment): number {
  return a.header.epoch - b.header.epoch || a.header.turn - b.header.turn ||
    a.header.first - b.header.first;
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
function seal(before: Segment, next: Segment): ChainBreak[] {
  const { header } = next;
  const isLinked = isSealedBy(before, next);
  const size = before.end;
  // One that was made of several was whole before it had its name; its successor may know another one.
  const isLongerThanKnown = !isSound(before) || header.prev?.joins !== before.header.joins?.length;
  const end = isLinked && !isLongerThanKnown ? header.prev!.end : size;
  before.end = Math.min(end, size);
  if (isLinked && size >= end) return [];
  const what = isLinked
    ? `ends at byte ${size} where ${end} were written`
    : `is not followed by the segment that should come after it`;
  return [{ before, offset: size, end, what, nextSeq: header.first }];
}
