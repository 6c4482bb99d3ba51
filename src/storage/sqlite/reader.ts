import { messageOf, StoreFailedError } from "../../errors.ts";
import type { LogChunk, LogRead, LogReader } from "../store.ts";
import { chunkFrom } from "../chunk.ts";
import type { Window } from "../window.ts";
import type { LogTables } from "./tables.ts";

/** What a reader sees of the log it reads. */
export interface ReadableRows {
  /** How messages call the log. */
  readonly label: string;
  /** The rows. */
  readonly tables: LogTables;
  /** The newest lines, in memory. */
  readonly recent: Window;
  /** The oldest record that is still there. */
  readonly firstSeq: number;
  /** Records below this one are written. */
  readonly writtenSeq: number;
  /** Tells of rows that are missing; called once a place. */
  missing(firstSeq: number, count: number): void;
}

/** Lines given at once. */
export const MAX_CHUNK_BYTES: number = 64 * 1024;

const END: LogRead = { kind: "end" };
const LF = 0x0a;

/** A place in the log that moves forward: through memory where it can, through the table else. */
export class RowReader implements LogReader {
  nextSeq: number;
  readonly #log: ReadableRows;
  #closed = false;

  constructor(log: ReadableRows, fromSeq: number) {
    this.#log = log;
    this.nextSeq = fromSeq;
  }

  next(): LogRead {
    const { firstSeq, writtenSeq, recent } = this.#log;
    if (this.#closed || this.nextSeq >= writtenSeq) return END;
    if (this.nextSeq < firstSeq) return this.#gap(firstSeq, "trimmed");
    const chunk = recent.find(this.nextSeq);
    return chunk === undefined ? this.#fromTable() : this.#give(chunkFrom(chunk, this.nextSeq)!);
  }

  seek(seq: number): void {
    this.nextSeq = seq;
  }

  close(): void {
    this.#closed = true;
  }

  #give(chunk: LogChunk): LogRead {
    this.nextSeq = chunk.firstSeq + chunk.count;
    return { kind: "lines", chunk };
  }

  #gap(until: number, reason: "damaged" | "trimmed"): LogRead {
    const gap = { firstSeq: this.nextSeq, count: until - this.nextSeq, reason };
    this.nextSeq = until;
    return { kind: "gap", gap };
  }

  #fromTable(): LogRead {
    const { lines, resumeAt } = this.#readLines();
    if (lines.length > 0) {
      return this.#give({ firstSeq: this.nextSeq, count: lines.length, bytes: joined(lines) });
    }
    this.#log.missing(this.nextSeq, resumeAt - this.nextSeq);
    return this.#gap(resumeAt, "damaged");
  }

  /** The lines that stand here without a hole, as many as fit; else where lines go on. */
  #readLines(): { lines: Uint8Array[]; resumeAt: number } {
    const { tables, writtenSeq, label } = this.#log;
    const lines: Uint8Array[] = [];
    let bytes = 0;
    try {
      for (const { seq, line } of tables.lines(this.nextSeq, writtenSeq)) {
        if (seq !== this.nextSeq + lines.length) return { lines, resumeAt: seq };
        bytes += line.length + 1;
        if (bytes > MAX_CHUNK_BYTES && lines.length > 0) break;
        lines.push(line);
      }
    } catch (error) {
      throw new StoreFailedError(
        `The log in "${label}" cannot be read from record ${this.nextSeq} on: ` +
          `${messageOf(error)}; see what sqlite3's .recover gets out of it`,
        { cause: error },
      );
    }
    return { lines, resumeAt: writtenSeq };
  }
}

function joined(lines: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lines.reduce((sum, line) => sum + line.length + 1, 0));
  let at = 0;
  for (const line of lines) {
    bytes.set(line, at);
    at += line.length;
    bytes[at++] = LF;
  }
  return bytes;
}
