import { messageOf, StoreFailedError } from "../../errors.ts";
import { sqliteCodeOf } from "../../platform/sqlite.ts";
import { Refusal } from "../refusal.ts";
import type { LogNotice } from "../store.ts";
import type { Database } from "./database.ts";

/** SQLite's codes for what may pass: BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN. */
const PASSING: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 13, 14]);

/** Tells a disk that may take the records later from one at which the log has ended. */
export class LogFailure {
  readonly #label: string;
  readonly #database: Database;
  readonly #tell: (notice: LogNotice) => void;
  readonly #refusal: Refusal;
  #error: Error | undefined;

  constructor(label: string, database: Database, tell: (notice: LogNotice) => void) {
    this.#label = label;
    this.#database = database;
    this.#tell = tell;
    this.#refusal = new Refusal(label, tell);
  }

  /** Why the log has stopped for good, if it has. */
  get error(): Error | undefined {
    return this.#error ?? this.#database.failure;
  }

  /** The disk did not take it. */
  refused(error: unknown): void {
    const mayPass = PASSING.has(sqliteCodeOf(error) & 0xff) && this.error === undefined;
    if (mayPass) this.#refusal.met(error);
    else this.failed(error);
  }

  /** The disk has written. */
  over(): void {
    this.#refusal.over();
  }

  /** The log is closed, and so many of its records were never written. */
  lost(count: number): void {
    this.#refusal.lost(count);
  }

  /** The log stops for good, which is told once; answers with what it says from now on. */
  failed(error: unknown): Error {
    if (this.#error !== undefined) return this.#error;
    this.#error = this.#database.failure ?? new StoreFailedError(
      `The log in "${this.#label}" cannot be written: ${messageOf(error)}; ` +
        `it takes no more records, those acknowledged stay readable`,
      { cause: error },
    );
    this.#tell({ kind: "failed", message: this.#error.message });
    return this.#error;
  }
}
