import type { SeqRun } from "../storage/store.ts";
import { runText } from "./http_sequence.ts";
import type { Batch } from "./sink.ts";

const LF = 0x0a;

/** Records `start` up to, not including, `end` of a batch: the body of one request. */
export interface BatchPart {
  readonly start: number;
  readonly end: number;
}

/** What fits into one request. */
export interface PartLimits {
  /** Bytes of lines. */
  readonly maxBytes: number;
  /** Characters of the sequence numbers in the header. */
  readonly maxRunChars: number;
}

/** A batch as the parts that go out as one request each; usually it is one. */
export class BatchParts {
  readonly #batch: Batch;
  #starts: readonly number[] | undefined;

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  /** Cuts the batch where a limit is reached. A single record that is over a limit is a part of its own. */
  cut(limits: PartLimits): BatchPart[] {
    const { count, bytes, runs } = this.#batch;
    const chars = runs.reduce((sum, run) => sum + runText(run).length + 1, 0);
    if (bytes.length <= limits.maxBytes && chars <= limits.maxRunChars) {
      return [{ start: 0, end: count }];
    }
    return runs.length === 0 ? [] : this.#cut(limits);
  }

  #cut({ maxBytes, maxRunChars }: PartLimits): BatchPart[] {
    const starts = this.#lineStarts();
    const parts: BatchPart[] = [];
    let start = 0;
    let chars = 0;
    let seqs: SeqRun = { firstSeq: 0, count: 0 };
    for (let index = 0; index < this.#batch.count; index++) {
      const seq = this.#batch.seqAt(index);
      const goesOn = seq === seqs.firstSeq + seqs.count && index > start;
      if (!goesOn && seqs.count > 0) chars += runText(seqs).length + 1;
      seqs = goesOn ? { ...seqs, count: seqs.count + 1 } : { firstSeq: seq, count: 1 };
      const isOver = starts[index + 1]! - starts[start]! > maxBytes ||
        chars + runText(seqs).length + 1 > maxRunChars;
      if (!isOver || index === start) continue;
      parts.push({ start, end: index });
      start = index;
      chars = 0;
      seqs = { firstSeq: seq, count: 1 };
    }
    return [...parts, { start, end: this.#batch.count }];
  }

  /** The lines of a part. */
  bytesOf({ start, end }: BatchPart): Uint8Array {
    if (end - start === this.#batch.count) return this.#batch.bytes;
    const starts = this.#lineStarts();
    return this.#batch.bytes.subarray(starts[start], starts[end]);
  }

  /** The sequence numbers of a part. */
  runsOf({ start, end }: BatchPart): SeqRun[] {
    let before = 0;
    return this.#batch.runs.flatMap(({ firstSeq, count }) => {
      const from = Math.max(start - before, 0);
      const to = Math.min(end - before, count);
      before += count;
      return from < to ? [{ firstSeq: firstSeq + from, count: to - from }] : [];
    });
  }

  #lineStarts(): readonly number[] {
    if (this.#starts !== undefined) return this.#starts;
    const { bytes } = this.#batch;
    const starts = [0];
    for (let i = bytes.indexOf(LF); i >= 0; i = bytes.indexOf(LF, i + 1)) starts.push(i + 1);
    return this.#starts = starts;
  }
}

/** Both halves of a part of two records or more. */
export function halves({ start, end }: BatchPart): [BatchPart, BatchPart] {
  const middle = start + Math.ceil((end - start) / 2);
  return [{ start, end: middle }, { start: middle, end }];
}
