/**
 * Looks into a log that another process may be writing, or that a crash or a failing disk has left: without
 * the lock, without a change, with no permission but to read. What is found is what the next opening would
 * find, since the same code finds it.
 *
 * @module
 */
import { type Clock, systemClock } from "../clock.ts";
import type { CursorRow, FileStore, InputMark, SeqRun } from "../storage/store.ts";
import { isSound } from "./chain.ts";
import { type LogLook, lookAt } from "./inspect_look.ts";
import { pauseFor, SECOND_LOOK_MS } from "./inspect_pause.ts";
import { isSegmentName, type Segment, UNFINISHED } from "./segment.ts";

export { readChunks, readEntries } from "./inspect_read.ts";
export type { ReadChunksOptions, ReadEntriesOptions, ReadEntry } from "./inspect_read.ts";
export { verifyLog } from "./inspect_verify.ts";
export type { DamagedRange, TornTail, VerifiedLog, VerifyOptions } from "./inspect_verify.ts";

/** A segment as it is found. */
export interface InspectedSegment {
  /** The file's name. */
  readonly name: string;
  /** The number of its first record. */
  readonly firstSeq: number;
  /** The number after its last record, as its successor tells it. */
  readonly nextSeq: number;
  /** The number of the opening that wrote it. */
  readonly epoch: number;
  /** Bytes that count. */
  readonly bytes: number;
  /** `live`: the last one, to which a process may be writing; the others are `sealed` by a later one. */
  readonly state: "sealed" | "live";
  /** Whether its first line can be read; if not, `epoch` and `created` are not known. */
  readonly isSound: boolean;
  /** When it was begun, ISO 8601. */
  readonly created: string;
}

/** Where a reader of the log is. */
export interface InspectedCursor extends CursorRow {
  /** Records that it has yet to settle. */
  readonly lag: number;
}

/** A file beside the segments that is no part of the log. */
export interface AsideFile {
  /** The file's name. */
  readonly name: string;
  /** Bytes in it. */
  readonly bytes: number;
  /**
   * `torn`: the cut-off rest of an unfinished write; `damaged`: a damaged segment as it was found;
   * `unfinished`: never became a segment, or tells of a failed sync; `left-over`: a segment that is no part
   * of the log any more, or never was.
   */
  readonly kind: "torn" | "damaged" | "unfinished" | "left-over";
}

/** What a log consists of. */
export interface InspectedLog {
  /** How messages call the store. */
  readonly label: string;
  /** The log's id; undefined if there is no log. */
  readonly logId: string | undefined;
  /** The oldest record that can be read. */
  readonly firstSeq: number;
  /** The number of the next record. */
  readonly nextSeq: number;
  /** Every record below this one is proven to be on the disk, as later frames tell. */
  readonly durableSeq: number;
  /** Bytes in all segments. */
  readonly bytes: number;
  /** Bytes in all files of the folder, room that is reserved included. */
  readonly fileBytes: number;
  /** The segments, oldest first. */
  readonly segments: readonly InspectedSegment[];
  /** The stored cursors; a running process stores them about every 100 ms. */
  readonly cursors: readonly InspectedCursor[];
  /** How far each input was read, as the newest records tell it. */
  readonly inputs: readonly InputMark[];
  /** Files that are no part of the log. */
  readonly aside: readonly AsideFile[];
  /** Records among the newest that cannot be read; `verifyLog` looks at all. */
  readonly lost: readonly SeqRun[];
  /** What is damaged, as far as the newest records and the first lines tell, a sentence each. */
  readonly damage: readonly string[];
}

/** How a log is looked at. */
export interface InspectOptions {
  /** Time, for a second look. */
  readonly clock?: Clock;
}

/**
 * Tells what a log consists of. Reads the first line of each segment and the newest records. Needs no lock
 * and changes nothing; a process may write to the log meanwhile.
 *
 * @throws {Error} If the store cannot be read, or the log was written by a newer version of the format
 *
 * @example
 * ```ts
 * import { inspectLog, memoryStore, openWal } from "@logflume/logflume";
 *
 * const store = memoryStore();
 * const wal = await openWal(store);
 * wal.stage('{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"hello"}\n');
 * await wal.close();
 * const { nextSeq, segments } = await inspectLog(store);
 * console.assert(nextSeq === 2 && segments.length === 1);
 * ```
 */
export async function inspectLog(
  store: FileStore,
  { clock = systemClock }: InspectOptions = {},
): Promise<InspectedLog> {
  const first = await lookAt(store);
  const doubts = damageOf(first);
  if (doubts.length === 0) return describe(first, []);
  await pauseFor(SECOND_LOOK_MS, clock);
  const second = await lookAt(store);
  const still = new Set(damageOf(second));
  return describe(second, doubts.filter((message) => still.has(message)));
}

function damageOf({ told }: LogLook): string[] {
  return told.filter(({ kind }) => kind === "damage").map(({ message }) => message);
}

function describe(look: LogLook, damage: readonly string[]): InspectedLog {
  const { store, files, log, firstSeq } = look;
  const { nextSeq } = log;
  const segments = look.segments.map((segment, i) => describeSegment(look, segment, i));
  return {
    label: store.label,
    logId: log.log,
    firstSeq,
    nextSeq,
    durableSeq: Math.max(firstSeq, log.proven.seq),
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    fileBytes: files.reduce((sum, { size }) => sum + size, 0),
    segments,
    cursors: look.cursors.map((row) => ({ ...row, lag: Math.max(0, nextSeq - row.nextSeq) })),
    inputs: [...log.inputs.values()],
    aside: asideOf(look),
    lost: log.lost,
    damage,
  };
}

function describeSegment(look: LogLook, segment: Segment, index: number): InspectedSegment {
  const { name, header, end } = segment;
  const next = look.segments[index + 1];
  return {
    name,
    firstSeq: header.first,
    nextSeq: next?.header.first ?? look.log.nextSeq,
    epoch: header.epoch,
    bytes: end,
    state: next === undefined ? "live" : "sealed",
    isSound: isSound(segment),
    created: header.created,
  };
}

function asideOf({ files, segments }: LogLook): AsideFile[] {
  const inUse = new Set(segments.map(({ name }) => name));
  const aside: AsideFile[] = [];
  for (const { name, size: bytes } of files) {
    const kind = kindOf(name);
    if (kind !== undefined && !inUse.has(name)) aside.push({ name, bytes, kind });
  }
  return aside.sort((a, b) => a.name < b.name ? -1 : 1);
}

function kindOf(name: string): AsideFile["kind"] | undefined {
  if (isSegmentName(name)) return "left-over";
  if (name.endsWith(".torn")) return "torn";
  if (name.endsWith(".damaged")) return "damaged";
  return name.endsWith(UNFINISHED) ? "unfinished" : undefined;
}
