import type { Batch, RejectedRecord, SinkResult } from "../sink/sink.ts";

/** What one call of a sink made of a batch: every record is delivered, rejected, or to be sent again. */
export interface Attempt {
  /** Records delivered. */
  readonly delivered: number;
  /** Records that can never be delivered. */
  readonly rejected: readonly RejectedRecord[];
  /** Indexes of the records to send again, ascending. */
  readonly again: readonly number[];
  /** Those of them that failed; the others only stand behind one. */
  readonly failed: readonly number[];
  /** Why, as the sink gave it, for those that were not delivered. */
  readonly cause: unknown;
}

/** The records that go again with those that failed, so that nothing overtakes these; both ascending. */
export type Behind = (failed: readonly number[], batch: Batch) => readonly number[];

const NOTHING: readonly never[] = [];

/** Reads a sink's answer. Indexes outside the batch are ignored; sending again wins over rejecting. */
export function attemptOf(batch: Batch, result: SinkResult, behind: Behind): Attempt {
  const isInBatch = (index: number): boolean =>
    Number.isInteger(index) && index >= 0 && index < batch.count;
  const failed = [...new Set(result.retry ?? NOTHING)].filter(isInBatch).sort((a, b) => a - b);
  const again = failed.length === 0 ? failed : behind(failed, batch);
  const sentAgain = new Set(again);
  const rejections = new Map((result.reject ?? NOTHING).map((one) => [one.index, one]));
  const rejected = [...rejections.values()]
    .filter(({ index }) => isInBatch(index) && !sentAgain.has(index))
    .sort((a, b) => a.index - b.index);
  const cause = result.error ?? new Error("The sink asked for these records to be sent again");
  const delivered = batch.count - again.length - rejected.length;
  return { delivered, rejected, again, failed, cause };
}

/** Strict order: everything behind the first failure goes again. */
export const allBehind: Behind = (failed, batch) => indexesFrom(failed[0]!, batch.count);

/** No order: only what failed goes again. */
export const noneBehind: Behind = (failed) => failed;

/** Order by key: what stands behind a failure of the same key goes again. */
export function sameKeyBehind(keysOf: (batch: Batch) => readonly string[]): Behind {
  return (failed, batch) => {
    const keys = keysOf(batch);
    const failedAt = new Set(failed);
    const failedKeys = new Set<string>();
    return keys.flatMap((key, index) => {
      if (failedAt.has(index)) failedKeys.add(key);
      return failedKeys.has(key) ? [index] : [];
    });
  };
}

function indexesFrom(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i);
}
