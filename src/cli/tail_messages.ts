import type { Clock } from "../clock.ts";
import { LinkLostError, networkReason } from "./tail_request.ts";

/** A longer message is no message: it must not fill the memory. */
const MAX_CHARS = 256 * 1024 * 1024;

/** What is silent for so many heartbeats is gone. */
const BEATS = 2.5;

/** Ends a link on which nothing is heard. */
export class SilenceWatch {
  /** How often something is to be heard, as the server says; 15 s until it does. */
  heartbeatMs = 15_000;
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  readonly #silent = new AbortController();

  /** `stop` ends every wait. */
  constructor(clock: Clock, stop: AbortSignal) {
    this.#clock = clock;
    this.#stop = stop;
  }

  /** Aborted with a LinkLostError when nothing was heard. */
  get signal(): AbortSignal {
    return this.#silent.signal;
  }

  /**
   * Waits for something from the server. While we are busy ourselves, nobody watches. Ends by itself, for
   * not every runtime lets an abort through to a body that is read.
   */
  async wait<T>(answer: Promise<T>): Promise<T> {
    const limitMs = this.heartbeatMs * BEATS;
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const cancel = this.#clock.setTimer(() => {
      const lost = new LinkLostError(`nothing was heard for ${Math.ceil(limitMs / 1000)} s`);
      this.#silent.abort(lost);
      reject(lost);
    }, limitMs);
    const stopped = () => reject(this.#stop.reason);
    this.#stop.addEventListener("abort", stopped, { once: true });
    try {
      return await Promise.race([answer, ended]);
    } finally {
      cancel();
      this.#stop.removeEventListener("abort", stopped);
      // Whichever of the two comes too late is nobody's failure.
      answer.catch(() => {});
    }
  }
}

/**
 * The lines of an answer that are not blank.
 *
 * @throws {LinkLostError} If the link breaks, or nothing is heard on it
 */
export async function* messagesOf(
  body: ReadableStream<Uint8Array>,
  watch: SilenceWatch,
): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await watch.wait(reader.read());
      if (done) break;
      text += decoder.decode(value, { stream: true });
      if (text.length > MAX_CHARS) throw new LinkLostError("a message had no end");
      // Most pieces of a long message end no line: only the new part is searched.
      if (!value.includes(0x0a)) continue;
      const lines = text.split("\n");
      text = lines.pop()!;
      for (const line of lines) if (line.trim() !== "") yield line;
    }
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    throw error instanceof LinkLostError ? error : new LinkLostError(networkReason(error), {
      cause: error,
    });
  } finally {
    // Cancelling what is broken fails again, which tells nothing new.
    reader.cancel().catch(() => {});
  }
  if (text.trim() !== "") throw new LinkLostError("the answer ended within a message");
}
