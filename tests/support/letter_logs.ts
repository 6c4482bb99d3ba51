/** Logs for dead letters on every kind of store, and letters to put into them. */
import { join } from "node:path";
import {
  type DeadLetter,
  type DeadLetterFailure,
  type DeadLetterListOptions,
  type DeadLetterOptions,
  type DeadLetters,
  type LogStore,
  memoryStore,
  openDeadLetters,
  openWal,
} from "../../mod.ts";
import { fileStore } from "../../src/storage/file.ts";
import { sqliteStore } from "../../src/storage/sqlite.ts";
import { inFolder } from "./spawn.ts";

/** Opens the log of a store once more. */
export type OpenLog = () => Promise<LogStore>;

/** Small segments, so that there are many of them. */
const SEGMENTS = { segmentBytes: 64 * 1024, retain: 0, windowBytes: 0 };

/** Every kind of store that a log can stand on, by name. */
export const STORES: Readonly<
  Record<string, (use: (open: OpenLog) => Promise<void>) => Promise<void>>
> = {
  "memoryStore()": (use) => {
    const store = memoryStore();
    return use(() => openWal(store, SEGMENTS));
  },
  "fileStore()": (use) =>
    inFolder("letters", (folder) => use(() => openWal(fileStore(folder), SEGMENTS))),
  "sqliteStore()": (use) =>
    inFolder("letters", (folder) => {
      const store = sqliteStore(join(folder, "logs.db"));
      return use(() => store.openLog("dead-letters", { retain: 0 }));
    }),
};

/** A failure of the record `seq` of the lane `http`. */
export function failureOf(
  seq: number,
  changes: Partial<DeadLetterFailure> = {},
): DeadLetterFailure {
  const lane = changes.lane ?? "http";
  return {
    id: `0123456789abcdef/${lane}/${seq}`,
    lane,
    seq,
    reason: "max_attempts",
    error: new Error(`no ${seq}`),
    attempts: 5,
    record: `{"time":"2025-12-31T23:00:00.000Z","level":"info","msg":"m${seq}"}`,
    ...changes,
  };
}

/** Failures of the records `from` to `to`. */
export function failures(from: number, to: number): DeadLetterFailure[] {
  return Array.from({ length: to - from + 1 }, (_, i) => failureOf(from + i));
}

/** Gives `use` open dead letters, and closes them afterwards. */
export async function withLetters(
  open: OpenLog,
  options: DeadLetterOptions,
  use: (letters: DeadLetters) => Promise<void>,
): Promise<void> {
  const letters = await openDeadLetters(await open(), options);
  try {
    await use(letters);
  } finally {
    await letters.close();
  }
}

/** All that are listed. */
export async function listed(
  letters: DeadLetters,
  options?: DeadLetterListOptions,
): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for await (const letter of letters.list(options)) found.push(letter);
  return found;
}

/** The sequence numbers of all that are listed. */
export async function seqsOf(
  letters: DeadLetters,
  options?: DeadLetterListOptions,
): Promise<number[]> {
  return (await listed(letters, options)).map(({ seq }) => seq);
}
