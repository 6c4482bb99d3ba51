import { type Clock, systemClock } from "../clock.ts";
import type { FileStore, LogChunk, LogEntry, LogGap, LogRead } from "../storage/store.ts";
import { type LineFilter, lineTest } from "./inspect_filter.ts";
import { pauseFor } from "./inspect_pause.ts";
import { LogView } from "./inspect_view.ts";
import { WalReader } from "./reader.ts";

/** How often a log that is followed is looked at. */
const POLL_MS = 100;

/** Which part of a log is read. */
export interface ReadChunksOptions {
  /** The first record. @default {the oldest one} */
  readonly from?: number;
  /** The last record. @default {the newest one at the time of the call; with `follow` none} */
  readonly to?: number;
  /** Whether to wait for records that are yet to be written. @default {false} */
  readonly follow?: boolean;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
  /** Time. */
  readonly clock?: Clock;
}

/** Which records of a log are read. */
export interface ReadEntriesOptions extends ReadChunksOptions, LineFilter {}

/** A record, or the news that some cannot be read. */
export type ReadEntry =
  | { readonly kind: "entry"; readonly entry: LogEntry }
  | { readonly kind: "gap"; readonly gap: LogGap };

/**
 * The records of a log one by one, without its lock, while a process may be writing to it. Nothing is read
 * ahead by more than a frame. Records that are damaged or gone come as a gap. Following crosses new
 * segments and restarts of the writer; records that were cut off and written anew come again.
 *
 * @throws {Error} If the store cannot be read, or the log was written by a newer version of the format
 *
 * @example
 * ```ts
 * import { memoryStore, openWal, readEntries } from "@logflume/logflume";
 *
 * const store = memoryStore();
 * const wal = await openWal(store);
 * wal.stage('{"time":"2026-01-01T00:00:00.000Z","level":"warn","msg":"hello"}\n');
 * await wal.close();
 * for await (const read of readEntries(store, { level: "warn" })) {
 *   if (read.kind === "entry") console.assert(read.entry.seq === 1);
 * }
 * ```
 */
export async function* readEntries(
  store: FileStore,
  options: ReadEntriesOptions = {},
): AsyncIterable<ReadEntry> {
  const isWanted = lineTest(options);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const read of readChunks(store, options)) {
    if (read.kind === "gap") yield read;
    if (read.kind !== "lines") continue;
    const { bytes } = read.chunk;
    let seq = read.chunk.firstSeq;
    for (let at = 0; at < bytes.length; seq++) {
      const end = bytes.indexOf(0x0a, at);
      if (isWanted === undefined || isWanted(bytes, at, end)) {
        yield { kind: "entry", entry: { seq, line: decoder.decode(bytes.subarray(at, end)) } };
      }
      at = end + 1;
    }
  }
}

/**
 * The same as {@linkcode readEntries} by whole frames: what a frame holds of the asked range, as bytes.
 * With `follow` it says `end` before it waits.
 *
 * @throws {Error} If the store cannot be read, or the log was written by a newer version of the format
 *
 * @example
 * ```ts
 * import { memoryStore, openWal, readChunks } from "@logflume/logflume";
 *
 * const store = memoryStore();
 * await (await openWal(store)).close();
 * for await (const read of readChunks(store)) console.assert(read.kind === "lines");
 * ```
 */
export async function* readChunks(
  store: FileStore,
  options: ReadChunksOptions = {},
): AsyncIterable<LogRead> {
  const { follow = false, signal, clock = systemClock } = options;
  const source = await Source.open(store, options.from);
  const to = Math.min(options.to ?? Infinity, follow ? Infinity : source.endSeq - 1);
  try {
    while (source.nextSeq <= to && !signal?.aborted) {
      const read = await source.next();
      if (read.kind === "end" && !follow) return;
      yield upTo(read, to);
      if (read.kind !== "end" || await source.grow()) continue;
      await pauseFor(POLL_MS, clock, signal);
    }
  } finally {
    source.close();
  }
}

/** A reader, and the view of the log that it reads. */
class Source {
  readonly #view: LogView;
  #reader: WalReader;
  /** Where the last read met damage: told once a new look finds it as well. */
  #doubt: number | undefined;

  private constructor(view: LogView, from: number) {
    this.#view = view;
    this.#reader = new WalReader(view, from);
  }

  static async open(store: FileStore, from: number | undefined): Promise<Source> {
    const view = await LogView.open(store);
    return new Source(view, from ?? view.firstSeq);
  }

  get nextSeq(): number {
    return this.#reader.nextSeq;
  }

  get endSeq(): number {
    return this.#view.writtenSeq;
  }

  async next(): Promise<LogRead> {
    for (;;) {
      const seq = this.nextSeq;
      const read = await this.#read();
      if (read === undefined) {
        await this.#lookAgain(seq);
      } else if (read.kind !== "gap" || read.gap.reason === "trimmed" || this.#doubt === seq) {
        return read;
      } else {
        this.#doubt = seq;
        await this.#lookAgain(seq);
      }
    }
  }

  /** Undefined if the segment that is read has gone meanwhile. */
  async #read(): Promise<LogRead | undefined> {
    try {
      return await this.#reader.next();
    } catch (error) {
      if (await this.#view.hasMoved()) return undefined;
      throw error;
    }
  }

  async #lookAgain(seq: number): Promise<void> {
    await this.#view.renew();
    this.#beginAt(seq);
  }

  /** Takes in what was written meanwhile; false if nothing was. */
  async grow(): Promise<boolean> {
    const { logId } = this.#view;
    const seq = this.nextSeq;
    let moved: boolean;
    try {
      moved = await this.#view.grow();
    } catch (error) {
      // The last segment gave way to another one between two calls.
      if (!(await this.#view.hasMoved())) throw error;
      return true;
    }
    if (!moved) return false;
    const isOther = this.#view.logId !== logId;
    this.#beginAt(isOther ? this.#view.firstSeq : Math.min(seq, this.#view.writtenSeq));
    return this.nextSeq < this.#view.writtenSeq;
  }

  /** A new reader each time: what the old one has read ahead may have been written over since. */
  #beginAt(seq: number): void {
    this.#reader.close();
    this.#reader = new WalReader(this.#view, seq);
  }

  close(): void {
    this.#reader.close();
  }
}

/** What a read gives of the records up to `to`. */
function upTo(read: LogRead, to: number): LogRead {
  if (read.kind === "gap") {
    const { firstSeq, count } = read.gap;
    return { ...read, gap: { ...read.gap, count: Math.min(count, to - firstSeq + 1) } };
  }
  return read.kind === "lines" ? { kind: "lines", chunk: firstLines(read.chunk, to) } : read;
}

function firstLines(chunk: LogChunk, to: number): LogChunk {
  const count = to - chunk.firstSeq + 1;
  if (count >= chunk.count) return chunk;
  let end = 0;
  for (let i = 0; i < count; i++) end = chunk.bytes.indexOf(0x0a, end) + 1;
  return { firstSeq: chunk.firstSeq, count, bytes: chunk.bytes.subarray(0, end) };
}
