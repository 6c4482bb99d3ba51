import { messageOf } from "../errors.ts";
import type { FileStore, InputMark, LogNotice, StoreFile } from "../storage/store.ts";
import { type DamagePolicy, type RecoveryContext, reportDamage } from "./damage.ts";
import { findSegments } from "./inventory.ts";
import { FrameScanner } from "./scan.ts";
import type { Segment } from "./segment.ts";
import { readWhole, writeWholeSync } from "./whole.ts";

export type { DamagePolicy } from "./damage.ts";

/** A log as found at opening. */
export interface RecoveredLog {
  /** The log's id; undefined if there is none yet. */
  readonly log: string | undefined;
  /** The highest number of an opening. */
  readonly epoch: number;
  /** The segments that hold records, oldest first. */
  readonly segments: readonly Segment[];
  /** The sequence number that the next record gets. */
  readonly nextSeq: number;
  /** The last place of each input. */
  readonly inputs: Map<string, InputMark>;
  /** Segments that hold nothing and can be removed once a new one stands. */
  readonly empty: readonly Segment[];
}

/** What the frames of a segment tell. */
interface Scan {
  /** Where the valid frames end. */
  readonly end: number;
  /** The sequence number after the last record. */
  readonly nextSeq: number;
  /** Records below this one were durable when the last frame was written. */
  readonly durable: number;
  /** The last place of each input. */
  readonly marks: readonly InputMark[];
}

/** How many bytes of a torn tail are kept beside the log. */
const TORN_KEPT_BYTES = 1_048_576;

/**
 * Reads what an earlier run left. Only the last segment is scanned: every other one is sealed by the
 * header of its successor. After it the kept records are synced, since a kill leaves them in the page
 * cache, where they can be read and are not yet on the disk.
 *
 * @param knownLog The log's id as the cursors tell it
 * @throws {DamagedLogError} If there is damage and the policy is `refuse`
 */
export async function recover(
  store: FileStore,
  policy: DamagePolicy,
  tell: (notice: LogNotice) => void,
  knownLog: string | undefined,
): Promise<RecoveredLog> {
  const context = { store, policy, tell };
  const found = await findSegments(context, knownLog);
  const { segments, empty } = splitOffEmpty(found);
  linkSegments(context, segments);
  const last = segments.at(-1);
  const inputs = new Map<string, InputMark>();
  if (last === undefined) {
    return { log: undefined, epoch: 0, segments, nextSeq: 1, inputs, empty };
  }
  const scan = await scanLast(context, last);
  last.end = scan.end;
  for (const mark of await olderInputs(context, segments)) inputs.set(mark.file, mark);
  for (const mark of scan.marks) inputs.set(mark.file, mark);
  await syncSealed(context, segments, scan.durable);
  if (scan.end === last.header.head) empty.push(segments.pop()!);
  const log = found.find(({ header }) => header.log !== "")?.header.log ?? knownLog;
  const epoch = Math.max(...found.map(({ header }) => header.epoch));
  return { log, epoch, segments, nextSeq: scan.nextSeq, inputs, empty };
}

/**
 * Parts from the rest the segments that hold nothing: those of openings in which nothing was written.
 * One that a successor sealed held something once, so it is damaged, not empty; and the newest one is
 * needed, since it seals the one before it.
 */
function splitOffEmpty(found: readonly Segment[]): { segments: Segment[]; empty: Segment[] } {
  const sealed = new Set(found.map(({ header }) => header.prev?.salt));
  const newest = found.at(-1);
  const isEmpty = (segment: Segment): boolean =>
    segment !== newest && segment.end <= segment.header.head && !sealed.has(segment.header.salt);
  return {
    segments: found.filter((segment) => !isEmpty(segment)),
    empty: found.filter(isEmpty),
  };
}

/** Sets where each segment ends, as its successor sealed it, and finds breaks in the chain. */
function linkSegments(context: RecoveryContext, segments: readonly Segment[]): void {
  for (let i = 1; i < segments.length; i++) {
    const before = segments[i - 1]!;
    const { prev, first, log } = segments[i]!.header;
    // Its first line is damaged, which was reported: what it said of the chain is not known.
    if (log === "") continue;
    const size = before.end;
    const linked = prev?.salt === before.header.salt;
    if (linked) before.end = Math.min(prev.end, size);
    if (linked && size >= prev.end) continue;
    const what = linked
      ? `ends at byte ${size} where ${prev.end} were written`
      : `is not followed by the segment that should come after it`;
    reportDamage(
      context,
      { file: before.name, offset: size, end: linked ? prev.end : size },
      `${what}: records may be missing before number ${first}`,
    );
  }
}

/**
 * The places of inputs as known before the last segment's frames: its first line repeats them all. Where
 * that line is damaged, the segments before it tell.
 */
async function olderInputs(
  context: RecoveryContext,
  segments: readonly Segment[],
): Promise<InputMark[]> {
  const sound = segments.findLastIndex(({ header }) => header.log !== "");
  const marks = [...segments[sound]?.header.inputs ?? []];
  for (const segment of segments.slice(Math.max(0, sound), -1)) {
    const file = await context.store.openFile(segment.name, "read");
    try {
      // Damage there is for the reader to tell, who meets it again.
      const quiet: RecoveryContext = { ...context, policy: "quarantine", tell: () => {} };
      marks.push(...(await scanFrames(quiet, file, segment, segment.end)).marks);
    } finally {
      file.close();
    }
  }
  return marks;
}

/** Scans the last segment, repairs a torn tail, and syncs what is kept. */
async function scanLast(context: RecoveryContext, segment: Segment): Promise<Scan> {
  const file = await context.store.openFile(segment.name, "write");
  try {
    const scan = await scanFrames(context, file, segment, file.size);
    if (scan.end < file.size) await cutTornTail(context, file, segment, scan.end);
    await file.sync();
    return scan;
  } finally {
    file.close();
  }
}

async function scanFrames(
  context: RecoveryContext,
  file: StoreFile,
  segment: Segment,
  size: number,
): Promise<Scan> {
  const scanner = new FrameScanner(file, context.store, segment.header.salt);
  const marks = new Map<string, InputMark>();
  let end = segment.header.head;
  let nextSeq = segment.header.first;
  let durable = 0;
  // Where damage begins that was met and not yet reported.
  let damagedFrom: number | undefined;
  for (let offset = end;;) {
    const found = await scanner.at(offset, size);
    if (found.kind === "end") break;
    if (found.kind === "invalid") {
      damagedFrom ??= offset;
      // A later valid frame proves that this is no torn tail: it was followed by more.
      const resume = await scanner.findFrame(offset + 1, size);
      if (resume === undefined) break;
      offset = resume.offset;
      continue;
    }
    const { header, end: frameEnd } = found.frame;
    if (header.seq > nextSeq || damagedFrom !== undefined) {
      reportLost(context, segment, damagedFrom ?? offset, offset, nextSeq, header.seq - 1);
    }
    if (header.in !== undefined) marks.set(header.in.file, header.in);
    damagedFrom = undefined;
    offset = end = frameEnd;
    nextSeq = header.seq + header.n;
    durable = header.durable;
  }
  return { end, nextSeq, durable, marks: [...marks.values()] };
}

function reportLost(
  context: RecoveryContext,
  segment: Segment,
  offset: number,
  end: number,
  from: number,
  to: number,
): void {
  const lost = to < from ? "no record is lost" : `records ${from} to ${to} cannot be read`;
  const place = { file: segment.name, offset, end };
  reportDamage(context, place, `is damaged from byte ${offset} to ${end}: ${lost}`);
}

/** Syncs the finished segments of the last opening that may not have been synced by it. */
async function syncSealed(
  context: RecoveryContext,
  segments: readonly Segment[],
  durable: number,
): Promise<void> {
  const { epoch } = segments.at(-1)!.header;
  for (const [i, { name, header }] of segments.slice(0, -1).entries()) {
    // Every opening syncs what it found, so the segments of earlier ones left nothing to do.
    if (header.epoch < epoch || segments[i + 1]!.header.first <= durable) continue;
    const file = await context.store.openFile(name, "write");
    try {
      await file.sync();
    } finally {
      file.close();
    }
  }
}

/** Cuts bytes that never became a whole frame, after keeping a copy of them beside the log. */
async function cutTornTail(
  context: RecoveryContext,
  file: StoreFile,
  segment: Segment,
  end: number,
): Promise<void> {
  const { store } = context;
  const size = file.size - end;
  const aside = `${segment.name}.${segment.header.epoch}-${end}.torn`;
  const fate = await keepAside(store, aside, file, end).then(
    () => `kept in "${aside}"`,
    // The copy is a courtesy: a full disk must not keep the log from opening.
    (error) => `not kept: ${messageOf(error)}`,
  );
  await file.truncate(end);
  context.tell({
    kind: "torn-tail",
    message: `Segment "${segment.name}" in "${store.label}" ended with ${size} bytes of an ` +
      `unfinished write: they were cut off and ${fate}`,
  });
}

async function keepAside(
  store: FileStore,
  name: string,
  file: StoreFile,
  from: number,
): Promise<void> {
  const torn = new Uint8Array(Math.min(file.size - from, TORN_KEPT_BYTES));
  const kept = torn.subarray(0, await readWhole(file, torn, from));
  await store.remove(name).catch(() => {});
  const copy = store.createSync(name);
  try {
    writeWholeSync(copy, kept);
  } finally {
    copy.close();
  }
}
