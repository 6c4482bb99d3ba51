import { type Clock, systemClock } from "../clock.ts";
import type { FileStore, SeqRun } from "../storage/store.ts";
import { isSound } from "./chain.ts";
import { type LogLook, lookAt } from "./inspect_look.ts";
import { pauseFor, SECOND_LOOK_MS } from "./inspect_pause.ts";
import { isSegmentName, parseSegmentName, type Segment } from "./segment.ts";
import { scanSegment, type SegmentScan } from "./segment_scan.ts";

/** A place that is not as it was written, and the records that cannot be read for it; `count` may be 0. */
export interface DamagedRange extends SeqRun {
  /** The segment's name. */
  readonly segment: string;
  /** First damaged byte. */
  readonly offset: number;
  /** First byte after the damage. */
  readonly end: number;
  /**
   * `frames`: bytes that are no valid frame; `first-line`: a segment's first line, without which its
   * records are read; `missing`: what should follow is not there; `left-aside`: a whole file that is no
   * segment of this log.
   */
  readonly kind: "frames" | "first-line" | "missing" | "left-aside";
  /** The same as a sentence. */
  readonly message: string;
}

/** Bytes of a write that never ended, behind the last whole frame: no damage, nobody was promised them. */
export interface TornTail {
  /** The segment's name. */
  readonly segment: string;
  /** Their first byte. */
  readonly offset: number;
  /** The byte after their last one. */
  readonly end: number;
}

/** What a log is found to be. */
export interface VerifiedLog {
  /** How messages call the store. */
  readonly label: string;
  /** The log's id; undefined if there is no log. */
  readonly logId: string | undefined;
  /** The oldest record that can be read. */
  readonly firstSeq: number;
  /** The number of the next record. */
  readonly nextSeq: number;
  /** Segments that were read. */
  readonly segments: number;
  /** Bytes in them. */
  readonly bytes: number;
  /** Records that cannot be read. */
  readonly lost: number;
  /** All damage, oldest first. */
  readonly damage: readonly DamagedRange[];
  /** The end of a write that was cut; undefined if there is none, or it is still going on. */
  readonly torn: TornTail | undefined;
}

/** How a log is verified. */
export interface VerifyOptions {
  /** Time, for a second look. */
  readonly clock?: Clock;
}

interface Findings {
  readonly damage: readonly DamagedRange[];
  readonly torn: TornTail | undefined;
}

/**
 * Checks every frame of every segment, and how segments follow one another. Memory stays bounded. Needs no
 * lock and changes nothing; a process may write to the log meanwhile: what looks wrong is looked at once
 * more, and told if it is still the same.
 *
 * @throws {Error} If the store cannot be read, or the log was written by a newer version of the format
 *
 * @example
 * ```ts
 * import { memoryStore, openWal, verifyLog } from "@logflume/logflume";
 *
 * const store = memoryStore();
 * const wal = await openWal(store);
 * wal.stage('{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"hello"}\n');
 * await wal.close();
 * const { damage, torn } = await verifyLog(store);
 * console.assert(damage.length === 0 && torn === undefined);
 * ```
 */
export async function verifyLog(
  store: FileStore,
  { clock = systemClock }: VerifyOptions = {},
): Promise<VerifiedLog> {
  const look = await lookAt(store);
  const found = await examine(look);
  if (found.damage.length === 0 && found.torn === undefined) return describe(look, found);
  await pauseFor(SECOND_LOOK_MS, clock);
  const suspects = new Set(found.damage.map(({ segment }) => segment));
  if (found.torn !== undefined) suspects.add(found.torn.segment);
  const again = await lookAt(store);
  return describe(again, inBoth(found, await examine(again, suspects)));
}

function describe({ store, log, segments, firstSeq }: LogLook, found: Findings): VerifiedLog {
  return {
    label: store.label,
    logId: log.log,
    firstSeq,
    nextSeq: log.nextSeq,
    segments: segments.length,
    bytes: segments.reduce((sum, { end }) => sum + end, 0),
    lost: found.damage.reduce((sum, { count }) => sum + count, 0),
    ...found,
  };
}

/** What a writer was at during one look is different in the next. */
function inBoth(first: Findings, second: Findings): Findings {
  const keyOf = ({ segment, offset, firstSeq }: DamagedRange): string =>
    `${segment} ${offset} ${firstSeq}`;
  const keys = new Set(first.damage.map(keyOf));
  const [a, b] = [first.torn, second.torn];
  const isTorn = a?.segment === b?.segment && a?.offset === b?.offset && a?.end === b?.end;
  return {
    damage: second.damage.filter((range) => keys.has(keyOf(range))),
    torn: isTorn ? b : undefined,
  };
}

/** Reads all segments, or some of them. */
async function examine(look: LogLook, only?: ReadonlySet<string>): Promise<Findings> {
  const damage = strangers(look);
  let torn: TornTail | undefined;
  for (const [i, segment] of look.segments.entries()) {
    if (only !== undefined && !only.has(segment.name)) continue;
    const scan = await scanIfThere(look.store, segment);
    if (scan === undefined) continue;
    damage.push(...insideOf(scan));
    const next = look.segments[i + 1];
    if (next !== undefined) damage.push(...endOf(scan, next));
    else {
      const tail = await tailOf(look, scan);
      damage.push(...tail.damage);
      torn = tail.torn;
    }
  }
  return { damage, torn };
}

/** Undefined for a segment that was removed since the look. */
async function scanIfThere(store: FileStore, segment: Segment): Promise<SegmentScan | undefined> {
  try {
    return await scanSegment(store, segment);
  } catch (error) {
    const files = await store.list();
    if (files.some(({ name }) => name === segment.name)) throw error;
    return undefined;
  }
}

function insideOf({ segment, holes }: SegmentScan): DamagedRange[] {
  const { name, header } = segment;
  const firstLine = isSound(segment)
    ? []
    : [rangeOf("first-line", name, 0, header.head, header.first, header.first)];
  const frames = holes.map(({ offset, end, fromSeq, toSeq }) =>
    rangeOf("frames", name, offset, end, fromSeq, toSeq)
  );
  return [...firstLine, ...frames];
}

/** What is wrong with the end of a segment that another one follows. */
function endOf({ segment, end, nextSeq, contentEnd }: SegmentScan, next: Segment): DamagedRange[] {
  const { name, header: { salt } } = segment;
  const { first, prev } = next.header;
  if (first > nextSeq) {
    const isLinked = prev?.salt === salt || !isSound(next);
    const until = prev?.salt === salt ? prev.end : segment.end;
    const kind = isLinked && contentEnd > end ? "frames" : "missing";
    return [rangeOf(kind, name, end, Math.max(segment.end, until), nextSeq, first)];
  }
  // Where nothing stands, a frame that told of durability is gone: a power cut may take it.
  return contentEnd > end ? [rangeOf("frames", name, end, segment.end, nextSeq, nextSeq)] : [];
}

/** What stands behind the last whole frame: damage, if a recovery says that records must be there. */
async function tailOf({ store, files, log }: LogLook, scan: SegmentScan): Promise<Findings> {
  const { segment, end, nextSeq } = scan;
  const size = files.find(({ name }) => name === segment.name)?.size ?? 0;
  const header = { ...segment.header, head: segment.end, first: log.nextSeq };
  const rest = await scanIfThere(store, { ...segment, header, end: size });
  const last = rest?.contentEnd ?? segment.end;
  if (log.nextSeq > nextSeq) {
    const until = Math.max(last, segment.end);
    const lost = rangeOf("frames", segment.name, end, until, nextSeq, log.nextSeq);
    return { damage: [lost], torn: undefined };
  }
  const offset = rest?.holes[0]?.offset ?? rest?.end ?? last;
  const torn = last > offset ? { segment: segment.name, offset, end: last } : undefined;
  return { damage: [], torn };
}

/**
 * Files with the name of a segment that are none of this log's: those that are older than its oldest one,
 * whose records it misses, and those of which a recovery speaks.
 */
function strangers({ files, from, segments, told }: LogLook): DamagedRange[] {
  const ours = new Set(segments.map(({ name }) => name));
  const isTold = (name: string): boolean =>
    told.some(({ kind, message }) => kind === "damage" && message.startsWith(`Segment "${name}"`));
  const found: DamagedRange[] = [];
  let toSeq = segments[0]?.header.first ?? 0;
  for (const { name, size } of files.toSorted((a, b) => a.name < b.name ? 1 : -1)) {
    if (!isSegmentName(name) || ours.has(name)) continue;
    const { first } = parseSegmentName(name);
    const lostFrom = Math.max(first, from);
    if (lostFrom < toSeq && size > 0) {
      found.unshift(rangeOf("left-aside", name, 0, size, lostFrom, toSeq));
      toSeq = lostFrom;
    } else if (isTold(name)) {
      // What is missing in its place is told by the segment before it.
      found.unshift(rangeOf("left-aside", name, 0, size, first, first));
    }
  }
  return found;
}

const WHAT: Readonly<Record<DamagedRange["kind"], (offset: number, end: number) => string>> = {
  "frames": (offset, end) => `is damaged from byte ${offset} to ${end}`,
  "first-line": (offset, end) => `is damaged from byte ${offset} to ${end}, in its first line`,
  "missing": (offset, end) =>
    end > offset
      ? `ends at byte ${offset} where ${end} were written`
      : `is not followed by the segment that should come after it`,
  "left-aside": () => `cannot be read, or belongs to another log`,
};

function rangeOf(
  kind: DamagedRange["kind"],
  segment: string,
  offset: number,
  end: number,
  firstSeq: number,
  toSeq: number,
): DamagedRange {
  const count = toSeq - firstSeq;
  const lost = count === 0
    ? "no record is lost"
    : count === 1
    ? `record ${firstSeq} cannot be read`
    : `records ${firstSeq} to ${toSeq - 1} cannot be read`;
  const message = `Segment "${segment}" ${WHAT[kind](offset, end)}: ${lost}`;
  return { segment, offset, end, firstSeq, count, kind, message };
}
