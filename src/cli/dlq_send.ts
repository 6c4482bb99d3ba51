import { systemClock } from "../clock.ts";
import { LineBatch } from "../delivery/batch.ts";
import type { DeadLetter } from "../delivery/dead_letter.ts";
import type { Resend, ResendContext } from "../delivery/dead_letter_replay.ts";
import { retry, RetryExhaustedError, RetryParkedError } from "../delivery/retry.ts";
import { messageOf } from "../errors.ts";
import { httpSink, type HttpSinkOptions } from "../sink/http.ts";
import type { BatchSource, Sink } from "../sink/sink.ts";
import type { LogOrigin } from "./dlq_folder.ts";
import { say } from "./say.ts";
import { UsageError } from "./usage_error.ts";

/** How records are sent to a server. */
export type SendOptions = Pick<HttpSinkOptions, "url" | "headers" | "format" | "gzip">;

/** So many records in a row that the server failed at: it is not the records. */
const MOST_FAILURES = 3;
/** Shorter waits are not worth a word. */
const TOLD_FROM_MS = 2_000;

/**
 * Sends letters to a server, one in each request, with the tries and waits of a sink. What says nothing
 * about the record (the server lets nobody in, or cannot be reached, or fails at everything) ends the
 * replay through `stop`.
 *
 * @throws {UsageError} If a header or the address is none
 */
export function sendTo(
  options: SendOptions,
  origin: LogOrigin | undefined,
  stop: AbortController,
): Resend {
  const sink = sinkTo(options);
  let failures = 0;
  return async (letter, context) => {
    try {
      await attempts(letter, sourceOf(letter, origin), sink, context);
      failures = 0;
    } catch (error) {
      context.signal.throwIfAborted();
      if (error instanceof RetryParkedError) return parked(error.cause, stop);
      if (!(error instanceof RetryExhaustedError)) {
        failures = 0;
        throw error;
      }
      const isAnswered = (error.cause as { status?: unknown } | null)?.status !== undefined;
      if (!isAnswered || ++failures >= MOST_FAILURES) endWith(error.cause, stop);
      throw error.cause;
    }
  };
}

function sinkTo(options: SendOptions): Sink {
  try {
    return httpSink(options);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

function attempts(
  { seq, record }: DeadLetter,
  source: BatchSource | undefined,
  sink: Sink,
  { signal, attempted }: ResendContext,
): Promise<unknown> {
  const line = new TextEncoder().encode(record + "\n");
  const batch = new LineBatch([{ firstSeq: seq, count: 1 }], line);
  const send = async (attempt: number): Promise<void> => {
    attempted();
    await sink.write(batch, { signal, attempt, ...(source === undefined ? {} : { source }) });
  };
  return retry(({ attempt }) => send(attempt), {
    signal,
    clock: systemClock,
    onRetry: ({ error, delayMs }) => {
      if (delayMs < TOLD_FROM_MS) return;
      say(`${messageOf(error)}; trying again in ${Math.round(delayMs / 1_000)} s`);
    },
  });
}

function parked(error: unknown, stop: AbortController): "parked" {
  endWith(error, stop);
  return "parked";
}

function endWith(error: unknown, stop: AbortController): void {
  say(messageOf(error));
  stop.abort(error);
}

/**
 * What names the record, so that a receiver that has it leaves it out. Letters of another log go without a
 * name: of that log's run nothing is known, and a receiver takes what seems older than it knows for a
 * repeat.
 */
function sourceOf(letter: DeadLetter, origin: LogOrigin | undefined): BatchSource | undefined {
  const { id, lane, seq } = letter;
  if (origin === undefined || id !== `${origin.logId}/${lane}/${seq}`) return undefined;
  return { ...origin, lane };
}
