import * as fs from "node:fs";
import { join } from "node:path";
import { codeOf } from "../errors.ts";
import { fileStore } from "../storage/file.ts";
import type { FileStore } from "../storage/store.ts";
import { isSegmentName } from "../wal/segment.ts";
import { UsageError } from "./usage_error.ts";

/** A folder with a log in it, and perhaps others in folders within. */
export interface LogFolder {
  /** The bytes; not opened, so not locked. */
  readonly store: FileStore;
  /** Logs within, such as the dead letters, by the names of their folders. */
  readonly inner: ReadonlyMap<string, FileStore>;
}

const SQLITE_START = "SQLite format 3\0";

/**
 * Finds the logs in a folder.
 *
 * @throws {UsageError} If there is none, or the folder cannot be read
 */
export function findLogs(folder: string): LogFolder {
  const store = fileStore(folder);
  const inner = new Map<string, FileStore>();
  let isLog = false;
  for (const entry of entriesOf(folder)) {
    if (entry.isDirectory() && holdsSegments(join(folder, entry.name))) {
      inner.set(entry.name, store.inner(entry.name));
    }
    isLog ||= entry.isFile() && isSegmentName(entry.name);
  }
  if (isLog) return { store, inner };
  const [name] = inner.keys();
  const within = name === undefined ? "" : `; there is one in "${join(folder, name)}"`;
  throw new UsageError(
    `The folder "${folder}" holds no log: name one with files such as wal-00000000000000000001-` +
      `1a2b3c4d.ndjson, for example that of logflume run --data${within}`,
  );
}

function entriesOf(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new UsageError(whyNot(folder, error), { cause: error });
  }
}

function holdsSegments(folder: string): boolean {
  try {
    return fs.readdirSync(folder).some(isSegmentName);
  } catch {
    return false;
  }
}

function whyNot(folder: string, error: unknown): string {
  const code = codeOf(error);
  if (code === "ENOENT") return `There is no folder "${folder}": name the folder of a log`;
  if (code === "ENOTDIR") return isSqlite(folder) ? sqliteAdvice(folder) : fileAdvice(folder);
  const why = code === "EACCES" || code === "EPERM" ? "permission denied" : code || String(error);
  return `Cannot read the folder "${folder}": ${why}`;
}

function fileAdvice(path: string): string {
  return `"${path}" is a file: name the folder of a log`;
}

function sqliteAdvice(path: string): string {
  return `"${path}" is an SQLite file, not a folder of segments: read its records with ` +
    `sqlite3 "${path}" "SELECT line FROM records ORDER BY seq"`;
}

function isSqlite(path: string): boolean {
  try {
    const fd = fs.openSync(path, "r");
    const start = new Uint8Array(SQLITE_START.length);
    fs.readSync(fd, start, 0, start.length, 0);
    fs.closeSync(fd);
    return new TextDecoder().decode(start) === SQLITE_START;
  } catch {
    return false;
  }
}
