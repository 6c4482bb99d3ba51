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
import { systemDriver } from "./sqlite/driver.ts";
import { storeOver } from "./sqlite/provider.ts";
import type { LogProvider } from "./store.ts";

export { openSqliteLogs } from "./sqlite/query.ts";
export type { LogPage, LogQuery, SqliteLogs, StoredRecord } from "./sqlite/query.ts";
export type { FieldCondition, LogConditions } from "./sqlite/conditions.ts";
export { sqliteSink, type SqliteSinkOptions } from "./sqlite/sink.ts";

/**
 * A store in the SQLite file `path`, which is created if it is missing. A log is a table of that name
 * (`seq`, `line`); one file holds the records and the dead letters. The file must lie on a local disk, and
 * one process at a time may open it: while it is open no other can so much as read it, and the kernel frees
 * it when the process ends, however it ends. Do not read or copy the file by other means within the same
 * process meanwhile: on Unix, closing it would drop the lock. Needs Deno's permissions `--allow-read` and
 * `--allow-write` for the file and its folder; `node:sqlite` is loaded when the first log is opened.
 *
 * What is flushed survives a kill. With `sync: "always"` (the default) what is acknowledged survives a power
 * cut: fdatasync of the WAL file runs off the event loop. SQLite's own calls block it: a commit for as
 * long as inserting takes (1 to 2 µs a line), and a checkpoint for about 5 ms every 2 MiB. SQLite keeps no
 * checksum of what it stores: unlike a log in a folder, it does not notice a bit that flips on the disk.
 *
 * `maxBytes` counts the lines and 14 bytes for each, which is about what they take in the file; space of
 * removed lines is used again, and given back to the file system by `compact`. On a full disk
 * lines wait, and go on when somebody makes room; removing rows writes too, so it cannot make that room
 * by itself: keep `maxBytes` well below what the disk has.
 *
 * `openLog` rejects with a `StoreLockedError` if another process has the file open, with a `TypeError` or
 * `RangeError` if path, name or `maxBytes` cannot work, and with an `Error` if the file holds something else.
 *
 * @example
 * ```ts ignore
 * import { sqliteStore } from "@logflume/logflume/storage/sqlite";
 *
 * const log = await sqliteStore("./logs.db").openLog("records", {});
 * log.stage('{"time":"2026-01-01T00:00:00.000Z","level":"info","msg":"hello"}\n');
 * await log.sync();
 * await log.close();
 * ```
 */
export function sqliteStore(path: string): LogProvider {
  return storeOver(path, systemDriver);
}
