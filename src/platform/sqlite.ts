/**
 * The SQLite that Deno, Bun and Node carry (`node:sqlite`), loaded when a database is opened and not
 * before, so that everything else runs where there is none.
 *
 * @module
 */

/** What a column holds. */
export type SqliteValue = null | number | string | Uint8Array;

/** A row, by column. */
export type SqliteRow = Readonly<Record<string, SqliteValue>>;

/** A prepared statement. Values are bound in the order of its question marks, or by their number. */
export interface SqliteStatement {
  /** Executes it; `changes` counts the rows it changed. */
  run(...values: SqliteValue[]): { readonly changes: number | bigint };
  /** The first row. */
  get(...values: SqliteValue[]): SqliteRow | undefined;
  /** All rows. */
  all(...values: SqliteValue[]): SqliteRow[];
  /** The rows one by one; leaving the loop early gives the statement back. */
  iterate(...values: SqliteValue[]): IterableIterator<SqliteRow>;
}

/** An open database. Every call blocks until it is done. */
export interface SqliteDatabase {
  /** Executes statements that give no rows. */
  exec(sql: string): void;
  /** Prepares one statement. */
  prepare(sql: string): SqliteStatement;
  /** Gives it back. */
  close(): void;
}

/** How a database is opened. */
export interface OpenSqliteOptions {
  /** Whether it must exist and is not changed. @default {false} */
  readonly readOnly?: boolean;
  /** How long a call may stand and wait for another connection, in milliseconds. @default {0} */
  readonly busyTimeoutMs?: number;
}

type Constructor = new (
  path: string,
  options: { readOnly: boolean; timeout: number },
) => SqliteDatabase;

/**
 * Opens a database file.
 *
 * @throws {Error} If this runtime has no `node:sqlite`, or the file cannot be opened
 */
export async function openSqlite(
  path: string,
  options: OpenSqliteOptions = {},
): Promise<SqliteDatabase> {
  const { readOnly = false, busyTimeoutMs = 0 } = options;
  const DatabaseSync = await load();
  return new DatabaseSync(path, { readOnly, timeout: busyTimeoutMs });
}

async function load(): Promise<Constructor> {
  try {
    const { DatabaseSync } = await import("node:sqlite");
    return DatabaseSync as unknown as Constructor;
  } catch (error) {
    throw new Error(
      "This runtime has no node:sqlite: use Deno 2.2, Node 22.13 or a Bun that has it, or another store",
      { cause: error },
    );
  }
}

/** SQLite's extended error code (13 is a full disk, 5 a lock that another one holds), or 0. */
export function sqliteCodeOf(error: unknown): number {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code : 0;
}
