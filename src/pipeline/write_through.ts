import type { Clock } from "../clock.ts";
import type { LogStore } from "../storage/store.ts";
import type { Entry } from "./intake_buffer.ts";

/** What writing through needs of the intake. */
export interface WriteThroughHost {
  readonly log: LogStore;
  readonly clock: Clock;
  /** Moves all that waits in the buffer to the log; false if the log does not take it. */
  empty(): boolean;
  /** The log's limit is reached: makes room; false if there is none now. */
  relieve(): boolean;
  /** A record that was accepted at `sinceMs` (monotonic) has this number. */
  numbered(seq: number, sinceMs: number): void;
  /** A record that was accepted at `sinceMs` is durable. */
  durable(sinceMs: number): void;
}

/** One record in so many is timed. */
const TIMED_EVERY = 16;

/** Puts records into the log before the call returns, behind those that wait in the buffer. */
export class WriteThrough {
  readonly #host: WriteThroughHost;
  /** Records taken. */
  taken = 0;

  constructor(host: WriteThroughHost) {
    this.#host = host;
  }

  /** Takes a record; else says why it is refused, and then nothing of it is kept. */
  write(entry: Entry): "unwritten" | "full" | "failed" | undefined {
    const { log, clock } = this.#host;
    if (!this.#host.empty()) return "unwritten";
    if (log.full && !this.#host.relieve()) return "full";
    const isTimed = this.taken % TIMED_EVERY === 0;
    const sinceMs = isTimed ? clock.monotonic() : 0;
    const seq = log.nextSeq;
    const isTaken = typeof entry === "string"
      ? log.appendSync!(entry)
      : log.appendSync!(entry.line, entry.mark);
    if (!isTaken) return log.failure === undefined ? "unwritten" : "failed";
    this.taken++;
    if (isTimed) {
      this.#host.numbered(seq, sinceMs);
      this.#host.durable(sinceMs);
    }
    return undefined;
  }
}
