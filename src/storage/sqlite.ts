/**
 * Logs in an SQLite file, for Deno, Bun and Node: a store for a whole pipeline, and a sink that makes a
 * small program's records searchable without a server.
 *
 * @example
 * ```ts ignore
 * import { openPipeline } from "@logflume/logflume";
 * import { sqliteSink, sqliteStore } from "@logflume/logflume/storage/sqlite";
 *
 * await using pipeline = await openPipeline({
 *   wal: { store: sqliteStore("./logs.db") },
 *   sinks: { search: sqliteSink("./search.db") },
 * });
 * pipeline.logger().info("kept even over kill -9");
 * ```
 *
 * @module
 */
import { Database } from "./sqlite/database.ts";
import { type SqliteDriver, systemDriver } from "./sqlite/driver.ts";
import { SqliteLog } from "./sqlite/log.ts";
import { settle } from "./sqlite/settings.ts";
import { LOGS, LogTables } from "./sqlite/tables.ts";
import type { LogProvider, LogSettings, LogStore } from "./store.ts";
import { StoreLockedError } from "../errors.ts";

export { openSqliteLogs } from "./sqlite/query.ts";
export type { LogPage, LogQuery, SqliteLogs, StoredRecord } from "./sqlite/query.ts";
export type { FieldCondition, LogConditions } from "./sqlite/conditions.ts";
export { sqliteSink, type SqliteSinkOptions } from "./sqlite/sink.ts";

/** Starts with a letter: names of ours begin with `_`, those of SQLite with `sqlite_`. */
const LOG_NAME = /^(?!sqlite)[a-z][a-z0-9-]{0,62}$/;

/**
 * A store in the SQLite file `path`, which is created if it is missing. A log is a table of that name
 * (`seq`, `line`); one file holds the records and the dead letters. The file must lie on a local disk, and
 * one process at a time may open it: while it is open no other can so much as read it, and the kernel frees
 * it when the process ends, however it ends. Needs Deno's permissions `--allow-read` and `--allow-write`
 * for the file and its folder; `node:sqlite` is loaded when the first log is opened.
 *
 * What is flushed survives a kill. With `sync: "always"` (the default) what is acknowledged survives a power
 * cut: fdatasync of the WAL file runs off the event loop. SQLite's own calls block it: a commit for as
 * long as inserting takes (1 to 2 µs a line), and a checkpoint for about 5 ms every 2 MiB. SQLite keeps no
 * checksum of what it stores: unlike a log in a folder, it does not notice a bit that flips on the disk.
 *
 * `maxBytes` counts the lines and 14 bytes for each, which is about what they take in the file; space of
 * removed lines is used again, and given back to the file system by `compact`.
 */
export function sqliteStore(path: string): LogProvider {
  return storeOver(path, systemDriver);
}

/** The same over another driver, which tests make fail. */
export function storeOver(path: string, driver: SqliteDriver): LogProvider {
  const open = new Set<string>();
  let database: Promise<Database> | undefined;
  /** A file is opened again only after it was given back. */
  let closing: Promise<void> = Promise.resolve();
  const giveBack = (name: string): Promise<void> => {
    open.delete(name);
    if (open.size > 0 || database === undefined) return Promise.resolve();
    const closed = database.then((it) => it.close());
    database = undefined;
    closing = closed.catch(() => {});
    return closed;
  };
  return {
    label: path,
    keeps: "disk",
    async openLog(name, settings) {
      assertName(name);
      settle(settings);
      if (open.has(name)) {
        throw new StoreLockedError(
          `The log "${name}" in "${path}" is open already: close it first, or use another name`,
        );
      }
      open.add(name);
      try {
        database ??= closing.then(() => Database.open(path, LOGS, driver));
        return await begin(await database, name, settings, () => giveBack(name));
      } catch (error) {
        await giveBack(name).catch(() => {});
        throw error;
      }
    },
  };
}

async function begin(
  database: Database,
  name: string,
  settings: LogSettings,
  closed: () => Promise<void>,
): Promise<LogStore> {
  const tables = new LogTables(database, name);
  const found = tables.begin(randomId(), settings.clock?.now() ?? Date.now());
  // The number of this opening must not come again, and what a killed process left may be unsynced.
  await database.sync();
  return new SqliteLog({ database, tables, found, settings, name, closed });
}

function assertName(name: string): void {
  if (LOG_NAME.test(name)) return;
  throw new RangeError(
    `Cannot use "${name}" as the name of a log: allowed are up to 63 small letters, digits and ` +
      `hyphens, a letter first`,
  );
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
