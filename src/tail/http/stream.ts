import type { Clock } from "../../clock.ts";
import type { TailCursor, TailGap, TailRead } from "../cursor.ts";
import type { TailMatcher } from "../filter_match.ts";
import { type HttpFace, type Row, STREAM_HEARTBEAT_MS } from "./face.ts";
import type { TailLines } from "../lines.ts";
import type { Tail } from "../tail.ts";

/** A response whose client asks for nothing for so long is ended: it holds a seat. */
const UNREAD_MS = 5 * 60_000;

/** Options of {@linkcode httpStream}. */
export interface HttpStreamOptions {
  readonly tail: Tail;
  /** Opens the place to begin at, when the client reads; given up when the signal says that it has gone. */
  readonly open: (signal: AbortSignal) => TailCursor | Promise<TailCursor>;
  readonly face: HttpFace;
  readonly clock: Clock;
  /** Which lines; all of them unless given. */
  readonly matcher: TailMatcher | undefined;
  /** The last sequence number wanted. */
  readonly to: number;
  /** Whether to go on with live records; otherwise it ends at what exists now. */
  readonly follow: boolean;
  /** Called once when the stream has ended or its reader has gone. */
  readonly onEnd: () => void;
}

/** A cursor as the body of a response. Pulled: a slow reader slows only its own cursor. */
export function httpStream(options: HttpStreamOptions): ReadableStream<Uint8Array> {
  const body = new StreamBody(options);
  return new ReadableStream<Uint8Array>({
    pull: (controller) => body.pull(controller),
    cancel: () => body.end(),
  }, { highWaterMark: 0 });
}

class StreamBody {
  readonly #options: HttpStreamOptions;
  #cursor: TailCursor | undefined;
  #endSeq = Infinity;
  readonly #stop = new AbortController();
  readonly #encoder = new TextEncoder();
  #opened = false;
  #hasRead = false;
  #live = false;
  #sent = 0;
  /** When the client last got something. */
  #toldAt: number;
  #cancelTimer: (() => void) | undefined;
  #ended = false;

  constructor(options: HttpStreamOptions) {
    this.#options = options;
    this.#toldAt = options.clock.monotonic();
    this.#awaitPull();
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#cancelTimer?.();
    try {
      const text = await this.#next();
      if (text !== undefined) {
        this.#toldAt = this.#options.clock.monotonic();
        controller.enqueue(this.#encoder.encode(text));
        return this.#awaitPull();
      }
      if (!this.#ended) controller.close();
    } catch (error) {
      if (!this.#ended) controller.error(error);
    }
    this.end();
  }

  readonly end = (): void => {
    if (this.#ended) return;
    this.#ended = true;
    this.#stop.abort();
    this.#cancelTimer?.();
    this.#cursor?.close();
    this.#options.onEnd();
  };

  #awaitPull(): void {
    if (!this.#ended) this.#cancelTimer = this.#options.clock.setTimer(this.end, UNREAD_MS);
  }

  /** The next piece that is not empty, or undefined at the end. */
  async #next(): Promise<string | undefined> {
    const { tail, face, clock } = this.#options;
    if (!this.#opened) {
      this.#opened = true;
      // Some servers send the headers with the first bytes only, so an empty tail speaks at once.
      const text = face.open(tail);
      if (text !== "") return text;
    }
    const cursor = this.#cursor ??= await this.#openCursor();
    while (!this.#ended) {
      const text = await this.#step(cursor);
      if (text !== "") return text;
      // A filter that passes nothing must leave the rest of the process its turn.
      await new Promise<void>((resolve) => clock.defer(resolve));
    }
    return undefined;
  }

  async #openCursor(): Promise<TailCursor> {
    const { open, follow, to } = this.#options;
    const cursor = await open(this.#stop.signal);
    if (this.#ended) cursor.close();
    this.#endSeq = Math.min(follow ? Infinity : cursor.seq + cursor.lag, to + 1);
    return cursor;
  }

  /** One read, or one wait if there is nothing to read. */
  async #step(cursor: TailCursor): Promise<string | undefined> {
    const { tail, face } = this.#options;
    // Only the first read tells what is owed of another run, and finds the place of a time.
    if (this.#hasRead && cursor.seq >= this.#endSeq) return undefined;
    this.#hasRead = true;
    const read = await cursor.next();
    if (read.kind !== "end") return this.#textOf(read) || this.#signOfLife(cursor);
    if (tail.closed || cursor.seq >= this.#endSeq) return undefined;
    if (!this.#live) {
      this.#live = true;
      return face.live(cursor.seq) || this.#heartbeat(cursor);
    }
    await cursor.wait(this.#stop.signal, STREAM_HEARTBEAT_MS).catch(() => {});
    return this.#signOfLife(cursor);
  }

  #textOf(read: Exclude<TailRead, { kind: "end" }>): string {
    const { tail, face } = this.#options;
    if (read.kind === "gap") {
      const gap = this.#wanted(read);
      return gap === undefined ? "" : face.gap(tail, gap);
    }
    const rows = this.#rowsOf(read);
    this.#sent += rows.length;
    const { from, raw } = read;
    // What lies behind the end was not sent, so no client may go on behind it.
    const to = Math.min(read.to, this.#endSeq - 1);
    return face.rows(tail, { from, to, raw }, rows, !this.#live);
  }

  /** The part of a gap that lies before the end; a restart is told whole, for it has other numbers. */
  #wanted(gap: TailGap): TailGap | undefined {
    if (gap.reason === "restart" || gap.to < this.#endSeq) return gap;
    const count = this.#endSeq - gap.from;
    return count <= 0 ? undefined : { ...gap, to: this.#endSeq - 1, count };
  }

  #rowsOf(read: TailLines): readonly Row[] {
    const { matcher } = this.#options;
    const rows = read.lines().map((line, i) => ({ seq: read.from + i, line }));
    const wanted = read.to < this.#endSeq ? rows : rows.filter(({ seq }) => seq < this.#endSeq);
    return matcher === undefined ? wanted : wanted.filter(({ line }) => matcher(line));
  }

  #signOfLife(cursor: TailCursor): string {
    const isDue = this.#options.clock.monotonic() - this.#toldAt >= STREAM_HEARTBEAT_MS;
    return isDue && !this.#ended ? this.#heartbeat(cursor) : "";
  }

  #heartbeat({ seq, lag }: TailCursor): string {
    const { tail, face } = this.#options;
    const beat = { last: seq + lag - 1, lag, sent: this.#sent, skipped: 0 };
    return face.heartbeat(tail, seq - 1, beat);
  }
}
