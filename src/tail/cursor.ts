import { chunkFrom } from "../storage/chunk.ts";
import type { LogChunk, LogRead, LogReader } from "../storage/store.ts";
import { assertSeq } from "./from.ts";
import { countLines, endOfLines, type TailLines, tailLines } from "./lines.ts";
import type { LineRing } from "./ring.ts";
import type { Wake } from "./wake.ts";

/** Why a reader did not get records. */
export type TailGapReason = "evicted" | "slow" | "restart" | "damaged" | "trimmed";

/** News that a reader did not get some records; `from` and `to` are the first and the last of them. */
export interface TailGap {
  /** Tells it from lines and from the end. */
  readonly kind: "gap";
  /** The sequence number of the first record missed. */
  readonly from: number;
  /** The sequence number of the last record missed. */
  readonly to: number;
  /** How many were missed, exactly; 0 if another log began and the number cannot be known. */
  readonly count: number;
  /**
   * `evicted`: the ring moved past the reader; `slow`: the reader was moved on to show the present;
   * `restart`: seen before, in a run whose end was lost; `damaged`, `trimmed`: gone from the log.
   */
  readonly reason: TailGapReason;
}

/** What a read of the tail gives; `end` means nothing more for now, or for good on a closed tail. */
export type TailRead = TailLines | TailGap | { readonly kind: "end" };

/**
 * A reader's place in the tail. History and live records come from one loop over `next` and `wait`, so
 * every record from the place on is given once, in order, or counted in a gap.
 */
export interface TailCursor extends Disposable {
  /**
   * The sequence number of the next record. With the run of its tail it is a place to come back to. Of
   * `{ since }` it is exact after the first `next`.
   */
  readonly seq: number;
  /** Records between this place and the newest. */
  readonly lag: number;
  /**
   * The next lines, at most `maxBytes` (64 KiB unless given) of them and at least one; answers without
   * a promise unless it reads history. Not to be called again before its promise is settled.
   * When history fails it throws or rejects, this reader alone; the next call tries again.
   */
  next(maxBytes?: number): TailRead | Promise<TailRead>;
  /**
   * Resolves when there is more, the tail is closed, or `timeoutMs` is over; rejects with the signal's
   * reason on abort.
   */
  wait(signal?: AbortSignal, timeoutMs?: number): Promise<void>;
  /**
   * Moves on to `seq`, never back and never past the newest, and returns the records passed over as a
   * gap, which counts as missed.
   *
   * @throws {RangeError} If `seq` is no integer
   */
  skipTo(seq: number): TailGap;
  /** Gives the place and its history reader back, and ends its waits. A second call does nothing. */
  close(): void;
}

/** What cursors share. */
export interface CursorHost {
  readonly ring: LineRing;
  readonly wake: Wake;
  readonly history: ((fromSeq: number) => LogReader) | undefined;
  readonly closed: boolean;
  missed(count: number): void;
  forget(cursor: TailCursor): void;
}

/** Where a cursor begins. */
export interface CursorStart {
  readonly seq: number;
  /** A gap to tell before anything else. */
  readonly owed?: TailGap | undefined;
  /** Whether older records that are gone already were not asked for, so that no gap is told. */
  readonly lenient?: boolean;
  /** Looks in history for an earlier place than `seq`, before anything is read. */
  readonly search?: (reader: LogReader) => Promise<number>;
}

const READ_BYTES = 64 * 1024;
const END: TailRead = { kind: "end" };

/**
 * The cursor over the ring, with history behind it. It holds a place and, while it reads history, one
 * frame: O(1) memory however far it is behind.
 */
export class RingCursor implements TailCursor {
  readonly #host: CursorHost;
  #seq: number;
  #position = -1;
  #owed: TailGap | undefined;
  #lenient: boolean;
  #search: CursorStart["search"];
  #reader: LogReader | undefined;
  #rest: LogChunk | undefined;
  #closed = false;

  constructor(host: CursorHost, start: CursorStart) {
    this.#host = host;
    this.#seq = start.seq;
    this.#owed = start.owed;
    this.#lenient = start.lenient ?? false;
    this.#search = start.search;
  }

  get seq(): number {
    return this.#seq;
  }

  get lag(): number {
    return this.#host.ring.nextSeq - this.#seq;
  }

  next(maxBytes: number = READ_BYTES): TailRead | Promise<TailRead> {
    if (this.#closed) return END;
    if (this.#owed !== undefined) return this.#tellOwed(this.#owed);
    const { ring } = this.#host;
    if (this.#search !== undefined) return this.#searchFirst(this.#search, maxBytes);
    if (this.#seq >= ring.nextSeq) return END;
    if (this.#position < ring.base) {
      this.#position = -1;
      if (this.#seq < ring.firstSeq) return this.#older(maxBytes);
      this.#position = ring.locate(this.#seq);
    }
    return this.#fromRing(maxBytes);
  }

  wait(signal?: AbortSignal, timeoutMs?: number): Promise<void> {
    const more = this.#owed !== undefined || this.#search !== undefined || this.lag > 0;
    if (more || this.#closed || this.#host.closed) return Promise.resolve();
    return this.#host.wake.wait(this, signal, timeoutMs);
  }

  skipTo(seq: number): TailGap {
    assertSeq(seq, "seq");
    this.#position = -1;
    this.#rest = undefined;
    this.#search = undefined;
    return this.#gapTo(Math.max(Math.min(seq, this.#host.ring.nextSeq), this.#seq), "slow");
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leaveHistory();
    this.#host.wake.release(this);
    this.#host.forget(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #tellOwed(gap: TailGap): TailGap {
    this.#owed = undefined;
    this.#host.missed(gap.count);
    return gap;
  }

  async #searchFirst(
    search: (reader: LogReader) => Promise<number>,
    maxBytes: number,
  ): Promise<TailRead> {
    const { history } = this.#host;
    if (history !== undefined) {
      this.#reader ??= history(this.#seq);
      const seq = await search(this.#reader);
      // Somebody moved us on meanwhile, past what was looked for.
      if (this.#search === search) this.#seq = seq;
    }
    this.#search = undefined;
    return this.next(maxBytes);
  }

  /** In the ring nothing of history is held: no descriptor, no rest of a frame. */
  #leaveHistory(): void {
    this.#reader?.close();
    this.#reader = undefined;
    this.#rest = undefined;
  }

  #fromRing(maxBytes: number): TailRead {
    this.#lenient = false;
    if (this.#reader !== undefined) this.#leaveHistory();
    const lines = this.#host.ring.read(this.#position, this.#seq, maxBytes);
    this.#position += lines.chunk.bytes.length;
    this.#seq = lines.to + 1;
    return lines;
  }

  /** The ring has moved past this place: history has it, or it is a gap. */
  #older(maxBytes: number): TailRead | Promise<TailRead> {
    const { history, ring } = this.#host;
    if (this.#rest?.firstSeq === this.#seq) return this.#takeLines(this.#rest, maxBytes);
    if (history === undefined) return this.#gapTo(ring.firstSeq, "evicted");
    this.#reader ??= history(this.#seq);
    if (this.#reader.nextSeq !== this.#seq) this.#reader.seek(this.#seq);
    const read = this.#reader.next();
    return read instanceof Promise
      ? read.then((value) => this.#fromHistory(value, maxBytes))
      : this.#fromHistory(read, maxBytes);
  }

  #fromHistory(read: LogRead, maxBytes: number): TailRead | Promise<TailRead> {
    if (this.#closed) return END;
    const { ring } = this.#host;
    // Moved on while the read was under way: what it says is of the past.
    if (this.#seq >= ring.firstSeq) return this.next(maxBytes);
    if (read.kind === "end") return this.#gapTo(ring.firstSeq, "evicted");
    if (read.kind === "gap") {
      const end = read.gap.firstSeq + read.gap.count;
      if (end <= this.#seq) return this.next(maxBytes);
      return this.#pass(end, read.gap.reason, maxBytes);
    }
    const chunk = chunkFrom(read.chunk, this.#seq);
    if (chunk === undefined) return this.next(maxBytes);
    if (chunk.firstSeq > this.#seq) return this.#pass(chunk.firstSeq, "trimmed", maxBytes);
    return this.#takeLines(chunk, maxBytes);
  }

  #pass(seq: number, reason: TailGapReason, maxBytes: number): TailRead | Promise<TailRead> {
    // Damage is told in any case: records that were asked for were there.
    if (!this.#lenient || reason === "damaged") return this.#gapTo(seq, reason);
    this.#seq = seq;
    return this.next(maxBytes);
  }

  #takeLines(chunk: LogChunk, maxBytes: number): TailRead {
    this.#lenient = false;
    const end = endOfLines(chunk.bytes, 0, maxBytes);
    const whole = end === chunk.bytes.length;
    const bytes = whole ? chunk.bytes : chunk.bytes.subarray(0, end);
    const count = whole ? chunk.count : countLines(bytes);
    this.#seq = chunk.firstSeq + count;
    this.#rest = whole ? undefined : chunkFrom(chunk, this.#seq);
    return tailLines({ firstSeq: chunk.firstSeq, count, bytes }, false);
  }

  #gapTo(seq: number, reason: TailGapReason): TailGap {
    const from = this.#seq;
    this.#seq = seq;
    this.#host.missed(seq - from);
    return { kind: "gap", from, to: seq - 1, count: seq - from, reason };
  }
}
