import type { LogChunk, LogStore } from "../storage/store.ts";

/**
 * The log's lines from `fromSeq` on as a stream that follows new ones. Nothing is read ahead: each pull
 * takes one chunk. Records that the log no longer holds are left out; `firstSeq` of the next chunk shows
 * the hole. Once the log is `closed`, the stream ends behind its last line.
 */
export function readable(
  log: LogStore,
  fromSeq: number,
  closed: AbortSignal,
): ReadableStream<LogChunk> {
  const reader = log.reader(fromSeq);
  let wake: (() => void) | undefined;
  let cancelled = false;
  const lookAgain = (): void => wake?.();
  const withdraw = log.onWritten(lookAgain);
  closed.addEventListener("abort", lookAgain);
  const pull = async (controller: ReadableStreamDefaultController<LogChunk>): Promise<void> => {
    while (!cancelled) {
      const found = await reader.next();
      if (found.kind === "lines" && !cancelled) return controller.enqueue(found.chunk);
      // Something may have been written since the reader said so.
      if (found.kind !== "end" || reader.nextSeq < log.writtenSeq) continue;
      if (closed.aborted) {
        end();
        return controller.close();
      }
      await new Promise<void>((resolve) => wake = resolve);
    }
  };
  const end = (): void => {
    cancelled = true;
    withdraw();
    closed.removeEventListener("abort", lookAgain);
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
