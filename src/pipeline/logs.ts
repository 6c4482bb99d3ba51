import type { Clock } from "../clock.ts";
import type { Resend } from "../delivery/dead_letter_replay.ts";
import type { DeadLetterEvictions } from "../delivery/dead_letter_limits.ts";
import {
  type DeadLetterOptions,
  type DeadLetters,
  openDeadLetters,
} from "../delivery/dead_letters.ts";
import { messageOf } from "../errors.ts";
import { onProcessExit } from "../platform/exit.ts";
import { memoryStore } from "../storage/memory.ts";
import type { FileStore, LogNotice, LogProvider, LogStore } from "../storage/store.ts";
import { openWal } from "../wal/wal.ts";
import type { PipelineEvent, PipelineOptions, PipelineWalOptions } from "./options.ts";

/** A log in memory: what lanes lag behind is bounded by this. */
const MEMORY_LOG_BYTES = 16 * 1024 * 1024;
/** Every start leaves a segment: beyond so many the short ones are joined. */
const MANY_SEGMENTS = 32;
/** Settings that only a log in segments has. */
const SEGMENT_SETTINGS = ["segmentBytes", "maxSegments", "windowBytes", "onDamage"] as const;

/** What a pipeline stands on. */
export interface Logs {
  /** The records. */
  readonly log: LogStore;
  /** What could not be delivered. */
  readonly letters: DeadLetters;
  /** Tells the dead letters where a replay sends to; until then it skips them. */
  readonly replayThrough: (resend: Resend) => void;
  /** Calls `spill` when the process is about to end; the answer withdraws it. */
  readonly onExit: (spill: () => void) => () => void;
}

type Tell = (event: PipelineEvent) => void;

/** The record log and the log of the dead letters; both in memory if there is no store. */
export async function openLogs(options: PipelineOptions, clock: Clock, tell: Tell): Promise<Logs> {
  const { wal } = options;
  if (wal !== undefined) assertStore(wal);
  const atOnce = isAtOnce(options);
  const letters: DeadLetterOptions = {
    ...options.deadLetters,
    clock,
    onEvicted: (evictions) =>
      tell({ kind: "dead-letters-evicted", message: evictedText(evictions) }),
  };
  if (wal === undefined) return await openInMemory(letters, clock);
  const { store } = wal;
  if ("openLog" in store) assertFits(store, wal);
  let logs: Logs;
  try {
    const settings = { ...wal, atOnce };
    logs = "openLog" in store
      ? await openProvided(store, settings, letters, clock, tell)
      : await openInFiles(store, settings, letters, clock, tell);
  } catch (error) {
    if (options.onStoreFailure !== "memory") throw error;
    const lost = atOnce ? "durable, nor written before a call returns" : "durable";
    const message = `Running in memory, nothing is ${lost}: ${messageOf(error)}`;
    tell({ kind: "store-failed", message });
    return await openInMemory(letters, clock);
  }
  if (!atOnce || logs.log.appendSync !== undefined) return logs;
  await logs.letters.close();
  await logs.log.close();
  throw notAtOnce(`with the store "${store.label}", which cannot write a record at once`);
}

/**
 * Whether records are to be written at once.
 *
 * @throws {RangeError} If the mode is neither of the two, or the store is known not to be able to
 */
function isAtOnce({ mode = "async", wal }: PipelineOptions): boolean {
  if (mode !== "sync" && mode !== "async") {
    throw new RangeError(`Cannot use mode "${mode}": allowed are "sync" and "async"`);
  }
  if (mode === "async") return false;
  if (wal === undefined) throw notAtOnce("without a log on disk");
  const { store } = wal;
  if (store.keeps === "process") {
    throw notAtOnce(`with the store "${store.label}", which loses everything with the process`);
  }
  if (!("openLog" in store) && store.syncFolderSync === undefined) {
    throw notAtOnce(`with the store "${store.label}", which cannot sync a file at once`);
  }
  return true;
}

function notAtOnce(why: string): RangeError {
  return new RangeError(
    `Cannot use mode "sync" ${why}: give wal.store a fileStore() or a sqliteStore(), or leave mode out`,
  );
}

/**
 * Checks what a program without types may get wrong, such as a store in the place of the options.
 *
 * @throws {TypeError} If there is no store
 * @throws {RangeError} If `onLimit` is neither of the two
 */
function assertStore(wal: PipelineWalOptions): void {
  const { store, onLimit = "drop" } = (wal ?? {}) as Partial<PipelineWalOptions>;
  if (typeof store !== "object" || store === null || !("openLog" in store || "openFile" in store)) {
    throw new TypeError(
      'The option "wal" needs a store: write wal: { store: fileStore("logs") }, or leave wal out',
    );
  }
  if (onLimit === "drop" || onLimit === "block") return;
  throw new RangeError(`Cannot use wal.onLimit "${onLimit}": allowed are "drop" and "block"`);
}

/** What a store cannot give must not be asked of it; told at once, whatever `onStoreFailure` says. */
function assertFits(store: LogProvider, wal: PipelineWalOptions): void {
  const unfit = SEGMENT_SETTINGS.find((name) => wal[name] !== undefined);
  if (unfit !== undefined) {
    throw new TypeError(
      `Cannot use wal.${unfit} with the store "${store.label}": it has no segments; leave it out`,
    );
  }
  if (store.keeps === "process" && wal.sync !== undefined && wal.sync !== "never") {
    throw new RangeError(
      `Cannot use wal.sync "${wal.sync}" with the store "${store.label}", which loses everything ` +
        `with the process: leave sync out, or use another store`,
    );
  }
}

async function openProvided(
  store: LogProvider,
  wal: PipelineWalOptions,
  letters: DeadLetterOptions,
  clock: Clock,
  tell: Tell,
): Promise<Logs> {
  const log = await store.openLog("records", {
    onNotice: tell,
    clock,
    ...wal,
  });
  const sync = wal.sync === undefined ? {} : { sync: wal.sync };
  return await withLetters(
    log,
    () => store.openLog("dead-letters", { onNotice: tell, clock, retain: 0, ...sync }),
    letters,
    onProcessExit,
  );
}

async function openInFiles(
  store: FileStore,
  wal: PipelineWalOptions,
  letters: DeadLetterOptions,
  clock: Clock,
  tell: Tell,
): Promise<Logs> {
  const onNotice = (notice: LogNotice): void => tell(notice);
  const log = await openWal(store, {
    onNotice,
    clock,
    ...wal,
    onDamage: wal.onDamage ?? "quarantine",
  });
  if (log.stats().segments > MANY_SEGMENTS) {
    log.compact().catch((error) => {
      const message = `Cannot join the segments of the log: ${messageOf(error)}`;
      tell({ kind: "write-failed", message });
    });
  }
  const inner = (): Promise<LogStore> =>
    openWal(store.inner("dead-letters"), {
      onDamage: "quarantine",
      onNotice,
      clock,
      segmentBytes: 4 * 1024 * 1024,
      retain: 0,
      ...(wal.sync === undefined ? {} : { sync: wal.sync }),
    });
  return await withLetters(log, inner, letters, (spill) => store.onExit(spill));
}

async function withLetters(
  log: LogStore,
  openLetterLog: () => Promise<LogStore>,
  options: DeadLetterOptions,
  onExit: Logs["onExit"],
): Promise<Logs> {
  let send: Resend = () => Promise.resolve("skip");
  let letterLog: LogStore | undefined;
  try {
    letterLog = await openLetterLog();
    const resend: Resend = (letter, context) => send(letter, context);
    const letters = await openDeadLetters(letterLog, { ...options, resend });
    return { log, letters, replayThrough: (resend) => void (send = resend), onExit };
  } catch (error) {
    await letterLog?.close();
    await log.close();
    throw error;
  }
}

function evictedText({ entries, bytes, age }: DeadLetterEvictions): string {
  const count = entries + bytes + age;
  const limits = [entries && "maxEntries", bytes && "maxBytes", age && "maxAgeMs"].filter(Boolean);
  return `The dead letters gave up the oldest ${count === 1 ? "entry" : `${count} entries`} at ` +
    `their limit ${limits.join(" and ")}: replay them in time, or raise it`;
}

async function openInMemory(letters: DeadLetterOptions, clock: Clock): Promise<Logs> {
  const store = memoryStore();
  const log = await openWal(store, {
    clock,
    segmentBytes: 1024 * 1024,
    maxBytes: MEMORY_LOG_BYTES,
    maxSegments: Infinity,
    // Everything stays within reach of a reader that cannot wait, for the moment the process ends.
    windowBytes: Infinity,
    retain: 0,
  });
  const letterLog = (): Promise<LogStore> =>
    openWal(memoryStore(), { clock, retain: 0, segmentBytes: 1024 * 1024 });
  return await withLetters(log, letterLog, letters, (spill) => store.onExit(spill));
}
