import type { FileStore, StoreEntry, StoreFile } from "../storage/store.ts";
import { type RecoveryContext, reportDamage } from "./damage.ts";
import { FRAME_START, MAX_HEADER_BYTES } from "./frame.ts";
import { FrameScanner, indexOf } from "./scan.ts";
import {
  FAILED_SYNC_NAME,
  FORMAT_VERSION,
  isSegmentName,
  parseSegmentName,
  readSegmentHeader,
  type Segment,
  SEGMENT_START,
  type SegmentHeader,
} from "./segment.ts";
import { readWhole } from "./whole.ts";

/** Added to the last known number of an opening where a segment's own cannot be read: surely above it. */
const EPOCH_MARGIN = 1_000;
/** Files that are opened at once: enough to keep the system's threads busy. */
const OPEN_AT_ONCE = 16;
/** Files that we left unfinished; those of others that end the same way are none of our business. */
const LEFT_UNFINISHED = /^(compact|sync-failed|wal-.+\.(torn|damaged))\.tmp$/;
/** Stands for a time that is not known. */
const NEVER = new Date(0).toISOString();

/** The files of a log. */
export interface Inventory {
  /** Segments, by the number of their first record; each as long as its file. */
  readonly segments: Segment[];
  /** A number that no opening had. */
  readonly epoch: number;
  /** Files that never held anything. */
  readonly obsolete: string[];
  /** Whether a sync failed, so that what was written and not synced may be gone. */
  readonly hadFailedSync: boolean;
  /** Files that are not as they were written, or were never written to the end. */
  readonly doubts: readonly Doubt[];
}

/** A segment whose first line cannot be read: damage, unless nothing in it was ever synced. */
export interface Doubt {
  /** The file. */
  readonly name: string;
  /** The number of its first record, as its name tells it. */
  readonly first: number;
  /** Its salt, as its name tells it. */
  readonly salt: string;
  /** Whether it looks like a segment that was cut while it was being created. */
  readonly isUnborn: boolean;
  /** Bytes in it. */
  readonly size: number;
  /** First byte that can be read again. */
  readonly end: number;
  /** What is wrong, to follow the segment's name. */
  readonly what: string;
}

/** A segment, or a file of that name that holds none. */
interface Found {
  readonly name: string;
  readonly size: number;
  readonly header: SegmentHeader | undefined;
  readonly state: "sound" | "headless" | "unborn" | "unreadable";
}

/**
 * Finds the segments of a log. One whose first line is damaged is read by its name and its frames, which
 * all carry its salt; its header then has no `log` and no `prev`. A file that holds no record is to be
 * removed, one that cannot be read or is not ours is left aside.
 *
 * @param entries All files of the store
 * @param knownLog The log's id as the cursors tell it
 */
export async function findSegments(
  context: RecoveryContext,
  entries: readonly StoreEntry[],
  knownLog: string | undefined,
): Promise<Inventory> {
  const names = entries.map(({ name }) => name);
  const obsolete = names.filter((name) => LEFT_UNFINISHED.test(name));
  const segments: Segment[] = [];
  const doubts: Doubt[] = [];
  let epoch = 0;
  let turn = 0;
  for (const found of await lookAt(context.store, segmentsAmong(entries))) {
    const { name, size: end, state } = found;
    const doubt = doubtOf(found);
    if (doubt !== undefined) doubts.push(doubt);
    if (found.header === undefined) continue;
    // That of one without a first line is not known; it was not begun before the one before it.
    const header = state === "headless" ? { ...found.header, epoch, turn } : found.header;
    if (header.epoch >= epoch) turn = header.turn;
    epoch = Math.max(epoch, header.epoch);
    segments.push({ name, header, end });
  }
  const { standing, joined } = withoutJoined(segments);
  obsolete.push(...joined.map(({ name }) => name));
  return {
    segments: withoutForeign(context, standing, knownLog),
    epoch: epoch + (doubts.length === 0 ? 1 : EPOCH_MARGIN),
    obsolete,
    hadFailedSync: names.includes(FAILED_SYNC_NAME),
    doubts,
  };
}

/** The entries that are segments, by name: in the order of their first records. */
function segmentsAmong(entries: readonly StoreEntry[]): StoreEntry[] {
  return entries.filter(({ name }) => isSegmentName(name))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Tells of a segment whose process ended, or whose disk was full, while it was being created. */
export function tellUnborn(
  { store, tell }: RecoveryContext,
  { name, size }: { readonly name: string; readonly size: number },
): void {
  if (size === 0) return;
  tell({
    kind: "torn-tail",
    message: `Segment "${name}" in "${store.label}" was cut while being created: ` +
      `its ${size} bytes hold no record and are removed`,
  });
}

/** Looks at many files, some at once, and keeps their order. */
async function lookAt(store: FileStore, entries: readonly StoreEntry[]): Promise<Found[]> {
  const found: Found[] = [];
  let next = 0;
  const look = async (): Promise<void> => {
    while (next < entries.length) {
      const i = next++;
      found[i] = await lookAtOne(store, entries[i]!);
    }
  };
  await Promise.all(Array.from({ length: OPEN_AT_ONCE }, look));
  return found;
}

async function lookAtOne(store: FileStore, { name, size }: StoreEntry): Promise<Found> {
  const file = await store.openFile(name, "read");
  try {
    const header = await readSegmentHeader(file, store, size);
    if (header !== undefined) return { name, size, header, state: "sound" };
    const salvaged = await salvage(file, store);
    if (salvaged !== undefined) return { name, size, header: salvaged, state: "headless" };
    const state = await isUnborn(file) ? "unborn" : "unreadable";
    return { name, size, header: undefined, state };
  } finally {
    file.close();
  }
}

/** What is to be said of a file that is not sound; undefined if there is nothing. */
function doubtOf({ name, size, header, state }: Found): Doubt | undefined {
  const named = { name, ...parseSegmentName(name), size, isUnborn: state === "unborn" };
  if (state === "headless") {
    const end = header!.head;
    const what =
      `is damaged from byte 0 to ${end}, in its first line: its records are read without it`;
    return { ...named, end, what };
  }
  if (state === "sound") return undefined;
  const what = `has no frame that can be read: its ${size} bytes are left aside`;
  return { ...named, end: size, what };
}

/** What stands in for a damaged first line, if the segment has a valid frame. */
async function salvage(file: StoreFile, store: FileStore): Promise<SegmentHeader | undefined> {
  const { first, salt } = parseSegmentName(file.name);
  const found = await new FrameScanner(file, store, salt).findFrame(0, file.size);
  if (found === undefined) return undefined;
  const unknown = { log: "", epoch: 0, turn: 0, boot: "", prev: null, inputs: [] };
  return { version: FORMAT_VERSION, ...unknown, created: NEVER, first, salt, head: found.offset };
}

/** Whether a file without a whole first line never held a record: the beginning of that line, or zeros. */
async function isUnborn(file: StoreFile): Promise<boolean> {
  if (file.size > MAX_HEADER_BYTES) return false;
  const bytes = new Uint8Array(file.size);
  await readWhole(file, bytes, 0);
  if (bytes.every((byte) => byte === 0)) return true;
  const encoder = new TextEncoder();
  const start = encoder.encode(SEGMENT_START).subarray(0, bytes.length);
  return indexOf(bytes, start, 0) === 0 && indexOf(bytes, encoder.encode(FRAME_START), 0) < 0;
}

/** Leaves out the segments that another one stands for. */
function withoutJoined(
  segments: readonly Segment[],
): { standing: Segment[]; joined: Segment[] } {
  const parts = new Map<string, number>();
  for (const { header: { joins = [] } } of segments) {
    for (const salt of joins) parts.set(salt, Math.max(parts.get(salt) ?? 0, joins.length));
  }
  const stands = ({ header: { salt, joins = [] } }: Segment): boolean =>
    joins.length >= (parts.get(salt) ?? 0);
  return {
    standing: segments.filter(stands),
    joined: segments.filter((segment) => !stands(segment)),
  };
}

/** Leaves out what was copied in: segments of another log, and second copies of one of ours. */
function withoutForeign(
  context: RecoveryContext,
  segments: readonly Segment[],
  knownLog: string | undefined,
): Segment[] {
  const log = ownLog(segments, knownLog);
  const salts = new Set<string>();
  return segments.filter(({ name, header, end }) => {
    const foreign = header.log !== log && header.log !== "";
    if (!foreign && !salts.has(header.salt)) {
      salts.add(header.salt);
      return true;
    }
    const what = foreign ? `belongs to another log, ${header.log}` : `is a copy of another segment`;
    reportDamage(context, { file: name, offset: 0, end }, `${what}: it is left aside`);
    return false;
  });
}

/** The id that the cursors tell, if a segment has it; else the one that most segments have. */
function ownLog(segments: readonly Segment[], knownLog: string | undefined): string | undefined {
  const counts = new Map<string, number>();
  for (const { header } of segments) {
    if (header.log !== "") counts.set(header.log, (counts.get(header.log) ?? 0) + 1);
  }
  if (knownLog !== undefined && counts.has(knownLog)) return knownLog;
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
