import type { FileStore, InputMark, LogNotice, SeqRun, StoreEntry } from "../storage/store.ts";
import { keepDamaged, keepTorn } from "./aside.ts";
import { type ChainBreak, isSound, linkSegments } from "./chain.ts";
import { type DamagePolicy, type RecoveryContext, reportDamage } from "./damage.ts";
import { type Doubt, findSegments, tellUnborn } from "./inventory.ts";
import { notePlace } from "./input_places.ts";
import type { Segment } from "./segment.ts";
import { frameAt, type Place } from "./place.ts";
import { type Hole, scanSegment, type SegmentScan } from "./segment_scan.ts";

export type { DamagePolicy } from "./damage.ts";

/** A log as found at opening. Nothing was changed to find it. */
export interface RecoveredLog {
  /** The log's id; undefined if there is none yet. */
  readonly log: string | undefined;
  /** A number that no opening had. */
  readonly epoch: number;
  /** The segments that hold records, oldest first. */
  readonly segments: readonly Segment[];
  /** The sequence number that the next record gets. */
  readonly nextSeq: number;
  /** Where the records end that are proven to be on the disk; the same as the end if all are. */
  readonly proven: Place;
  /** The last place of each input. */
  readonly inputs: Map<string, InputMark>;
  /** Files that hold nothing that counts: they go once a new segment stands. */
  readonly obsolete: readonly string[];
  /** Records that are damaged, as far as was found out. */
  readonly lost: readonly SeqRun[];
  /** Segments with something behind their end that does not count. */
  readonly loose: readonly Segment[];
}

/**
 * Finds out what an earlier run left. Only the newest segments are read, back to the last record that is
 * proven to be durable; every older one is sealed by its successor.
 *
 * @param entries All files of the store
 * @param knownLog The log's id as the cursors tell it
 * @throws {DamagedLogError} If there is damage and the policy is `refuse`
 */
export async function recover(
  store: FileStore,
  entries: readonly StoreEntry[],
  policy: DamagePolicy,
  tell: (notice: LogNotice) => void,
  knownLog: string | undefined,
): Promise<RecoveredLog> {
  const context = { store, policy, tell, damaged: new Set<string>() };
  const inventory = await findSegments(context, entries, knownLog);
  const { segments: found, epoch, obsolete, doubts } = inventory;
  const sizes = new Map(found.map(({ name, end }) => [name, end]));
  const { segments, superseded, strays, breaks } = linkSegments(found);
  obsolete.push(...superseded.map(({ name }) => name));
  const log = found.find(isSound)?.header.log ?? knownLog;
  const scans = await scanNewest(store, segments, strays);
  const lost: SeqRun[] = [];
  const isAllThere = !inventory.hadFailedSync && wroteInThisBoot(store, scans);
  const { end, durable } = await findEnd(context, segments, scans, breaks, isAllThere, lost);
  tellDoubts(context, doubts, segments, end, obsolete, lost);
  await tellTorn(context, segments, scans, end);
  const inputs = await placesOfInputs(store, segments, scans, end.seq);
  for (const name of context.damaged) await keepDamaged(store, name);
  obsolete.push(...segments.splice(end.index + 1).map(({ name }) => name));
  if (segments.length > 0) segments.at(-1)!.end = end.offset;
  while (segments.length > 0 && segments.at(-1)!.end <= segments.at(-1)!.header.head) {
    obsolete.push(segments.pop()!.name);
  }
  if (context.damaged.size === 0) obsolete.push(...strays.map(({ name }) => name));
  const proven = await provenPlace(store, segments, Math.min(durable, end.seq));
  const loose = segments.filter(({ name, end }) => sizes.get(name)! > end);
  return { log, epoch, segments, nextSeq: end.seq, proven, inputs, obsolete, loose, lost };
}

/**
 * Scans the newest segments, from the last one back to that which holds the first record that is not
 * proven. Every opening makes durable what it found before it begins a segment of its own, so the
 * segments of older openings have nothing to prove.
 */
async function scanNewest(
  store: FileStore,
  segments: Segment[],
  strays: Segment[],
): Promise<readonly SegmentScan[]> {
  const scans: SegmentScan[] = [];
  for (const segment of segments.toReversed()) {
    const next = scans[0];
    if (next !== undefined && isSound(next.segment) && isProvenBefore(segment, next, scans)) break;
    const scan = await scanSegment(store, segment);
    if (next !== undefined && !isSound(next.segment) && scan.nextSeq > next.segment.header.first) {
      // It cannot go on where this one ends, so it is what is left of an older one.
      strays.push(segments.pop()!);
      scans.shift();
    }
    scans.unshift(scan);
  }
  return scans;
}

function isProvenBefore(
  segment: Segment,
  { segment: next }: SegmentScan,
  scans: readonly SegmentScan[],
): boolean {
  return segment.header.epoch < next.header.epoch || segment.header.turn < next.header.turn ||
    scans.some(({ durable }) => durable >= next.header.first);
}

/** Every record below this one was synced, as frames behind it tell, or the opening that began here. */
function provenSeq(segments: readonly Segment[], scans: readonly SegmentScan[]): number {
  const first = scans[0]!.segment;
  const before = segments[segments.length - scans.length - 1];
  const floor = before === undefined || before.header.epoch < first.header.epoch ||
      before.header.turn < first.header.turn
    ? first.header.first
    : 0;
  return Math.max(floor, ...scans.map((scan) => scan.durable));
}

/** Whether everything that was written to the newest segments must be there: the machine still runs. */
function wroteInThisBoot(store: FileStore, scans: readonly SegmentScan[]): boolean {
  return store.boot !== "" && scans.some(({ segment }) => segment.header.boot === store.boot);
}

/**
 * Where the log ends, and what of it was surely synced. What is missing among records that must be there
 * is damage; what is missing behind them is a write that a power cut tore, which sectors in any order may
 * have survived: there the log ends, and nobody was promised what follows.
 */
async function findEnd(
  context: RecoveryContext,
  segments: readonly Segment[],
  scans: readonly SegmentScan[],
  breaks: readonly ChainBreak[],
  isAllThere: boolean,
  lost: SeqRun[],
): Promise<{ end: Place; durable: number }> {
  if (scans.length === 0) return { end: { index: -1, offset: 0, seq: 1 }, durable: 1 };
  for (const one of breaks) {
    if (!scans.some(({ segment }) => segment === one.before)) await reportBreak(context, one);
  }
  const durable = provenSeq(segments, scans);
  const certain = isAllThere ? Infinity : durable;
  const index = segments.length - scans.length;
  for (const [i, scan] of scans.entries()) {
    const before = scans[i - 1];
    if (before !== undefined && !isSound(scan.segment) && scan.segment.header.first >= certain) {
      const end = { index: index + i - 1, offset: before.end, seq: before.nextSeq };
      return { end, durable };
    }
    for (const hole of holesOf(scan, scans[i + 1])) {
      const end = { index: index + i, offset: hole.offset, seq: Math.max(hole.fromSeq, certain) };
      if (hole.fromSeq >= certain) return { end: { ...end, seq: hole.fromSeq }, durable };
      const toSeq = Math.min(hole.toSeq, certain);
      const broken = hole.end < scan.segment.end
        ? undefined
        : breaks.find((one) => one.before === scan.segment);
      reportHole(context, scan.segment, hole, toSeq, broken);
      if (toSeq > hole.fromSeq) lost.push({ firstSeq: hole.fromSeq, count: toSeq - hole.fromSeq });
      if (hole.toSeq > certain) return { end, durable };
    }
  }
  const last = scans.at(-1)!;
  return { end: { index: segments.length - 1, offset: last.end, seq: last.nextSeq }, durable };
}

/**
 * Tells of segments whose first line cannot be read. One of which the log needs nothing is what is left
 * of an older one; one behind the end was torn while it was begun.
 */
function tellDoubts(
  context: RecoveryContext,
  doubts: readonly Doubt[],
  segments: readonly Segment[],
  end: Place,
  obsolete: string[],
  lost: SeqRun[],
): void {
  const oldest = segments[0]?.header;
  for (const doubt of doubts) {
    const index = segments.findIndex(({ name }) => name === doubt.name);
    if (index < 0 && oldest?.prev?.salt === doubt.salt) {
      // Nothing but the segment after it tells that there was one.
      lost.push({ firstSeq: doubt.first, count: oldest.first - doubt.first });
      reportDoubt(context, doubt, `: records ${doubt.first} to ${oldest.first - 1} cannot be read`);
    } else if (index >= 0 ? index <= end.index : isMissed(context, doubt, segments, end)) {
      reportDoubt(context, doubt);
    } else if (doubt.isUnborn || doubt.first >= end.seq) {
      tellUnborn(context, doubt);
      obsolete.push(doubt.name);
    }
  }
}

/** Whether a file that is no part of the log may have held something that the log lacks. */
function isMissed(
  context: RecoveryContext,
  { isUnborn, first }: Doubt,
  segments: readonly Segment[],
  end: Place,
): boolean {
  if (isUnborn) return false;
  return segments.length === 0 || (context.damaged.size > 0 && first < end.seq);
}

/** The holes of a segment, and what is missing before the next one begins. */
function holesOf(scan: SegmentScan, next: SegmentScan | undefined): readonly Hole[] {
  const { holes, end: offset, nextSeq: fromSeq, segment } = scan;
  const toSeq = next?.segment.header.first ?? fromSeq;
  if (toSeq <= fromSeq) return holes;
  return [...holes, { offset, end: segment.end, fromSeq, toSeq }];
}

function reportDoubt(context: RecoveryContext, { name, end, what }: Doubt, lost = ""): void {
  reportDamage(context, { file: name, offset: 0, end }, what + lost);
}

/** A break costs nothing if only a frame without records is gone, which may never have been synced. */
async function reportBreak(context: RecoveryContext, one: ChainBreak): Promise<void> {
  const { before, offset, end, what, nextSeq } = one;
  if ((await scanSegment(context.store, before)).nextSeq >= nextSeq) return;
  const place = { file: before.name, offset, end };
  reportDamage(context, place, `${what}: records may be missing before number ${nextSeq}`);
}

function reportHole(
  context: RecoveryContext,
  segment: Segment,
  hole: Hole,
  toSeq: number,
  broken: ChainBreak | undefined,
): void {
  const { offset, fromSeq } = hole;
  const end = Math.max(hole.end, broken?.end ?? 0);
  const lost = toSeq <= fromSeq
    ? "no record is lost"
    : `records ${fromSeq} to ${toSeq - 1} cannot be read`;
  const place = { file: segment.name, offset, end };
  const what = broken?.what ?? `is damaged from byte ${offset} to ${end}`;
  reportDamage(context, place, `${what}: ${lost}`);
}

/** Tells of bytes behind the end that never became a whole frame, and keeps a copy of them. */
async function tellTorn(
  context: RecoveryContext,
  segments: readonly Segment[],
  scans: readonly SegmentScan[],
  end: Place,
): Promise<void> {
  const { store, tell } = context;
  const segment = segments[end.index];
  const scan = scans.find((one) => one.segment === segment);
  if (segment === undefined || scan === undefined) return;
  const later = segments.slice(end.index + 1).reduce((sum, one) => sum + one.end, 0);
  const size = scan.contentEnd - end.offset + later;
  if (size <= 0) return;
  const fate = await keepTorn(store, segment, end.offset, scan.contentEnd);
  tell({
    kind: "torn-tail",
    message: `Segment "${segment.name}" in "${store.label}" ended with ${size} bytes of an ` +
      `unfinished write: they were cut off and ${fate}`,
  });
}

/**
 * The last places of all inputs among the records below `seq`. The first line of a segment tells those
 * at its beginning, its frames the later ones; where that line is damaged, the segments before it tell.
 */
async function placesOfInputs(
  store: FileStore,
  segments: readonly Segment[],
  scans: readonly SegmentScan[],
  seq: number,
): Promise<Map<string, InputMark>> {
  if (scans.length === 0) return new Map();
  const from = segments.length - scans.length;
  const sound = segments.findLastIndex(({ header }, i) => i <= from && header.log !== "");
  const older = segments.slice(Math.max(0, sound), from);
  const inputs = new Map(
    (older[0] ?? segments[from]!).header.inputs.map((mark) => [mark.file, mark]),
  );
  const all = [...await Promise.all(older.map((one) => scanSegment(store, one))), ...scans];
  for (const { endSeq, mark } of all.flatMap((scan) => scan.marks)) {
    if (endSeq <= seq) notePlace(inputs, mark);
  }
  return inputs;
}

/** Where the record `seq` stands, or would. */
async function provenPlace(
  store: FileStore,
  segments: readonly Segment[],
  seq: number,
): Promise<Place> {
  const index = Math.max(0, segments.findLastIndex(({ header }) => header.first <= seq));
  const segment = segments[index];
  if (segment === undefined) return { index, offset: 0, seq };
  return { index, ...await frameAt(store, segment, seq) };
}
