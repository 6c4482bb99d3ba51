import type { Pipeline } from "../pipeline/pipeline.ts";
import { pendingOf } from "./summary.ts";

/** How long to wait, and what cuts it short. */
export interface DeliverRestOptions {
  /** The longest wait without a delivery, or after a signal in all, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborted by a signal. */
  readonly stop: AbortSignal;
  /** Whether deliveries have no use any more, because nobody reads our output. */
  readonly isOutputClosed: () => boolean;
}

/**
 * Waits for the deliveries. At the end of the inputs as long as something is delivered within the drain
 * timeout; after a signal, that time in all; not at all when nobody reads our output.
 */
export async function deliverRest(pipeline: Pipeline, how: DeliverRestOptions): Promise<void> {
  const { timeoutMs, stop: signal, isOutputClosed } = how;
  while (!signal.aborted) {
    const before = pendingOf(pipeline.stats());
    const report = await pipeline.drain({ timeoutMs, signal }).catch(() => undefined);
    if (report?.drained || pendingOf(pipeline.stats()) >= before) break;
  }
  if (signal.aborted && !isOutputClosed()) await pipeline.drain({ timeoutMs });
}
