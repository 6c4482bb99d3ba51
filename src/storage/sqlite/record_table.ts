import type { SqliteStatement } from "../../platform/sqlite.ts";
import { LEVEL_RANK } from "../../record/level.ts";
import type { Batch } from "../../sink/sink.ts";
import type { Database, DatabaseKind } from "./database.ts";

/** A database of records to search in. `_sources` tells the sequence numbers of several logs apart. */
export const RECORDS: DatabaseKind = {
  what: "records",
  applicationId: 0x4c_46_4c_32,
  version: 1,
  exclusive: false,
  schema: `
    CREATE TABLE IF NOT EXISTS _sources (id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE IF NOT EXISTS records (
      id INTEGER PRIMARY KEY,
      source INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      time INTEGER NOT NULL,
      level INTEGER NOT NULL,
      logger TEXT,
      msg TEXT NOT NULL,
      line TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS records_seq ON records (source, seq);
    CREATE INDEX IF NOT EXISTS records_time ON records (time);
    CREATE INDEX IF NOT EXISTS records_level ON records (level, time)`,
};

/** How much of the table is kept. */
export interface RecordLimits {
  /** Rows. */
  readonly maxRows: number;
  /** Age by the record's own time. */
  readonly maxAgeMs: number;
}

/** Writes batches of one source into the table. All calls block. */
export class RecordTable {
  readonly #database: Database;
  readonly #limits: RecordLimits;
  readonly #source: number;
  readonly #insert: SqliteStatement;
  readonly #maxId: SqliteStatement;
  readonly #removeById: SqliteStatement;
  readonly #removeByTime: SqliteStatement;

  /** @param token What tells the log apart whose sequence numbers the batches carry */
  constructor(database: Database, token: string, limits: RecordLimits) {
    this.#database = database;
    this.#limits = limits;
    const { sql } = database;
    this.#source = database.write(0, () => {
      sql.prepare("INSERT OR IGNORE INTO _sources (token) VALUES (?)").run(token);
      return sql.prepare("SELECT id FROM _sources WHERE token = ?").get(token)!.id as number;
    });
    this.#insert = sql.prepare(
      `INSERT INTO records (source, seq, time, level, logger, msg, line)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, seq) DO NOTHING`,
    );
    this.#maxId = sql.prepare("SELECT max(id) AS id FROM records");
    this.#removeById = sql.prepare(
      "DELETE FROM records WHERE id IN (SELECT id FROM records WHERE id <= ? ORDER BY id LIMIT ?)",
    );
    this.#removeByTime = sql.prepare(
      `DELETE FROM records WHERE id IN
       (SELECT id FROM records WHERE time < ? ORDER BY time LIMIT ?)`,
    );
  }

  /** Adds the records that are not there yet and removes old ones, in one transaction. */
  add(batch: Batch, nowMs: number): void {
    const lines = batch.lines();
    this.#database.write(3 * batch.bytes.length, () => {
      batch.records().forEach(({ time, level, logger, msg }, i) => {
        this.#insert.run(
          this.#source,
          batch.seqAt(i),
          Date.parse(time) || 0,
          LEVEL_RANK[level] ?? LEVEL_RANK.info,
          logger ?? null,
          msg,
          lines[i]!,
        );
      });
      this.#removeOld(nowMs, batch.count);
    });
  }

  /** At most twice as many as came: so it catches up when the limits were lowered, and never takes long. */
  #removeOld(nowMs: number, added: number): void {
    const { maxRows, maxAgeMs } = this.#limits;
    const most = 2 * added;
    if (maxAgeMs !== Infinity) this.#removeByTime.run(nowMs - maxAgeMs, most);
    if (maxRows === Infinity) return;
    const newest = this.#maxId.get()?.id as number | null;
    this.#removeById.run((newest ?? 0) - maxRows, most);
  }
}
