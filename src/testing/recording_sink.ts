import { LineBatch } from "../delivery/batch.ts";
import type { LogRecord } from "../record/record.ts";
import type { Batch, Sink, SinkResult } from "../sink/sink.ts";

/** A sink that keeps what it gets and fails on demand. */
export interface RecordingSink extends Sink {
  /** Every record taken, in order, repeats included. */
  readonly records: readonly LogRecord[];
  /** The sequence number of each record taken. */
  readonly seqs: readonly number[];
  /** Sizes of the batches offered, those that failed included. */
  readonly offered: readonly number[];
  /** How often `close` was called. */
  readonly closed: number;
}

/** What a recording sink does with a batch: nothing special, a partial result, or an error to throw. */
export type Script = (
  batch: Batch,
  call: number,
) => void | SinkResult | Error | Promise<void | Error>;

/**
 * Makes a sink that keeps what it gets. `script` is asked at each call (1, 2, ...): an Error it gives is
 * thrown, a partial result is honoured and handed on.
 *
 * @example
 * ```ts
 * import { openPipeline } from "@logflume/logflume";
 * import { recordingSink } from "@logflume/logflume/testing";
 *
 * const sink = recordingSink((_, call) => call === 1 ? new Error("not yet") : undefined);
 * const pipeline = await openPipeline({ sinks: { sink }, onEvent: () => {} });
 * pipeline.write("hello");
 * await pipeline.close();
 * console.assert(sink.records[0]?.msg === "hello");
 * ```
 */
export function recordingSink(
  script: Script = () => {},
  order: "strict" | "none" = "strict",
): RecordingSink {
  const records: LogRecord[] = [];
  const seqs: number[] = [];
  const offered: number[] = [];
  let closed = 0;
  return {
    order,
    records,
    seqs,
    offered,
    get closed() {
      return closed;
    },
    async write(batch) {
      offered.push(batch.count);
      const answer = await script(batch, offered.length);
      if (answer instanceof Error) throw answer;
      const result = answer ?? {};
      const refused = new Set([
        ...result.retry ?? [],
        ...(result.reject ?? []).map((r) => r.index),
      ]);
      batch.records().forEach((record, i) => {
        if (refused.has(i)) return;
        records.push(record);
        seqs.push(batch.seqAt(i));
      });
      return result;
    },
    close() {
      closed++;
    },
  };
}

/** Makes a batch of these lines, for testing a sink by itself. */
export function batchOfLines(lines: readonly string[], firstSeq = 1): Batch {
  const bytes = new TextEncoder().encode(lines.map((line) => line + "\n").join(""));
  return new LineBatch([{ firstSeq, count: lines.length }], bytes);
}
