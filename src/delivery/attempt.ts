import { messageOf, RejectedError } from "../errors.ts";
import type { Batch, RejectedRecord, Sink, SinkResult } from "../sink/sink.ts";

/** What one call of a sink made of a batch: every record is delivered, rejected, or to be sent again. */
export interface Attempt {
  /** Records delivered. */
  readonly delivered: number;
  /** Records that can never be delivered. */
  readonly rejected: readonly RejectedRecord[];
  /** Indexes of the records to send again, ascending. */
  readonly again: readonly number[];
  /** Why, for those that were not delivered. */
  readonly error: string;
}

/** A sink that threw delivered nothing; whether it may be asked again, the error tells. */
export function attemptThatThrew(batch: Batch, error: unknown): Attempt {
  const reason = messageOf(error);
  const all = indexesFrom(0, batch.count);
  return error instanceof RejectedError
    ? {
      delivered: 0,
      rejected: all.map((index) => ({ index, reason })),
      again: [],
      error: reason,
    }
    : { delivered: 0, rejected: [], again: all, error: reason };
}

/**
 * Reads a sink's answer. Indexes outside the batch are ignored, and sending again wins over rejecting. In
 * strict order nothing may overtake the first failure: everything behind it goes again.
 */
export function attemptOf(batch: Batch, result: SinkResult, order: Sink["order"]): Attempt {
  const isInBatch = (index: number) => Number.isInteger(index) && index >= 0 && index < batch.count;
  const asked = [...new Set(result.retry ?? [])].filter(isInBatch).sort((a, b) => a - b);
  const first = asked[0];
  const again = first !== undefined && order !== "none" ? indexesFrom(first, batch.count) : asked;
  const sentAgain = new Set(again);
  const rejections = new Map((result.reject ?? []).map((one) => [one.index, one]));
  const rejected = [...rejections.values()].filter(({ index }) =>
    isInBatch(index) && !sentAgain.has(index)
  );
  return {
    delivered: batch.count - again.length - rejected.length,
    rejected,
    again,
    error: result.error === undefined
      ? "The sink asked for these records to be sent again"
      : messageOf(result.error),
  };
}

function indexesFrom(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i);
}
