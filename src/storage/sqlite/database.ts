import { messageOf, StoreFailedError, StoreLockedError } from "../../errors.ts";
import { sqliteCodeOf, type SqliteDatabase, type SqliteStatement } from "../../platform/sqlite.ts";
import type { SqliteDriver } from "./driver.ts";

/** What kind of database a file is, and how it is used. */
export interface DatabaseKind {
  /** What the file is, for messages: "logs" or "records". */
  readonly what: string;
  /** SQLite's `application_id`: tells our files from those of other programs. */
  readonly applicationId: number;
  /** The format, in `user_version`. */
  readonly version: number;
  /** Creates the tables that are missing. */
  readonly schema: string;
  /** Whether no other process may so much as read the file while it is open. */
  readonly exclusive: boolean;
}

/** Pages go from the WAL file into the database after this much; the loop waits for about 5 ms then. */
const CHECKPOINT_BYTES = 2 * 1024 * 1024;
/** A page in the WAL file. */
const FRAME_BYTES = 4096 + 24;

/** SQLITE_BUSY. */
const BUSY = 5;
/** SQLITE_FULL. */
const FULL = 13;
/** SQLITE_NOTADB. */
const NOT_A_DATABASE = 26;
/** SQLITE_IOERR_FSYNC and SQLITE_IOERR_DIR_FSYNC. */
const SYNC_FAILURES: ReadonlySet<number> = new Set([1034, 1290]);

/**
 * An SQLite file in WAL mode with `synchronous=NORMAL`: a commit is written before it returns, so that it
 * survives a kill, and is synced later by `sync`, through a descriptor of our own of the `-wal` file and
 * off the event loop. That is sound as long as nobody else moves pages out of the `-wal` file, or as long
 * as who does syncs first, as SQLite does unless told otherwise. Closing the descriptor drops no lock:
 * SQLite takes its locks on other files.
 */
export class Database {
  readonly path: string;
  readonly sql: SqliteDatabase;
  /** Set once a sync failed: the kernel may have dropped what it could not write. */
  failure: StoreFailedError | undefined;
  /**
   * Whether every sync is done in the calling thread. Set before a `sync` that is waited for, so that
   * none is under way when `syncSync` is called.
   */
  syncsAtOnce = false;
  readonly #driver: SqliteDriver;
  readonly #walFile: number;
  readonly #commit: SqliteStatement;
  #dirty = true;
  #folderDirty = true;
  #walBytes = 0;
  #syncing: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;

  private constructor(path: string, sql: SqliteDatabase, driver: SqliteDriver, walFile: number) {
    this.path = path;
    this.sql = sql;
    this.#driver = driver;
    this.#walFile = walFile;
    this.#commit = sql.prepare("COMMIT");
  }

  /**
   * Opens the file and makes sure that it is of this kind.
   *
   * @throws {StoreLockedError} If another process has it
   * @throws {Error} If it is something else, or of a newer format
   */
  static async open(path: string, kind: DatabaseKind, driver: SqliteDriver): Promise<Database> {
    assertPath(path);
    driver.makeFolderOf(path);
    // Others may come and go in a shared file: that is waited for here, and never again.
    const sql = await driver.open(path, { busyTimeoutMs: kind.exclusive ? 0 : 1000 });
    try {
      if (kind.exclusive) sql.exec("PRAGMA locking_mode = EXCLUSIVE");
      assertKind(path, sql, kind);
      prepareFile(path, sql, kind);
      sql.exec("PRAGMA busy_timeout = 0");
      const walFile = driver.openFile(`${realPathOf(sql)}-wal`);
      return new Database(path, sql, driver, walFile);
    } catch (error) {
      sql.close();
      throw explained(path, kind, error);
    }
  }

  /**
   * Makes changes in one transaction: when it returns they survive a kill. When it throws nothing has
   * changed.
   *
   * @param bytes About how much is written
   */
  write<Result>(bytes: number, change: () => Result): Result {
    if (this.failure !== undefined) throw this.failure;
    let result: Result;
    try {
      this.sql.exec("BEGIN IMMEDIATE");
      result = change();
      this.#commit.run();
    } catch (error) {
      this.#rollBack();
      if (SYNC_FAILURES.has(sqliteCodeOf(error))) throw this.#failed(error);
      // Once its pages stand in the database, the WAL file is written from its beginning again.
      if (sqliteCodeOf(error) === FULL) this.#checkpoint();
      throw error;
    }
    this.#dirty = true;
    this.#walBytes += bytes + 2 * FRAME_BYTES;
    // Nobody syncs, or not often enough to keep the file small.
    if (this.#walBytes > 4 * CHECKPOINT_BYTES) this.#checkpoint();
    return result;
  }

  #rollBack(): void {
    try {
      this.sql.exec("ROLLBACK");
    } catch {
      // A full disk makes SQLite roll back by itself; then there is nothing left to roll back.
    }
  }

  /**
   * Resolves when everything committed before the call survives a power cut. Callers share one sync: two
   * at once could each hide the error of the other.
   *
   * @throws {StoreFailedError} If the disk did not take it; nothing more can be written then
   */
  sync(): Promise<void> {
    return this.#nextSync ??= this.#syncing = this.#syncing.then(
      () => this.#sync(),
      () => this.#sync(),
    );
  }

  async #sync(): Promise<void> {
    this.#nextSync = undefined;
    if (this.failure !== undefined) throw this.failure;
    if (!this.#dirty) return;
    if (this.syncsAtOnce) return this.syncSync();
    this.#dirty = false;
    try {
      await this.#driver.fdatasync(this.#walFile);
      if (this.#folderDirty) await this.#driver.syncFolderOf(this.path);
    } catch (error) {
      throw this.#failed(error);
    }
    // A checkpoint that ran meanwhile has its own word on this.
    if (this.failure !== undefined) throw this.failure;
    this.#folderDirty = false;
    if (this.#walBytes > CHECKPOINT_BYTES) this.#checkpoint();
  }

  /**
   * As `sync`, at once. Only with `syncsAtOnce`.
   *
   * @throws {StoreFailedError} If the disk did not take it; nothing more can be written then
   */
  syncSync(): void {
    if (this.failure !== undefined) throw this.failure;
    if (!this.#dirty) return;
    this.#dirty = false;
    try {
      this.#driver.fdatasyncSync(this.#walFile);
      if (this.#folderDirty) this.#driver.syncFolderOfSync(this.path);
    } catch (error) {
      throw this.#failed(error);
    }
    this.#folderDirty = false;
    if (this.#walBytes > CHECKPOINT_BYTES) this.#checkpoint();
  }

  #failed(error: unknown): StoreFailedError {
    return this.failure ??= new StoreFailedError(
      `The database "${this.path}" cannot be synced: ${messageOf(error)}; ` +
        `it takes no more records, those acknowledged stay readable`,
      { cause: error },
    );
  }

  /** Moves pages from the WAL file to the database; SQLite syncs the one before and the other after. */
  #checkpoint(mode: "PASSIVE" | "TRUNCATE" = "PASSIVE"): void {
    this.#walBytes = 0;
    try {
      this.sql.prepare(`PRAGMA wal_checkpoint(${mode})`).all();
    } catch (error) {
      if (SYNC_FAILURES.has(sqliteCodeOf(error))) this.#failed(error);
      // Otherwise the pages stay in the WAL file and are moved the next time.
    }
  }

  /**
   * Gives up to `pages` free pages back to the file system.
   *
   * @returns Whether more are left
   */
  shrink(pages: number): boolean {
    if (this.failure !== undefined) throw this.failure;
    const before = this.#freePages();
    // As a query: Deno's `exec` frees no more than one page.
    this.sql.prepare(`PRAGMA incremental_vacuum(${pages})`).all();
    this.#dirty = true;
    const after = this.#freePages();
    if (after === 0 || after === before) this.#checkpoint("TRUNCATE");
    return after > 0 && after < before;
  }

  #freePages(): number {
    return this.sql.prepare("PRAGMA freelist_count").get()?.freelist_count as number;
  }

  /** Gives the file and its lock back; moves everything from the WAL file to the database. */
  close(): void {
    try {
      this.sql.close();
    } finally {
      this.#driver.closeFile(this.#walFile);
    }
  }
}

function assertPath(path: string): void {
  if (path !== "" && !path.startsWith(":") && !path.startsWith("file:")) return;
  throw new TypeError(
    `Cannot keep a database in "${path}": give the path of a file; for memory use memoryStore()`,
  );
}

/**
 * Makes sure of what a file is; one without tables may become anything.
 *
 * @throws {Error} If it is something else, or of a newer format
 */
export function assertKind(path: string, sql: SqliteDatabase, kind: DatabaseKind): void {
  const id = sql.prepare("PRAGMA application_id").get()?.application_id;
  const version = sql.prepare("PRAGMA user_version").get()?.user_version as number;
  const tables = sql.prepare("SELECT count(*) AS count FROM sqlite_schema").get()?.count;
  if (tables === 0) return;
  if (id !== kind.applicationId) {
    throw new Error(
      `The database "${path}" holds no ${kind.what} of logflume: name another file`,
    );
  }
  if (version > kind.version) {
    throw new Error(
      `The database "${path}" has format ${version}, and this version of logflume knows formats ` +
        `up to ${kind.version}: use a newer version`,
    );
  }
}

function prepareFile(path: string, sql: SqliteDatabase, kind: DatabaseKind): void {
  // Takes effect in an empty file only: freed pages can then be given back without a full rewrite.
  sql.exec("PRAGMA auto_vacuum = INCREMENTAL");
  const mode = sql.prepare("PRAGMA journal_mode = WAL").get()?.journal_mode;
  if (mode !== "wal") {
    throw new Error(`The database "${path}" cannot use WAL mode: name a file on a local disk`);
  }
  sql.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
  sql.exec(`BEGIN IMMEDIATE; ${kind.schema};
    PRAGMA application_id = ${kind.applicationId}; PRAGMA user_version = ${kind.version}; COMMIT`);
}

/** The path as SQLite resolved it: the WAL file stands beside what a link points to. */
function realPathOf(sql: SqliteDatabase): string {
  return sql.prepare("PRAGMA database_list").get()?.file as string;
}

function explained(path: string, kind: DatabaseKind, error: unknown): unknown {
  const code = sqliteCodeOf(error) & 0xff;
  if (code === BUSY) {
    return new StoreLockedError(
      `The database "${path}" is in use by another process: stop that process or use another file`,
      { cause: error },
    );
  }
  if (code === FULL) {
    return new Error(
      `Cannot open the database "${path}", the disk is full: make room and open it again`,
      { cause: error },
    );
  }
  if (code === NOT_A_DATABASE) {
    return new Error(
      `The file "${path}" holds no ${kind.what} of logflume: name another file`,
      { cause: error },
    );
  }
  return error;
}
