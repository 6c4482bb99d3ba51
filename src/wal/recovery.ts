import { DamagedLogError } from "../errors.ts";
import type { FileStore, InputMark, LogNotice, StoreFile } from "../storage/store.ts";
import { FrameScanner } from "./scan.ts";
import { isSegmentName, readSegmentHeader, type Segment, type SegmentHeader } from "./segment.ts";

/** What to do about bytes that are not what was written. */
export type DamagePolicy = "refuse" | "quarantine";

/** A log as found at opening. */
export interface RecoveredLog {
  /** The segments that hold records, oldest first. */
  readonly segments: Segment[];
  /** The sequence number that the next record gets. */
  readonly nextSeq: number;
  /** The last place of each input. */
  readonly inputs: Map<string, InputMark>;
  /** Segments that hold nothing and can be removed once a new one stands. */
  readonly empty: Segment[];
}

/** Where a segment's valid frames end. */
interface Scan {
  readonly end: number;
  readonly nextSeq: number;
  readonly marks: readonly InputMark[];
}

/** How many bytes of a torn tail are kept beside the log. */
const TORN_KEPT_BYTES = 1_048_576;

/**
 * Reads what an earlier run left. Only the last segment is scanned: every other one is sealed by the
 * header of its successor. After it the kept records are synced, since a kill leaves them in the page
 * cache, where they can be read and are not yet on the disk.
 *
 * @throws {DamagedLogError} If there is damage and the policy is `refuse`
 */
export async function recover(
  store: FileStore,
  policy: DamagePolicy,
  tell: (notice: LogNotice) => void,
): Promise<RecoveredLog> {
  const segments = await readSegments(store, policy, tell);
  linkSegments(segments, store, policy, tell);
  const last = segments.at(-1);
  const inputs = new Map<string, InputMark>();
  if (last === undefined) return { segments, nextSeq: 1, inputs, empty: [] };
  const scan = await scanLast(last, store, policy, tell);
  for (const mark of [...last.header.inputs, ...scan.marks]) inputs.set(mark.file, mark);
  last.end = scan.end;
  const empty = scan.nextSeq === last.header.first ? segments.splice(-1) : [];
  return { segments, nextSeq: scan.nextSeq, inputs, empty };
}

async function readSegments(
  store: FileStore,
  policy: DamagePolicy,
  tell: (notice: LogNotice) => void,
): Promise<Segment[]> {
  const names = (await store.list()).map((entry) => entry.name).filter(isSegmentName).sort();
  const segments: Segment[] = [];
  for (const name of names) {
    const file = await store.openFile(name);
    const { size } = file;
    let header: SegmentHeader | undefined;
    try {
      header = await readSegmentHeader(file, store);
    } finally {
      file.close();
    }
    if (header !== undefined) segments.push({ name, header, end: size });
    else if (name === names.at(-1)) await discardUnborn(store, name, size, tell);
    else reportUnreadable(store, name, size, policy, tell);
  }
  // Two segments can begin at one sequence number when the first of them holds nothing.
  return segments.sort((a, b) =>
    a.header.first - b.header.first || a.header.epoch - b.header.epoch
  );
}

/** The newest segment without a whole first line: the process ended while creating it. */
async function discardUnborn(
  store: FileStore,
  name: string,
  size: number,
  tell: (notice: LogNotice) => void,
): Promise<void> {
  await store.remove(name);
  tell({
    kind: "torn-tail",
    message: `Segment "${name}" in "${store.label}" was cut while being created: ` +
      `its ${size} bytes hold no record and were removed`,
  });
}

function reportUnreadable(
  store: FileStore,
  name: string,
  size: number,
  policy: DamagePolicy,
  tell: (notice: LogNotice) => void,
): void {
  const message = `Segment "${name}" in "${store.label}" has a damaged first line: ` +
    `its ${size} bytes are left aside`;
  if (policy === "refuse") throw new DamagedLogError(message, { file: name, offset: 0, end: size });
  tell({ kind: "damage", message });
}

/** Sets where each segment ends, as its successor sealed it, and finds breaks in the chain. */
function linkSegments(
  segments: Segment[],
  store: FileStore,
  policy: DamagePolicy,
  tell: (notice: LogNotice) => void,
): void {
  for (let i = 1; i < segments.length; i++) {
    const before = segments[i - 1]!;
    const { prev } = segments[i]!.header;
    const size = before.end;
    if (prev?.salt === before.header.salt) {
      before.end = Math.min(prev.end, size);
      if (size >= prev.end) continue;
    }
    const what = prev?.salt === before.header.salt
      ? `ends at byte ${size} where ${prev.end} were written`
      : `is not followed by the segment that should come after it`;
    const message =
      `Segment "${before.name}" in "${store.label}" ${what}: records may be missing ` +
      `before number ${segments[i]!.header.first}`;
    if (policy === "refuse") {
      throw new DamagedLogError(message, { file: before.name, offset: size, end: size });
    }
    tell({ kind: "damage", message });
  }
}

/** Scans the last segment, repairs a torn tail, and syncs what is kept. */
async function scanLast(
  segment: Segment,
  store: FileStore,
  policy: DamagePolicy,
  tell: (notice: LogNotice) => void,
): Promise<Scan> {
  const file = await store.openFile(segment.name);
  try {
    const scan = await scanFrames(file, segment, store, policy, tell);
    if (scan.end < file.size) await cutTornTail(file, segment, scan.end, store, tell);
    await file.sync();
    return scan;
  } finally {
    file.close();
  }
}

async function scanFrames(
  file: StoreFile,
  segment: Segment,
  store: FileStore,
  policy: DamagePolicy,
  tell: (notice: LogNotice) => void,
): Promise<Scan> {
  const scanner = new FrameScanner(file, store, segment.header.salt);
  const marks = new Map<string, InputMark>();
  let end = segment.header.head;
  let nextSeq = segment.header.first;
  for (let offset = end;;) {
    const found = await scanner.at(offset, file.size);
    if (found.kind === "end") break;
    if (found.kind === "invalid") {
      // A later valid frame proves that this is no torn tail: it was followed by more.
      const resume = await scanner.findFrame(offset + 1, file.size);
      if (resume === undefined) break;
      const lost = { from: nextSeq, to: resume.header.seq - 1, offset, end: resume.offset };
      reportDamage(segment, store, lost, policy, tell);
      offset = resume.offset;
      nextSeq = resume.header.seq;
      continue;
    }
    const { header, end: frameEnd } = found.frame;
    if (header.in !== undefined) marks.set(header.in.file, header.in);
    offset = end = frameEnd;
    nextSeq = header.seq + header.n;
  }
  return { end, nextSeq, marks: [...marks.values()] };
}

function reportDamage(
  segment: Segment,
  store: FileStore,
  lost: { from: number; to: number; offset: number; end: number },
  policy: DamagePolicy,
  tell: (notice: LogNotice) => void,
): void {
  const message = `Segment "${segment.name}" in "${store.label}" is damaged from byte ` +
    `${lost.offset} to ${lost.end}: records ${lost.from} to ${lost.to} cannot be read`;
  if (policy === "refuse") throw new DamagedLogError(message, { file: segment.name, ...lost });
  tell({ kind: "damage", message });
}

/** Cuts bytes that never became a whole frame, after keeping a copy of them beside the log. */
async function cutTornTail(
  file: StoreFile,
  segment: Segment,
  end: number,
  store: FileStore,
  tell: (notice: LogNotice) => void,
): Promise<void> {
  const torn = new Uint8Array(Math.min(file.size - end, TORN_KEPT_BYTES));
  const size = file.size - end;
  const kept = torn.subarray(0, await file.read(torn, end));
  const aside = `${segment.name}.${segment.header.epoch}-${end}.torn`;
  await store.remove(aside).catch(() => {});
  const copy = store.createSync(aside);
  for (let done = 0; done < kept.length;) done += copy.writeSync(kept.subarray(done));
  copy.close();
  await file.truncate(end);
  tell({
    kind: "torn-tail",
    message: `Segment "${segment.name}" in "${store.label}" ended with ${size} bytes of an ` +
      `unfinished write: they were cut off and kept in "${aside}"`,
  });
}
