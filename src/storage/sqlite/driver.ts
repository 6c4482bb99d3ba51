import * as fs from "../../platform/fs.ts";
import { openSqlite, type OpenSqliteOptions, type SqliteDatabase } from "../../platform/sqlite.ts";

/** What lies under a database here: SQLite itself, and the calls that make its files durable. */
export interface SqliteDriver {
  /** Opens the database file, which is created if it is missing. */
  open(path: string, options?: OpenSqliteOptions): Promise<SqliteDatabase>;
  /** Creates the folder of a file, and those above it. */
  makeFolderOf(path: string): void;
  /** Opens an existing file to sync it. */
  openFile(path: string): number;
  /** fdatasync(2), off the event loop. */
  fdatasync(fd: number): Promise<void>;
  /** fdatasync(2), at once. */
  fdatasyncSync(fd: number): void;
  /** Gives a descriptor back. */
  closeFile(fd: number): void;
  /** Makes the names beside a file durable. */
  syncFolderOf(path: string): Promise<void>;
  /** As `syncFolderOf`, at once. */
  syncFolderOfSync(path: string): void;
}

/** The driver of this runtime. */
export const systemDriver: SqliteDriver = {
  open: openSqlite,
  makeFolderOf: (path) => fs.makeFolder(folderOf(path)),
  openFile: (path) => fs.openSync(path, "r+"),
  fdatasync: fs.fdatasync,
  fdatasyncSync: fs.fdatasyncSync,
  closeFile: fs.closeSync,
  syncFolderOf: (path) => fs.syncFolder(folderOf(path)),
  syncFolderOfSync: (path) => fs.syncFolderSync(folderOf(path)),
};

function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end < 0 ? "." : path.slice(0, end + 1);
}
