import type { CursorRow, FileStore, LogNotice, StoreEntry } from "../storage/store.ts";
import { isSound } from "./chain.ts";
import { CursorFile } from "./cursors.ts";
import { readOnly } from "./inspect_store.ts";
import { recover, type RecoveredLog } from "./recovery.ts";
import { isSegmentName, parseSegmentName, readSegmentHeader, type Segment } from "./segment.ts";

/** A log that keeps changing under our eyes is looked at so often, at most. */
const MOST_LOOKS = 20;

/** A log as the next opening would find it. */
export interface LogLook {
  /** The bytes, which cannot be changed through it. */
  readonly store: FileStore;
  /** All files. */
  readonly files: readonly StoreEntry[];
  /** What a recovery finds. */
  readonly log: RecoveredLog;
  /** The segments, oldest first; the last one may hold no record yet. */
  readonly segments: readonly Segment[];
  /** The oldest record that can be read. */
  readonly firstSeq: number;
  /** Records below this one were given up, whatever the segments still hold. */
  readonly from: number;
  /** The stored cursors. */
  readonly cursors: readonly CursorRow[];
  /** What a recovery says. */
  readonly told: readonly LogNotice[];
}

/**
 * Looks at a log as a recovery does, without its lock and without a change. A writer may go on meanwhile: a
 * look during which segments came or went and which failed for it is taken again.
 *
 * @throws {Error} If the store cannot be read, or the log was written by a newer version of the format
 */
export async function lookAt(store: FileStore): Promise<LogLook> {
  const view = readOnly(store);
  for (let left = MOST_LOOKS;; left--) {
    const files = await view.list();
    try {
      return await look(view, files);
    } catch (error) {
      const isSame = segmentNames(await view.list()).join() === segmentNames(files).join();
      if (isSame || left <= 1) throw error;
    }
  }
}

/** The names of segments among files, oldest first. */
export function segmentNames(files: readonly StoreEntry[]): string[] {
  return files.map(({ name }) => name).filter(isSegmentName).sort();
}

async function look(store: FileStore, files: readonly StoreEntry[]): Promise<LogLook> {
  const cursors = await readCursors(store, files);
  const told: LogNotice[] = [];
  const tell = (notice: LogNotice): void => void told.push(notice);
  const log = await recover(store, files, "quarantine", tell, cursors.log);
  const begun = await findBegun(store, log);
  const segments = begun === undefined ? log.segments : [...log.segments, begun];
  const from = Math.min(cursors.from, log.nextSeq);
  const firstSeq = Math.max(from, segments[0]?.header.first ?? log.nextSeq);
  return { store, files, log, segments, firstSeq, from, cursors: cursors.rows, told };
}

async function readCursors(
  store: FileStore,
  files: readonly StoreEntry[],
): Promise<Pick<CursorFile, "rows" | "from" | "log">> {
  const file = await CursorFile.open(store, files);
  file.close();
  return file;
}

/** The segment that is being written and holds no record yet; for a recovery it is no part of the log. */
async function findBegun(store: FileStore, log: RecoveredLog): Promise<Segment | undefined> {
  let newest: Segment | undefined;
  for (const name of log.obsolete.filter(isSegmentName)) {
    if (parseSegmentName(name).first !== log.nextSeq) continue;
    const segment = await readBeginning(store, name);
    if (segment === undefined || segment.header.log !== log.log) continue;
    const last = newest ?? log.segments.at(-1);
    if (last !== undefined && isSound(last) && last.header.epoch > segment.header.epoch) continue;
    newest = segment;
  }
  return newest;
}

async function readBeginning(store: FileStore, name: string): Promise<Segment | undefined> {
  const file = await store.openFile(name, "read");
  try {
    const header = await readSegmentHeader(file, store);
    return header && { name, header, end: header.head };
  } finally {
    file.close();
  }
}
