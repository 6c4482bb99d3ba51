import { codeOf } from "../errors.ts";
import type { FileStore, InputMark, LogChunk, StoreFile } from "../storage/store.ts";
import { headerRoom, hex32, writeFrameHeader } from "./frame.ts";
import {
  encodeSegmentHeader,
  GRAFT_NAME,
  type NewSegment,
  type Segment,
  segmentName,
} from "./segment.ts";
import { writeWholeSync } from "./whole.ts";

/** Lines that a new segment begins with. */
export interface CarriedLines {
  /** The lines. */
  readonly chunk: LogChunk;
  /** The place of the last one in its input. */
  readonly mark: InputMark | undefined;
}

/** What a grafted segment begins with: lines in memory, or read from other segments one by one. */
export type Carried = Iterable<CarriedLines> | AsyncIterable<CarriedLines>;

/**
 * Begins a segment that takes the place of what follows `header.prev.end`, with all that it carries.
 *
 * @param endSeq The number after the last record that it carries
 * @throws {Error} If the disk refuses; nothing of the log has changed then
 */
export async function graftSegment(
  store: FileStore,
  header: NewSegment,
  carried: Carried,
  endSeq: number,
): Promise<{ segment: Segment; file: StoreFile }> {
  const segment = await writeSegment(store, GRAFT_NAME, header, carried, endSeq);
  return { segment, file: await store.openFile(segment.name, "write") };
}

/**
 * Writes a segment and syncs it before it gets its name, so that it is there as a whole or not at all.
 *
 * @param unfinished What it is called until then
 * @param endSeq The number after its last record; all of them are durable once it has its name
 * @throws {Error} If the disk refuses, or `carried` throws; nothing of the log has changed then
 */
export async function writeSegment(
  store: FileStore,
  unfinished: string,
  header: NewSegment,
  carried: Carried,
  endSeq: number,
): Promise<Segment> {
  await store.remove(unfinished).catch(() => {});
  const { bytes, full } = encodeSegmentHeader(header, store.crc32);
  const name = segmentName(full.first, full.salt);
  try {
    const file = store.createSync(unfinished);
    try {
      writeWholeSync(file, bytes);
      for await (const lines of carried) {
        if (lines.chunk.count > 0) writeWholeSync(file, frameOf(store, lines, full.salt, endSeq));
      }
      await file.sync();
    } finally {
      file.close();
    }
    await store.rename(unfinished, name);
    await store.syncFolder();
    return { name, header: full, end: file.size };
  } catch (error) {
    await store.remove(unfinished).catch(() => {});
    throw error;
  }
}

function frameOf(
  store: FileStore,
  { chunk, mark }: CarriedLines,
  salt: string,
  durable: number,
): Uint8Array {
  const { firstSeq: seq, count: n, bytes: { length: len } } = chunk;
  const head = headerRoom(mark);
  const bytes = new Uint8Array(head + len);
  bytes.set(chunk.bytes, head);
  const body = hex32(store.crc32(chunk.bytes));
  const place = mark === undefined ? {} : { in: mark };
  const header = { seq, n, len, durable, salt, body, ...place };
  writeFrameHeader(bytes.subarray(0, head), header, store.crc32);
  return bytes;
}

/** Whether a disk refused for want of room: that passes, and the same is tried again. */
export function isOutOfRoom(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOSPC" || code === "EDQUOT";
}
