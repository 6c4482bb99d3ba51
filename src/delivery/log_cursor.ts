import { chunkFrom } from "../storage/chunk.ts";
import type { CursorRow, LogRead, LogReader, LogStore, SeqRun } from "../storage/store.ts";
import type { LineBatch } from "./batch.ts";
import { BatchFill, type ClaimLimits } from "./batch_fill.ts";
import { OpenClaim, type Outcome, type Unsettled } from "./open_claim.ts";

/** Records by what became of them. */
type OutcomeCounts = Record<Outcome, number>;

type Counts = { -readonly [K in keyof Omit<CursorRow, "dropped">]: CursorRow[K] } & {
  dropped: Record<string, number>;
};

/**
 * A lane's cursor on a log: claims go out in order, their records may be settled in any. It stands at the
 * lowest record that is not settled, and knows what is settled beyond.
 */
export class LogCursor {
  readonly #reader: LogReader;
  readonly #row: Counts;
  /** Settled records beyond the cursor. */
  readonly #ahead: OutcomeCounts = { delivered: 0, fallback: 0, deadLettered: 0, filtered: 0 };
  readonly #droppedAhead: Record<string, number> = {};
  readonly #claims: OpenClaim[] = [];
  /** What the reader gave and no claim has taken yet. */
  #read: LogRead | undefined;
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

  /** The same place, with the counts of what is settled beyond it too. */
  get settled(): CursorRow {
    const { row } = this;
    const { delivered, fallback, deadLettered, filtered } = this.#ahead;
    const dropped: Record<string, number> = { ...row.dropped };
    for (const [reason, count] of Object.entries(this.#droppedAhead)) {
      if (count > 0) dropped[reason] = (dropped[reason] ?? 0) + count;
    }
    return {
      ...row,
      dropped,
      delivered: row.delivered + delivered + fallback,
      fallback: (row.fallback ?? 0) + fallback,
      deadLettered: row.deadLettered + deadLettered,
      filtered: row.filtered + filtered,
    };
  }

  /** Every record below this one is settled. */
  get nextSeq(): number {
    return this.#row.nextSeq;
  }

  /** Every record below this one is claimed. */
  get claimedTo(): number {
    return this.#claimedTo;
  }

  /** Batches that are claimed and not settled, in order. */
  get unsettled(): readonly Unsettled[] {
    return this.#claims.flatMap((claim) => claim.unsettled ?? []);
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

  /** The next records; undefined if there are none now. One call at a time. */
  claim(limits: ClaimLimits): LineBatch | undefined | Promise<LineBatch | undefined> {
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
      if (chunk !== undefined) {
        return this.#fill(new BatchFill(limits), { kind: "lines", chunk });
      }
    }
  }

  async #claimLater(
    read: Promise<LogRead>,
    limits: ClaimLimits,
  ): Promise<LineBatch | undefined> {
    this.#read = await read;
    return this.claim(limits);
  }

  #take(): LogRead | Promise<LogRead> {
    const read = this.#read ?? this.#reader.next();
    this.#read = undefined;
    return read;
  }

  /** Fills a batch: without a pause while the records are in memory, waiting for those on the disk. */
  #fill(
    fill: BatchFill,
    first: LogRead,
  ): LineBatch | undefined | Promise<LineBatch | undefined> {
    for (let read: LogRead | Promise<LogRead> = first;; read = this.#reader.next()) {
      if (read instanceof Promise) return this.#fillLater(fill, read);
      if (read.kind === "end") break;
      if (read.kind === "gap") {
        this.#read = read;
        break;
      }
      const rest = fill.add(read.chunk);
      if (rest !== undefined) this.#read = { kind: "lines", chunk: rest };
      if (rest !== undefined || fill.isFull) break;
    }
    return this.#open(fill.batch());
  }

  async #fillLater(fill: BatchFill, reading: Promise<LogRead>): Promise<LineBatch | undefined> {
    const from = this.#claimedTo;
    // What cannot be read is met again by the next claim, which has nothing in hand.
    const read = await reading.catch((): LogRead => ({ kind: "end" }));
    if (this.#claimedTo === from) return this.#fill(fill, read);
    // What is in hand was given up meanwhile, in whole or in part.
    this.#reader.seek(this.#claimedTo);
    return this.claim(fill.limits);
  }

  #open(batch: LineBatch): LineBatch {
    const last = batch.runs.at(-1)!;
    const endSeq = last.firstSeq + last.count;
    this.#claims.push(new OpenClaim(batch.runs[0]!.firstSeq, endSeq, batch));
    this.#claimedTo = endSeq;
    return batch;
  }

  /** Says what became of claimed records, a whole batch or parts of one; the first word counts. */
  settle(batch: LineBatch, outcome: Outcome): void {
    for (const run of batch.runs) this.#settleRun(run, outcome);
    this.#advance();
  }

  #settleRun({ firstSeq, count }: SeqRun, outcome: Outcome): void {
    const end = firstSeq + count;
    for (let i = this.#indexOf(firstSeq), seq = firstSeq; seq < end; i++) {
      const claim = this.#claims[i];
      if (claim === undefined) return;
      const to = Math.min(end, claim.endSeq);
      this.#ahead[outcome] += claim.settle(seq, to, outcome);
      seq = to;
    }
  }

  /** The claim that holds a record; claims stand in order and without holes. */
  #indexOf(seq: number): number {
    let low = 0;
    let high = this.#claims.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#claims[middle]!.endSeq <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Gives up all records below `seq` that are not claimed. */
  skipTo(seq: number, reason: string): void {
    if (seq <= this.#claimedTo) return;
    this.#read = undefined;
    // A read that is under way follows the reader to the new place.
    this.#reader.seek(seq);
    this.#passGap(seq, reason);
  }

  #passGap(endSeq: number, reason: string): void {
    const gap = new OpenClaim(this.#claimedTo, endSeq, undefined, reason);
    this.#droppedAhead[reason] = (this.#droppedAhead[reason] ?? 0) + gap.count;
    this.#claims.push(gap);
    this.#claimedTo = endSeq;
    this.#advance();
  }

  /** Moves over everything that is settled without a hole. */
  #advance(): void {
    let passed = 0;
    for (let isOver = true; isOver && passed < this.#claims.length;) {
      const claim = this.#claims[passed]!;
      isOver = this.#pass(claim);
      if (isOver) passed++;
    }
    if (passed > 0) this.#claims.splice(0, passed);
  }

  /** Moves to the first record of a claim that is not settled; true if there is none. */
  #pass(claim: OpenClaim): boolean {
    const row = this.#row;
    if (claim.gapReason === undefined) {
      claim.pass((outcome, count) => {
        this.#ahead[outcome] -= count;
        if (outcome === "fallback") row.fallback = (row.fallback ?? 0) + count;
        row[outcome === "fallback" ? "delivered" : outcome] += count;
      });
    } else {
      this.#droppedAhead[claim.gapReason]! -= claim.count;
      row.dropped[claim.gapReason] = (row.dropped[claim.gapReason] ?? 0) + claim.count;
    }
    row.nextSeq = claim.passedTo;
    return claim.passedTo === claim.endSeq;
  }

  /** Gives descriptors back. */
  close(): void {
    this.#reader.close();
  }
}
