import type { StoreFile } from "../storage/store.ts";
import { type RecoveryContext, reportDamage } from "./damage.ts";
import { FRAME_START, MAX_HEADER_BYTES } from "./frame.ts";
import { FrameScanner, indexOf } from "./scan.ts";
import {
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

/**
 * Finds the segments of a log, oldest first, each as long as its file. A segment whose first line is
 * damaged is read by its name and its frames, which all carry its salt; its header then has no `log` and
 * no `prev`. A file that holds no record is removed, one that cannot be read or is not ours left aside.
 *
 * @param knownLog The log's id as the cursors tell it
 */
export async function findSegments(
  context: RecoveryContext,
  knownLog: string | undefined,
): Promise<Segment[]> {
  const names = (await context.store.list()).map((entry) => entry.name).filter(isSegmentName);
  const segments: Segment[] = [];
  let epoch = 0;
  for (const name of names.sort()) {
    const header = await readHeaderOrSalvage(context, name, epoch + EPOCH_MARGIN);
    if (header === undefined) continue;
    epoch = Math.max(epoch, header.header.epoch);
    segments.push(header);
  }
  const ours = withoutForeign(context, segments, knownLog);
  // Two segments can begin at one sequence number when the first of them holds nothing.
  return ours.sort((a, b) => a.header.first - b.header.first || a.header.epoch - b.header.epoch);
}

async function readHeaderOrSalvage(
  context: RecoveryContext,
  name: string,
  epoch: number,
): Promise<Segment | undefined> {
  const { store } = context;
  const file = await store.openFile(name, "read");
  const { size } = file;
  try {
    const header = await readSegmentHeader(file, store) ?? await salvage(context, file, epoch);
    if (header !== undefined) return { name, header, end: size };
    if (!await isUnborn(file)) {
      reportDamage(
        context,
        { file: name, offset: 0, end: size },
        `has no frame that can be read: its ${size} bytes are left aside`,
      );
      return undefined;
    }
  } finally {
    file.close();
  }
  // The process ended, or the disk was full, while the segment was being created.
  await store.remove(name);
  context.tell({
    kind: "torn-tail",
    message: `Segment "${name}" in "${store.label}" was cut while being created: ` +
      `its ${size} bytes hold no record and were removed`,
  });
  return undefined;
}

/** What stands in for a damaged first line, if the segment has a valid frame. */
async function salvage(
  context: RecoveryContext,
  file: StoreFile,
  epoch: number,
): Promise<SegmentHeader | undefined> {
  const { first, salt } = parseSegmentName(file.name);
  const scanner = new FrameScanner(file, context.store, salt);
  const found = await scanner.findFrame(0, file.size);
  if (found === undefined) return undefined;
  const head = found.offset;
  reportDamage(
    context,
    { file: file.name, offset: 0, end: head },
    `is damaged from byte 0 to ${head}, in its first line: its records are read without it`,
  );
  const unknown = { log: "", prev: null, inputs: [], created: new Date(0).toISOString() };
  return { version: FORMAT_VERSION, ...unknown, epoch, first, salt, head };
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
