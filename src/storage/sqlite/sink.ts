import { type Clock, systemClock } from "../../clock.ts";
import type { Batch, Sink } from "../../sink/sink.ts";
import { Database } from "./database.ts";
import { type SqliteDriver, systemDriver } from "./driver.ts";
import { RECORDS, RecordTable } from "./record_table.ts";

/** How much a table of records keeps. */
export interface SqliteSinkOptions {
  /** Rows; the oldest go first. @default {Infinity} */
  readonly maxRows?: number;
  /** Records go when their own time is this long ago. @default {Infinity} */
  readonly maxAgeMs?: number;
  /** Time. */
  readonly clock?: Clock;
}

/**
 * A sink that writes records into the SQLite file `path`, for `openSqliteLogs` to search in, at the same
 * time and from any process. A batch is one transaction, and a record that is delivered again, after a
 * kill too, adds nothing: the table holds each record exactly once. Several pipelines may write to one file.
 *
 * SQLite's commits are synchronous: a batch of 500 records holds the event loop for 2 to 3 ms (about
 * 150,000 records/s), a checkpoint every 2 MiB for about 5 ms more. Choose `batch.maxRecords` with that in mind.
 * Records are durable before the log forgets them: fdatasync runs off the event loop.
 *
 * @throws {RangeError} If a limit is not positive
 *
 * @example
 * ```ts ignore
 * import { openPipeline } from "@logflume/logflume";
 * import { openSqliteLogs, sqliteSink } from "@logflume/logflume/storage/sqlite";
 *
 * await using pipeline = await openPipeline({
 *   sinks: { search: { sink: sqliteSink("./search.db", { maxRows: 1e6 }), batch: { maxRecords: 500 } } },
 * });
 * pipeline.logger("shop").error("payment refused", { order: { id: 42 } });
 * await pipeline.drain();
 * using logs = await openSqliteLogs("./search.db");
 * console.log(logs.query({ minLevel: "error", field: { path: "order.id", equals: 42 } }).records);
 * ```
 */
export function sqliteSink(path: string, options: SqliteSinkOptions = {}): Sink {
  return sinkOver(path, options, systemDriver);
}

/** The same over another driver, which tests make fail. */
export function sinkOver(path: string, options: SqliteSinkOptions, driver: SqliteDriver): Sink {
  const clock = options.clock ?? systemClock;
  const limits = {
    maxRows: positive("maxRows", options.maxRows),
    maxAgeMs: positive("maxAgeMs", options.maxAgeMs),
  };
  let token: string | undefined;
  let opened: { readonly database: Database; readonly table: RecordTable } | undefined;
  const writeSync = (batch: Batch, isForeign = false): void => {
    if (opened === undefined) throw new Error(`The sink of "${path}" is not open`);
    const { database, table } = opened;
    // Its numbers are taken by other records: it is a source of its own.
    const into = isForeign ? new RecordTable(database, crypto.randomUUID(), limits) : table;
    into.add(batch, clock.now());
  };
  return {
    async open(checkpoint) {
      // Without one it is a log that this sink has not met: its numbers mean other records.
      token = checkpoint ?? crypto.randomUUID();
      const database = await Database.open(path, RECORDS, driver);
      try {
        opened = { database, table: new RecordTable(database, token, limits) };
      } catch (error) {
        database.close();
        throw error;
      }
    },
    write: (batch, { isForeign }) => writeSync(batch, isForeign),
    writeSync: (batch) => writeSync(batch),
    checkpoint: () => token,
    sync: () => opened?.database.sync(),
    async close() {
      const closing = opened;
      opened = undefined;
      try {
        await closing?.database.sync();
      } finally {
        closing?.database.close();
      }
    },
  };
}

function positive(name: string, value: number = Infinity): number {
  if (value > 0) return value;
  throw new RangeError(`Cannot use ${name} ${value}: allowed are numbers above 0`);
}
