import type { CursorRow, LogChunk, LogRead, LogReader, LogStore } from "../storage/store.ts";
import { batchOf, chunkFrom, type LineBatch, splitChunk } from "./batch.ts";

/** How much a lane takes at once. */
export interface ClaimLimits {
  /** Records, at most. */
  readonly maxRecords: number;
  /** Bytes, at most; a single record may be larger. */
  readonly maxBytes: number;
}

/** What became of claimed records. Together they are all records of the claim. */
export interface Settled {
  /** Records delivered. */
  readonly delivered?: number;
  /** Records in the dead letters. */
  readonly deadLettered?: number;
  /** Records that the lane's filter left out. */
  readonly filtered?: number;
  /** Records lost, and why. */
  readonly dropped?: { readonly reason: string; readonly count: number };
}

/** Records that a lane holds and has not settled yet. */
export interface Claim {
  /** The records. */
  readonly batch: LineBatch;
  /** Says what became of them, once. The cursor moves on when all before them are settled too. */
  settle(...outcomes: Settled[]): void;
}

/** Where a lane takes its records from. */
export interface LaneSource {
  /** The next records; undefined if there are none now. One call at a time. */
  claim(limits: ClaimLimits): Claim | undefined | Promise<Claim | undefined>;
}

interface OpenClaim {
  readonly endSeq: number;
  readonly batch: LineBatch | undefined;
  outcomes: readonly Settled[] | undefined;
}

type Counts = { -readonly [K in keyof Omit<CursorRow, "dropped">]: CursorRow[K] } & {
  dropped: Record<string, number>;
};

/** A lane's cursor on a log: claims go out in order and may be settled in any. */
export class LogCursor implements LaneSource {
  readonly #reader: LogReader;
  readonly #row: Counts;
  readonly #claims: OpenClaim[] = [];
  /** What the reader gave and no claim has taken yet. */
  #ahead: LogRead | Promise<LogRead> | undefined;
  /** Where the next claim begins. */
  #claimedTo: number;

  constructor(log: LogStore, row: CursorRow) {
    this.#row = { ...row, dropped: { ...row.dropped } };
    this.#claimedTo = row.nextSeq;
    this.#reader = log.reader(row.nextSeq);
  }

  /** Place and counts of what is settled without a hole, to be stored together. */
  get row(): CursorRow {
    return { ...this.#row, dropped: { ...this.#row.dropped } };
  }

  /** Every record below this one is settled. */
  get nextSeq(): number {
    return this.#row.nextSeq;
  }

  /** Every record below this one is claimed. */
  get claimedTo(): number {
    return this.#claimedTo;
  }

  /** Outcomes that are known but stand behind an unsettled claim. */
  get settledAhead(): readonly Settled[] {
    return this.#claims.flatMap((claim) => claim.outcomes ?? []);
  }

  /** Batches that are claimed and not settled, in order. */
  get unsettled(): readonly LineBatch[] {
    return this.#claims.flatMap((claim) =>
      claim.outcomes === undefined && claim.batch !== undefined ? [claim.batch] : []
    );
  }

  /** Remembers what the sink wants to be reminded of at the next start. */
  checkpoint(text: string | undefined): void {
    if (text === undefined) delete this.#row.checkpoint;
    else this.#row.checkpoint = text;
  }

  /** Counts records that were sent again. */
  countRedelivered(count: number): void {
    this.#row.redelivered += count;
  }

  /** Counts records that never reached the log. */
  countOverflow(count: number): void {
    if (count > 0) this.#drop("overflow", count);
  }

  claim(limits: ClaimLimits): Claim | undefined | Promise<Claim | undefined> {
    for (;;) {
      const read = this.#take();
      if (read instanceof Promise) return this.#claimLater(read, limits);
      if (read.kind === "end") return undefined;
      // What was read before a skip may stand below the place where the skip ended.
      if (read.kind === "gap") {
        const end = read.gap.firstSeq + read.gap.count;
        if (end > this.#claimedTo) this.#passGap(end, read.gap.reason);
        continue;
      }
      const chunk = chunkFrom(read.chunk, this.#claimedTo);
      if (chunk !== undefined) return this.#claimFrom(chunk, limits);
    }
  }

  async #claimLater(read: Promise<LogRead>, limits: ClaimLimits): Promise<Claim | undefined> {
    this.#ahead = await read;
    return this.claim(limits);
  }

  #take(): LogRead | Promise<LogRead> {
    const read = this.#ahead ?? this.#reader.next();
    this.#ahead = undefined;
    return read;
  }

  #claimFrom(first: LogChunk, limits: ClaimLimits): Claim {
    const chunks: LogChunk[] = [];
    let records = 0;
    let bytes = 0;
    for (let next: LogChunk | undefined = first; next !== undefined;) {
      const room = [limits.maxRecords - records, limits.maxBytes - bytes] as const;
      // A chunk that does not fit as a whole starts the next claim, unless this one is empty.
      if (chunks.length > 0 && (next.count > room[0] || next.bytes.length > room[1])) {
        this.#ahead = { kind: "lines", chunk: next };
        break;
      }
      const [part, rest] = splitChunk(next, ...room);
      chunks.push(part);
      records += part.count;
      bytes += part.bytes.length;
      if (rest !== undefined) {
        this.#ahead = { kind: "lines", chunk: rest };
        break;
      }
      next = this.#more();
    }
    return this.#open(batchOf(chunks));
  }

  /** More lines if they are at hand, without waiting for the disk. */
  #more(): LogChunk | undefined {
    const read = this.#reader.next();
    if (!(read instanceof Promise)) {
      if (read.kind === "lines") return read.chunk;
      if (read.kind === "end") return undefined;
    }
    this.#ahead = read;
    return undefined;
  }

  #open(batch: LineBatch): Claim {
    const last = batch.runs.at(-1)!;
    const open: OpenClaim = { endSeq: last.firstSeq + last.count, batch, outcomes: undefined };
    this.#claims.push(open);
    this.#claimedTo = open.endSeq;
    return {
      batch,
      settle: (...outcomes) => {
        open.outcomes ??= outcomes;
        this.#advance();
      },
    };
  }

  /** Gives up all records below `seq` that are not claimed. */
  skipTo(seq: number, reason: string): void {
    if (seq <= this.#claimedTo) return;
    // A read that is under way follows the reader to the new place.
    if (!(this.#ahead instanceof Promise)) this.#ahead = undefined;
    this.#reader.seek(seq);
    this.#passGap(seq, reason);
  }

  #passGap(endSeq: number, reason: string): void {
    const dropped = { reason, count: endSeq - this.#claimedTo };
    this.#claims.push({ endSeq, batch: undefined, outcomes: [{ dropped }] });
    this.#claimedTo = endSeq;
    this.#advance();
  }

  /** Moves over everything that is settled without a hole. */
  #advance(): void {
    while (this.#claims[0]?.outcomes !== undefined) {
      const { endSeq, outcomes } = this.#claims.shift()!;
      this.#row.nextSeq = endSeq;
      for (const outcome of outcomes!) this.#count(outcome);
    }
  }

  #count({ delivered = 0, deadLettered = 0, filtered = 0, dropped }: Settled): void {
    this.#row.delivered += delivered;
    this.#row.deadLettered += deadLettered;
    this.#row.filtered += filtered;
    if (dropped !== undefined) this.#drop(dropped.reason, dropped.count);
  }

  #drop(reason: string, count: number): void {
    this.#row.dropped[reason] = (this.#row.dropped[reason] ?? 0) + count;
  }

  /** Gives descriptors back. */
  close(): void {
    this.#reader.close();
  }
}
