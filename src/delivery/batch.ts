import type { LogRecord } from "../record/record.ts";
import type { Batch } from "../sink/sink.ts";
import type { LogChunk, SeqRun } from "../storage/store.ts";

const LF = 0x0a;
const decoder = new TextDecoder();

/** Lines of the log as a sink gets them: bytes first, everything else made when it is asked for. */
export class LineBatch implements Batch {
  readonly runs: readonly SeqRun[];
  readonly count: number;
  readonly bytes: Uint8Array;
  #lines: readonly string[] | undefined;

  constructor(runs: readonly SeqRun[], bytes: Uint8Array) {
    this.runs = runs;
    this.bytes = bytes;
    this.count = runs.reduce((sum, run) => sum + run.count, 0);
  }

  seqAt(index: number): number {
    let before = 0;
    for (const run of this.runs) {
      if (index < before + run.count) return run.firstSeq + index - before;
      before += run.count;
    }
    throw new RangeError(`No record ${index} in a batch of ${this.count}`);
  }

  lines(): readonly string[] {
    return this.#lines ??= decoder.decode(this.bytes).split("\n").slice(0, -1);
  }

  records(): readonly LogRecord[] {
    return this.lines().map((line) => JSON.parse(line) as LogRecord);
  }

  /** A batch of some of the records, by their indexes in ascending order. */
  pick(indexes: readonly number[]): LineBatch {
    const starts = this.#starts();
    const runs: { firstSeq: number; count: number }[] = [];
    const parts = indexes.map((index) => {
      const seq = this.seqAt(index);
      const last = runs.at(-1);
      if (last !== undefined && last.firstSeq + last.count === seq) last.count++;
      else runs.push({ firstSeq: seq, count: 1 });
      return this.bytes.subarray(starts[index], starts[index + 1]);
    });
    return new LineBatch(runs, concat(parts));
  }

  /** A batch of the others. */
  without(indexes: ReadonlySet<number>): LineBatch {
    if (indexes.size === 0) return this;
    const all = Array.from({ length: this.count }, (_, index) => index);
    return this.pick(all.filter((index) => !indexes.has(index)));
  }

  /** A batch of single lines, each ended by LF, in ascending order. */
  static of(lines: readonly { readonly seq: number; readonly bytes: Uint8Array }[]): LineBatch {
    const chunks = lines.map(({ seq, bytes }) => ({ firstSeq: seq, count: 1, bytes }));
    return batchOf(chunks);
  }

  #starts(): number[] {
    const starts = [0];
    for (let i = this.bytes.indexOf(LF); i >= 0; i = this.bytes.indexOf(LF, i + 1)) {
      starts.push(i + 1);
    }
    return starts;
  }

  /** The bytes of each line, with its LF. */
  parts(): Uint8Array[] {
    const starts = this.#starts();
    return starts.slice(1).map((end, index) => this.bytes.subarray(starts[index], end));
  }
}

/** A batch of chunks that follow each other. One chunk is handed on as it is, several are copied. */
export function batchOf(chunks: readonly LogChunk[]): LineBatch {
  const runs: { firstSeq: number; count: number }[] = [];
  for (const { firstSeq, count } of chunks) {
    const last = runs.at(-1);
    if (last !== undefined && last.firstSeq + last.count === firstSeq) last.count += count;
    else runs.push({ firstSeq, count });
  }
  return new LineBatch(runs, concat(chunks.map((chunk) => chunk.bytes)));
}

/** Cuts a chunk behind at most `maxRecords` lines and `maxBytes` bytes, but not before one line. */
export function splitChunk(
  chunk: LogChunk,
  maxRecords: number,
  maxBytes: number,
): [LogChunk, LogChunk | undefined] {
  if (chunk.count <= maxRecords && chunk.bytes.length <= maxBytes) return [chunk, undefined];
  let count = 0;
  let end = 0;
  while (count < maxRecords && count < chunk.count) {
    const next = chunk.bytes.indexOf(LF, end) + 1;
    if (count > 0 && next > maxBytes) break;
    end = next;
    count++;
  }
  if (count === chunk.count) return [chunk, undefined];
  const { firstSeq, bytes } = chunk;
  return [
    { firstSeq, count, bytes: bytes.subarray(0, end) },
    { firstSeq: firstSeq + count, count: chunk.count - count, bytes: bytes.subarray(end) },
  ];
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
