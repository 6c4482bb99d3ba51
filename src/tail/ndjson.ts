import { ndjsonFace } from "./face.ts";
import type { TailCursor } from "./cursor.ts";
import type { Tail } from "./tail.ts";

/** The time between blank lines on a quiet stream: Bun cuts a response that is silent for 10 s. */
const HEARTBEAT_MS = 5_000;

/** Options of {@linkcode ndjsonStream}. */
export interface NdjsonOptions {
  /** Whether to go on with live records; otherwise it ends at what exists now. */
  readonly follow: boolean;
  /** Called once when the stream has ended or its reader has gone. */
  readonly onEnd: () => void;
}

/**
 * A cursor as a stream of newline-delimited JSON. Pulled: a slow reader slows only its own cursor. Takes
 * the cursor over and closes it.
 */
export function ndjsonStream(
  tail: Tail,
  cursor: TailCursor,
  options: NdjsonOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const stop = new AbortController();
  const endSeq = options.follow ? Infinity : cursor.seq + cursor.lag;
  let finished = false;
  const finish = () => {
    if (finished) return;
    finished = true;
    cursor.close();
    options.onEnd();
  };
  let first = true;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const text = await nextText(tail, cursor, { endSeq, first, signal: stop.signal });
        first = false;
        if (text !== undefined) return controller.enqueue(encoder.encode(text));
        if (!stop.signal.aborted) controller.close();
      } catch (error) {
        if (!stop.signal.aborted) controller.error(error);
      }
      finish();
    },
    cancel() {
      stop.abort();
      finish();
    },
  }, { highWaterMark: 0 });
}

interface Wish {
  readonly endSeq: number;
  readonly first: boolean;
  readonly signal: AbortSignal;
}

/** The next piece of the stream, or undefined at its end. */
async function nextText(tail: Tail, cursor: TailCursor, wish: Wish): Promise<string | undefined> {
  if (cursor.seq >= wish.endSeq) return undefined;
  const read = await cursor.next();
  if (read.kind === "lines") return ndjsonFace.lines(read, false).join("");
  if (read.kind === "gap") return ndjsonFace.gap(read).join("");
  if (tail.closed) return undefined;
  // Some servers send the headers with the first bytes only, so an empty tail speaks at once.
  if (!wish.first) await cursor.wait(wish.signal, HEARTBEAT_MS);
  return cursor.lag > 0 && !wish.first ? await nextText(tail, cursor, wish) : "\n";
}
