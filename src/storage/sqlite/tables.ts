import type { SqliteRow, SqliteStatement } from "../../platform/sqlite.ts";
import type { CursorRow, InputMark } from "../store.ts";
import type { Database, DatabaseKind } from "./database.ts";
import { rowBytes, type Slice } from "./slices.ts";
import type { StagedChunk } from "./staging.ts";

/** A database of logs: one table of lines for each, named as the log; what begins with `_` is ours. */
export const LOGS: DatabaseKind = {
  what: "logs",
  applicationId: 0x4c_46_4c_31,
  version: 1,
  exclusive: true,
  schema: `
    CREATE TABLE IF NOT EXISTS _logs (
      name TEXT PRIMARY KEY, id TEXT NOT NULL, epoch INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _cursors (
      log TEXT, lane TEXT, row TEXT NOT NULL, PRIMARY KEY (log, lane)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _inputs (
      log TEXT, file TEXT, seq INTEGER, "offset" INTEGER NOT NULL, id TEXT NOT NULL,
      PRIMARY KEY (log, file, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _slices (
      log TEXT, first INTEGER, bytes INTEGER NOT NULL, created INTEGER NOT NULL,
      PRIMARY KEY (log, first)
    ) STRICT, WITHOUT ROWID`,
};

/** What a log was when it was opened. */
export interface FoundLog {
  /** 16 hexadecimal digits. */
  readonly id: string;
  /** The number of this opening. */
  readonly epoch: number;
  /** The sequence number of the next line. */
  readonly nextSeq: number;
  /** Its slices, one at least. */
  readonly slices: Slice[];
  /** Its cursors. */
  readonly cursors: CursorRow[];
  /** The last known place of each input. */
  readonly inputs: Map<string, InputMark>;
}

/** The tables of one log, and every statement that touches them. All calls block. */
export class LogTables {
  readonly #name: string;
  readonly #database: Database;
  readonly #insert: SqliteStatement;
  readonly #lines: SqliteStatement;
  readonly #bytes: SqliteStatement;
  readonly #remove: SqliteStatement;
  /** The rarer ones, prepared when first used. */
  readonly #statements = new Map<string, SqliteStatement>();

  /** @param name Letters, digits and hyphens: it stands in statements, where nothing can be bound */
  constructor(database: Database, name: string) {
    this.#name = name;
    this.#database = database;
    const { sql } = database;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS "${name}" (seq INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT`,
    );
    // Text for people who look inside, bytes for us: Deno ends a text at the first NUL.
    this.#insert = sql.prepare(`INSERT INTO "${name}" VALUES (?, CAST(? AS TEXT))`);
    this.#lines = sql.prepare(
      `SELECT seq, CAST(line AS BLOB) AS line FROM "${name}" WHERE seq >= ? AND seq < ? ORDER BY seq`,
    );
    this.#bytes = sql.prepare(
      `SELECT count(*) AS count, coalesce(sum(octet_length(line) + 1), 0) AS bytes
       FROM "${name}" WHERE seq >= ? AND seq < ?`,
    );
    this.#remove = sql.prepare(`DELETE FROM "${name}" WHERE seq >= ? AND seq < ?`);
  }

  /** Reads what is there and counts this opening. */
  begin(newId: string, nowMs: number): FoundLog {
    const log = this.#name;
    return this.#database.write(0, () => {
      this.#run("INSERT OR IGNORE INTO _logs VALUES (?, ?, 0)", log, newId);
      this.#run("UPDATE _logs SET epoch = epoch + 1 WHERE name = ?", log);
      const { id, epoch } = this.#all("SELECT id, epoch FROM _logs WHERE name = ?", log)[0]!;
      const slices = this.#all(
        "SELECT first, bytes, created FROM _slices WHERE log = ? ORDER BY first",
        log,
      ).map(({ first, bytes, created }) => ({ first, bytes, createdMs: created }) as Slice);
      if (slices.length === 0) {
        slices.push({ first: 1, bytes: 0, createdMs: nowMs });
        this.addSlice(slices[0]!);
      }
      const last = slices.at(-1)!;
      const { max } = this.#all(`SELECT max(seq) AS max FROM "${log}"`)[0]!;
      const nextSeq = Math.max((max as number | null ?? 0) + 1, last.first);
      last.bytes = this.bytesBetween(last.first, nextSeq);
      const cursors = this.#all("SELECT row FROM _cursors WHERE log = ?", log)
        .map(({ row }) => JSON.parse(row as string) as CursorRow);
      return {
        id: id as string,
        epoch: epoch as number,
        nextSeq,
        slices,
        cursors,
        inputs: this.inputs(),
      };
    });
  }

  #run(sql: string, ...values: (string | number)[]): void {
    this.#prepared(sql).run(...values);
  }

  #all(sql: string, ...values: (string | number)[]): SqliteRow[] {
    return this.#prepared(sql).all(...values);
  }

  #prepared(sql: string): SqliteStatement {
    const found = this.#statements.get(sql) ?? this.#database.sql.prepare(sql);
    this.#statements.set(sql, found);
    return found;
  }

  /** Inserts a chunk's lines and notes the places of its inputs. Inside a transaction. */
  insert({ chunk, ends, marks }: StagedChunk): void {
    let start = 0;
    ends.forEach((end, i) => {
      this.#insert.run(chunk.firstSeq + i, chunk.bytes.subarray(start, end - 1));
      start = end;
    });
    const seq = chunk.firstSeq + chunk.count - 1;
    for (const { file, offset, id } of marks.values()) {
      this.#run("INSERT INTO _inputs VALUES (?, ?, ?, ?, ?)", this.#name, file, seq, offset, id);
    }
  }

  /** The last place of each input. */
  inputs(): Map<string, InputMark> {
    const rows = this.#all(
      `SELECT file, "offset", id, max(seq) FROM _inputs WHERE log = ? GROUP BY file`,
      this.#name,
    );
    return new Map(rows.map(({ file, offset, id }) => {
      const mark = { file, offset, id } as InputMark & SqliteRow;
      return [mark.file, mark];
    }));
  }

  /** The lines from `fromSeq` up to but not including `toSeq`, without LF; leave the loop at will. */
  *lines(fromSeq: number, toSeq: number): Iterable<{ seq: number; line: Uint8Array }> {
    for (const { seq, line } of this.#lines.iterate(fromSeq, toSeq)) {
      yield { seq: seq as number, line: line as Uint8Array };
    }
  }

  /** What these rows take in the file. */
  bytesBetween(fromSeq: number, toSeq: number): number {
    const { count, bytes } = this.#bytes.get(fromSeq, toSeq)!;
    return rowBytes(bytes as number, count as number);
  }

  /** Removes rows. Inside a transaction. */
  remove(fromSeq: number, toSeq: number): void {
    this.#remove.run(fromSeq, toSeq);
  }

  /** Adds a slice. Inside a transaction. */
  addSlice({ first, bytes, createdMs }: Slice): void {
    this.#run("INSERT INTO _slices VALUES (?, ?, ?, ?)", this.#name, first, bytes, createdMs);
  }

  /** Notes how large a slice has become. Inside a transaction. */
  sealSlice({ first, bytes }: Slice): void {
    this.#run("UPDATE _slices SET bytes = ? WHERE log = ? AND first = ?", bytes, this.#name, first);
  }

  /** Removes a slice, its rows left alone. Inside a transaction. */
  removeSlice({ first }: Slice): void {
    this.#run("DELETE FROM _slices WHERE log = ? AND first = ?", this.#name, first);
  }

  /** Forgets places of inputs that were noted with records from `seq` on. Inside a transaction. */
  forgetInputsFrom(seq: number): void {
    this.#run("DELETE FROM _inputs WHERE log = ? AND seq >= ?", this.#name, seq);
  }

  /** Forgets places that were noted below `seq`, the last one of each input aside. In a transaction. */
  forgetInputsBelow(seq: number): void {
    this.#run(
      `DELETE FROM _inputs AS old WHERE log = ? AND seq < ? AND EXISTS
       (SELECT 1 FROM _inputs WHERE log = old.log AND file = old.file AND seq > old.seq)`,
      this.#name,
      seq,
    );
  }

  /** Stores these cursors and no others. Inside a transaction. */
  saveCursors(rows: readonly CursorRow[]): void {
    this.#run("DELETE FROM _cursors WHERE log = ?", this.#name);
    for (const row of rows) {
      this.#run("INSERT INTO _cursors VALUES (?, ?, ?)", this.#name, row.lane, JSON.stringify(row));
    }
  }
}
