import type { RoomOptions } from "./waiters.ts";

/** What the streams of a buffer need of it. */
export interface Streamed<T> {
  /** Waits for room and hands an item over. */
  append(item: T, options: RoomOptions): Promise<boolean>;
  /** Items held. */
  readonly size: number;
  /** Resolves when there is room. */
  readonly ready: Promise<void>;
  /** Resolves when there is something to take, or never will be. */
  readonly filled: Promise<void>;
  /** Whether nothing more is taken in. */
  readonly closed: boolean;
  /** Takes up to `max` items. */
  popMany(max: number): T[];
  /** Takes nothing more in. */
  close(): void;
}

/** Both ends of a buffer as Web streams; together they fit `pipeThrough`. */
export interface BufferStreams<T> {
  /** The end that takes items. */
  readonly writable: WritableStream<T>;
  /** The end that gives batches. */
  readonly readable: ReadableStream<readonly T[]>;
}

/** Makes the two ends of a buffer. */
export function createStreams<T>(buffer: Streamed<T>, batchItems: number): BufferStreams<T> {
  let failed = false;
  let failure: unknown;
  const writable = new WritableStream<T>({
    async write(item, { signal }) {
      await buffer.append(item, { signal });
      // Room for the next one: only now is the stream told to bring it.
      await orAborted(buffer.ready, signal);
    },
    close: () => buffer.close(),
    abort(reason) {
      failed = true;
      failure = reason;
      buffer.close();
    },
  }, { highWaterMark: 1 });
  let cancelled = false;
  const readable = new ReadableStream<readonly T[]>({
    async pull(controller) {
      // Somebody else may have been quicker: then there is another wait.
      while (buffer.size === 0 && !buffer.closed) await buffer.filled;
      // What nobody will read stays where it is.
      if (cancelled) return;
      const items = buffer.popMany(batchItems);
      if (items.length > 0) controller.enqueue(items);
      else if (failed) controller.error(failure);
      else controller.close();
    },
    cancel() {
      cancelled = true;
      buffer.close();
    },
  }, { highWaterMark: 0 });
  return { writable, readable };
}

/** Ends at once when the stream is aborted: an abort waits for the write that is under way. */
async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<void>();
  signal.addEventListener("abort", aborted.resolve as () => void, { once: true });
  await Promise.race([promise, aborted.promise]);
  signal.removeEventListener("abort", aborted.resolve as () => void);
}
