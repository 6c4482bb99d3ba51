import type { TailGap } from "./cursor.ts";
import { type Follow, nextMatching } from "./follow.ts";
import type { TailFrom } from "./from.ts";
import type { TailBatch } from "./lines.ts";
import type { TailFilterInput } from "./matching.ts";

/** Options of {@linkcode Tail.readable}. */
export interface TailReadableOptions {
  /** Where to begin; `"kept"` unless given. */
  readonly from?: TailFrom;
  /** Which lines are wanted; all unless given. Gaps come whatever the filter says. */
  readonly filter?: TailFilterInput;
  /** The most bytes in one batch; 64 KiB unless given. A longer line comes alone. */
  readonly maxBytes?: number;
  /** Ends the stream: a read then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * A cursor as a stream that is pulled (highWaterMark 0). Takes the cursor over: it is closed when the
 * stream ends, fails, is cancelled, or `signal` is aborted.
 */
export function readableOf(
  follow: Omit<Follow, "signal">,
  signal: AbortSignal | undefined,
): ReadableStream<TailBatch | TailGap> {
  const { cursor } = follow;
  const stop = new AbortController();
  const finish = (): void => {
    stop.abort();
    signal?.removeEventListener("abort", aborted);
    cursor.close();
  };
  let fail: (reason: unknown) => void = () => {};
  const aborted = (): void => {
    finish();
    fail(signal?.reason);
  };
  return new ReadableStream<TailBatch | TailGap>({
    start(controller) {
      fail = (reason) => controller.error(reason);
      if (signal?.aborted) aborted();
      else signal?.addEventListener("abort", aborted);
    },
    async pull(controller) {
      try {
        const read = await nextMatching({ ...follow, signal: stop.signal });
        if (stop.signal.aborted) return;
        if (read !== undefined) return controller.enqueue(read);
        controller.close();
      } catch (error) {
        // Of no effect on a stream that has ended meanwhile.
        controller.error(error);
      }
      finish();
    },
    cancel: finish,
  }, { highWaterMark: 0 });
}
