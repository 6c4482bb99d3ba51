import { messageOf } from "../../errors.ts";
import type { SqliteDatabase, SqliteRow, SqliteValue } from "../../platform/sqlite.ts";
import type { LogRecord } from "../../record/record.ts";
import { conditionsOf, type LogConditions } from "./conditions.ts";
import { assertKind } from "./database.ts";
import { systemDriver } from "./driver.ts";
import { RECORDS } from "./record_table.ts";

/** Which records to give, how many, and in what order. */
export interface LogQuery extends LogConditions {
  /** By time; records of one millisecond in the order in which they were stored. @default {"newest"} */
  readonly order?: "newest" | "oldest";
  /** Records a page, 1 to 1000. @default {100} */
  readonly limit?: number;
  /** Where the page before ended: its `next`. */
  readonly cursor?: string;
}

/** A record and its place. */
export interface StoredRecord extends LogRecord {
  /** The row, unique in the file. */
  readonly id: number;
  /** Its sequence number in the log that it came from. */
  readonly seq: number;
}

/** One page. */
export interface LogPage {
  /** The records. */
  readonly records: readonly StoredRecord[];
  /** The `cursor` of the page that follows; undefined after the last one. */
  readonly next: string | undefined;
}

/** Records to search in. */
export interface SqliteLogs extends Disposable {
  /**
   * Searches, and blocks until the page is full: milliseconds where `level`, `minLevel`, `from` or `to`
   * narrow it down, else as long as it takes to look at every record.
   *
   * @throws {RangeError | TypeError} If a condition makes no sense
   */
  query(query?: LogQuery): LogPage;
  /** Gives the file back. */
  close(): void;
}

/** Records a page, at most. */
const MAX_LIMIT = 1000;

/**
 * Opens what `sqliteSink` writes to `path`, to search in it, also while this or another process writes.
 *
 * @throws {Error} If there is no such file, or it holds something else
 *
 * @example
 * ```ts ignore
 * import { openSqliteLogs } from "@logflume/logflume/storage/sqlite";
 *
 * using logs = await openSqliteLogs("./search.db");
 * let page = logs.query({ minLevel: "warn", text: "refused", limit: 50 });
 * while (page.next !== undefined) {
 *   page = logs.query({ minLevel: "warn", text: "refused", limit: 50, cursor: page.next });
 * }
 * ```
 */
export async function openSqliteLogs(path: string): Promise<SqliteLogs> {
  let sql: SqliteDatabase | undefined;
  try {
    sql = await systemDriver.open(path, { readOnly: true, busyTimeoutMs: 1000 });
    assertKind(path, sql, RECORDS);
    sql.prepare("SELECT id FROM records LIMIT 1").get();
  } catch (error) {
    sql?.close();
    throw new Error(`Cannot search in "${path}": ${messageOf(error)}`, { cause: error });
  }
  return new OpenLogs(sql);
}

class OpenLogs implements SqliteLogs {
  readonly #sql: SqliteDatabase;
  #open = true;

  constructor(sql: SqliteDatabase) {
    this.#sql = sql;
  }

  query(query: LogQuery = {}): LogPage {
    const { limit = 100, order = "newest", cursor } = query;
    assertPage(limit, order);
    const conditions = conditionsOf(query);
    const newest = order === "newest";
    if (cursor !== undefined) {
      const sql = `(time, id) ${newest ? "<" : ">"} (?, ?)`;
      conditions.push({ sql, values: placeOf(cursor) });
    }
    const where = conditions.map(({ sql }) => sql).join(" AND ") || "true";
    const by = newest ? "time DESC, id DESC" : "time, id";
    const rows = this.#sql
      .prepare(`SELECT id, seq, time, line FROM records WHERE ${where} ORDER BY ${by} LIMIT ?`)
      .all(...conditions.flatMap(({ values }) => values), limit + 1);
    return pageOf(rows, limit);
  }

  close(): void {
    if (this.#open) this.#sql.close();
    this.#open = false;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function assertPage(limit: number, order: string): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new RangeError(`Cannot give ${limit} records a page: allowed are 1 to ${MAX_LIMIT}`);
  }
  if (order !== "newest" && order !== "oldest") {
    throw new RangeError(`Cannot give records in order "${order}": use newest or oldest`);
  }
}

function pageOf(rows: readonly SqliteRow[], limit: number): LogPage {
  const given = rows.slice(0, limit);
  const last = given.at(-1);
  return {
    records: given.map(({ id, seq, line }) => ({
      ...JSON.parse(line as string) as LogRecord,
      id: id as number,
      seq: seq as number,
    })),
    next: rows.length > limit ? `${last!.time}.${last!.id}` : undefined,
  };
}

function placeOf(cursor: string): SqliteValue[] {
  const [, time, id] = /^(-?\d{1,16})\.(\d{1,16})$/.exec(cursor) ?? [];
  if (id !== undefined) return [Number(time), Number(id)];
  throw new RangeError(`Cannot go on at "${cursor}": give the "next" of the page before`);
}
