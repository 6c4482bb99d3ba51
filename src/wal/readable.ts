import type { LogChunk, LogStore } from "../storage/store.ts";

/**
 * The log's lines from `fromSeq` on as a stream that follows new ones. Nothing is read ahead: each pull
 * takes one chunk. Records that the log no longer holds are left out; `firstSeq` of the next chunk shows
 * the hole.
 */
export function readable(log: LogStore, fromSeq: number): ReadableStream<LogChunk> {
  const reader = log.reader(fromSeq);
  let wake: (() => void) | undefined;
  let cancelled = false;
  const withdraw = log.onWritten(() => wake?.());
  const pull = async (controller: ReadableStreamDefaultController<LogChunk>): Promise<void> => {
    while (!cancelled) {
      const found = await reader.next();
      if (found.kind === "lines" && !cancelled) return controller.enqueue(found.chunk);
      // Something may have been written since the reader said so.
      if (found.kind !== "end" || reader.nextSeq < log.writtenSeq) continue;
      await new Promise<void>((resolve) => wake = resolve);
    }
  };
  const end = (): void => {
    cancelled = true;
    withdraw();
    reader.close();
    wake?.();
  };
  const guarded = (controller: ReadableStreamDefaultController<LogChunk>): Promise<void> =>
    pull(controller).catch((error) => {
      end();
      throw error;
    });
  return new ReadableStream({ pull: guarded, cancel: end }, { highWaterMark: 0 });
}
