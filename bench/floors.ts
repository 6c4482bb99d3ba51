/**
 * What the benches of the log are held against: the same bytes through bare system calls of the same
 * runtime, with nothing of ours in between. Each floor does its work once and returns the seconds it took.
 */
import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  open,
  openSync,
  read,
  readSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** One write of the log is at most this long, so the bare writes are as well. */
const BLOCK_BYTES = 256 * 1024;
/** The log reserves so much ahead of small writes. */
const ROOM_BYTES = 1024 * 1024;
/** Files that the log looks at together when it opens. */
const OPEN_AT_ONCE = 16;

/** Which fdatasync a floor waits with. */
export type SyncKind = "async" | "sync";

function seconds(beginMs: number): number {
  return (performance.now() - beginMs) / 1000;
}

function promised<T>(start: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => error ? reject(error) : resolve(value));
  });
}

/** Waits until what was written to `fd` is on the disk, without holding the event loop. */
function datasync(fd: number): Promise<void> {
  return promised<void>((done) => fdatasync(fd, done as (error: Error | null) => void));
}

/** `bytes` bytes into a new file, 256 KiB a write, each made durable before the next. */
export async function writeBlocks(path: string, bytes: number, kind: SyncKind): Promise<number> {
  const block = new Uint8Array(BLOCK_BYTES).fill(120);
  const fd = openSync(path, "wx");
  const begin = performance.now();
  for (let at = 0; at < bytes; at += BLOCK_BYTES) {
    writeSync(fd, block, 0, Math.min(BLOCK_BYTES, bytes - at), at);
    if (kind === "async") await datasync(fd);
    else fdatasyncSync(fd);
  }
  const took = seconds(begin);
  closeSync(fd);
  return took;
}

/** Small frames one at a time into a file with zeros ahead, each durable before the next. */
export interface FrameFloor {
  /** Writes one frame and waits until it is durable. */
  write(): Promise<void>;
  /** Gives the descriptor back. */
  close(): void;
}

/** Prepares a file as the log prepares a segment. */
export async function openFrames(path: string, frame: Uint8Array): Promise<FrameFloor> {
  const zeros = new Uint8Array(ROOM_BYTES);
  const fd = openSync(path, "wx");
  // The log's segment is durable before its first record comes.
  let at = writeSync(fd, frame, 0, frame.length, 0);
  await datasync(fd);
  let room = 0;
  return {
    write() {
      if (at + frame.length > room) room = at + writeSync(fd, zeros, 0, zeros.length, at);
      at += writeSync(fd, frame, 0, frame.length, at);
      return datasync(fd);
    },
    close: () => closeSync(fd),
  };
}

/** Reads a file from one end to the other, 256 KiB at a time, and takes its checksum. */
export async function readAndSum(path: string, kind: SyncKind): Promise<number> {
  const block = new Uint8Array(BLOCK_BYTES);
  const begin = performance.now();
  const fd = openSync(path, "r");
  let sum = 0;
  for (let at = 0;;) {
    const count = kind === "sync"
      ? readSync(fd, block, 0, block.length, at)
      : await promised<number>((done) => read(fd, block, 0, block.length, at, done));
    if (count === 0) break;
    sum = crc32(block.subarray(0, count), sum);
    at += count;
  }
  closeSync(fd);
  return seconds(begin);
}

/** Opens each file, reads its first 4 KiB and closes it. */
export async function readHeads(
  folder: string,
  names: readonly string[],
  kind: SyncKind,
): Promise<number> {
  const begin = performance.now();
  if (kind === "sync") { for (const name of names) readHeadSync(join(folder, name)); }
  else await readHeadsTogether(folder, names);
  return seconds(begin);
}

function readHeadSync(path: string): void {
  const fd = openSync(path, "r");
  readSync(fd, new Uint8Array(4096), 0, 4096, 0);
  closeSync(fd);
}

async function readHeadsTogether(folder: string, names: readonly string[]): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < names.length) {
      const path = join(folder, names[next++]!);
      const fd = await promised<number>((done) => open(path, "r", done));
      await promised<number>((done) => read(fd, new Uint8Array(4096), 0, 4096, 0, done));
      await promised<void>((done) => close(fd, done as (error?: Error | null) => void));
    }
  };
  await Promise.all(Array.from({ length: OPEN_AT_ONCE }, work));
}

/** A database in SQLite's own write-ahead mode, as far as this bench uses it. */
interface Database {
  exec(sql: string): void;
  prepare(sql: string): { run(...values: unknown[]): unknown };
  close(): void;
}

async function openDatabase(path: string): Promise<Database | undefined> {
  try {
    const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync(path) as unknown as Database;
  } catch {
    return undefined;
  }
}

/** Rows into a SQLite table, `rowsACommit` in each transaction, synced in full; undefined without SQLite. */
export async function writeRows(
  path: string,
  lines: readonly string[],
  rowsACommit: number,
): Promise<number | undefined> {
  const database = await openDatabase(path);
  if (database === undefined) return undefined;
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec("CREATE TABLE log (seq INTEGER PRIMARY KEY, line TEXT NOT NULL)");
  const insert = database.prepare("INSERT INTO log (line) VALUES (?)");
  const begin = performance.now();
  for (let i = 0; i < lines.length; i += rowsACommit) {
    database.exec("BEGIN");
    for (const line of lines.slice(i, i + rowsACommit)) insert.run(line);
    database.exec("COMMIT");
  }
  const took = seconds(begin);
  database.close();
  return took;
}
