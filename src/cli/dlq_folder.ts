import * as fs from "node:fs";
import type { DeadLetter } from "../delivery/dead_letter.ts";
import { heldLetters } from "../delivery/dead_letter_view.ts";
import { type DeadLetters, openDeadLetters } from "../delivery/dead_letters.ts";
import { StoreLockedError } from "../errors.ts";
import type { BatchSource } from "../sink/sink.ts";
import { fileStore } from "../storage/file.ts";
import { sqliteStore } from "../storage/sqlite.ts";
import type { FileStore, LogGap, LogProvider, LogStore } from "../storage/store.ts";
import { inspectLog, readEntries } from "../wal/inspect.ts";
import { openWal } from "../wal/wal.ts";
import { say } from "./say.ts";
import { UsageError } from "./usage_error.ts";
import { findLogs } from "./wal_folder.ts";

/** The log of the dead letters, beside the records: the name that a pipeline gives it. */
const NAME = "dead-letters";
const SETTINGS = { retain: 0 } as const;
/** Who only removes or replays gives nothing up by the way: limits are the pipeline's. */
const NO_LIMITS = { maxEntries: Infinity, maxBytes: Infinity, maxAgeMs: Infinity } as const;
/** A log that is trimmed while it is read is read again so often. */
const MOST_LOOKS = 20;

/**
 * The dead letters of a pipeline's folder, oldest first. A folder is read without its lock and without a
 * change, also while a pipeline runs on it; an SQLite file can be read only while none does.
 *
 * @throws {UsageError} If there are none, or they cannot be read
 */
export async function readLetters(path: string): Promise<DeadLetter[]> {
  if (isFile(path)) {
    return await changeLetters(path, (letters) => Array.fromAsync(letters.list()));
  }
  const store = storeIn(path);
  for (let left = MOST_LOOKS;; left--) {
    const missing = new Set<LogGap["reason"]>();
    const letters = await heldLetters(linesOf(store, missing));
    // What a running pipeline trims it has copied to the end, behind what was read.
    if (missing.has("trimmed") && left > 1) continue;
    if (missing.has("damaged")) {
      say(`Some dead letters in "${path}" are damaged: see logflume wal verify "${path}"`);
    }
    return letters;
  }
}

/**
 * Opens the dead letters of a pipeline that does not run, gives them to `change`, and closes them.
 *
 * @throws {UsageError} If there are none, or a running pipeline holds them
 */
export async function changeLetters<T>(
  path: string,
  change: (letters: DeadLetters, origin: OriginOf) => Promise<T>,
): Promise<T> {
  const opened = isFile(path) ? await openFile(path) : await openFolder(path);
  try {
    const letters = await openDeadLetters(opened.log, NO_LIMITS);
    try {
      return await change(letters, opened.origin);
    } finally {
      await letters.close();
    }
  } finally {
    await opened.close();
  }
}

/**
 * The files that sinks of the pipeline write, as device and inode: at its next start a sink cuts off what
 * others appended.
 */
export async function filesOfSinks(path: string): Promise<Set<string>> {
  if (isFile(path)) return new Set();
  const { cursors } = await inspectLog(fileStore(path));
  return new Set(
    cursors.flatMap(({ checkpoint }) => /"id":"([^"]+)"/.exec(checkpoint ?? "")?.[1] ?? []),
  );
}

/** The run of a log that records are sent as part of. */
export type LogOrigin = Omit<BatchSource, "lane">;

/**
 * Tells the newest run of the records' log, for a receiver that tells records apart by their numbers;
 * undefined if there is no log. While the dead letters are open, no newer run can begin.
 */
export type OriginOf = () => Promise<LogOrigin | undefined>;

interface OpenedLog {
  readonly log: LogStore;
  readonly origin: OriginOf;
  close(): Promise<void>;
}

async function openFile(path: string): Promise<OpenedLog> {
  const store = sqliteStore(path);
  const log = await unlessHeld(path, () => store.openLog(NAME, SETTINGS));
  return { log, origin: () => originIn(store), close: () => Promise.resolve() };
}

/** The lock is the folder's: the log within has none of its own. */
async function openFolder(path: string): Promise<OpenedLog> {
  storeIn(path);
  const store = fileStore(path);
  await unlessHeld(path, () => store.open());
  try {
    const inner = store.inner(NAME);
    const settings = { ...SETTINGS, onDamage: "quarantine", segmentBytes: 4 * 1024 ** 2 } as const;
    const log = await openWal(inner, settings);
    return { log, origin: () => originOf(path), close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** In a database only an opening tells the run, which is a new one then. */
async function originIn(store: LogProvider): Promise<LogOrigin> {
  const log = await store.openLog("records", {});
  const { logId, run, nextSeq: runFirstSeq } = log;
  await log.close();
  return { logId, run, runFirstSeq };
}

async function originOf(path: string): Promise<LogOrigin | undefined> {
  const { logId, segments } = await inspectLog(fileStore(path));
  if (logId === undefined) return undefined;
  const epoch = Math.max(...segments.map((segment) => segment.epoch));
  const first = segments.findIndex((segment) => segment.epoch === epoch);
  // Where the run began is not known once its first segment is gone. A receiver to which the run is new
  // forgets what it stored from there on: too much rather than too little, so that nothing is lost.
  const runFirstSeq = first > 0 ? segments[first]!.firstSeq : 1;
  return { logId, run: `${logId}.${epoch}`, runFirstSeq };
}

async function unlessHeld<T>(path: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof StoreLockedError)) throw error;
    throw new UsageError(
      `A running pipeline holds "${path}": stop it first, or let it do this itself with ` +
        `pipeline.deadLetters (${error.message})`,
      { cause: error },
    );
  }
}

function storeIn(folder: string): FileStore {
  const store = findLogs(folder).inner.get(NAME);
  if (store !== undefined) return store;
  throw new UsageError(
    `The folder "${folder}" holds no dead letters: name that of a pipeline's log, such as ` +
      `logflume run --data`,
  );
}

/** The lines of a log; why others are missing, if they are, goes into `missing`. */
async function* linesOf(store: FileStore, missing: Set<LogGap["reason"]>): AsyncIterable<string> {
  for await (const read of readEntries(store)) {
    if (read.kind === "entry") yield read.entry.line;
    else missing.add(read.gap.reason);
  }
}

function isFile(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
