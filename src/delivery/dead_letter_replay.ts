import type { Clock } from "../clock.ts";
import type { DeadLetter, DeadLetterFailure, DeadLetterReason } from "./dead_letter.ts";
import type { DeadLetterFilter } from "./dead_letter_filter.ts";
import { reasonOfError } from "./dead_letter_reason.ts";
import { pause } from "./pause.ts";

/** What comes with an entry that is sent again. */
export interface ResendContext {
  /** Aborted when the replay ends before its time. */
  readonly signal: AbortSignal;
  /** Counts an attempt; without a call one is counted. */
  attempted(): void;
  /** Says why the record is given up again; without a call the error tells it. */
  gaveUp(reason: DeadLetterReason): void;
}

/**
 * Sends an entry's record again. Resolves when it is delivered as durably as the sink can, so that the
 * entry may go; with `skip` if there is nowhere to send it to now; with `parked` if its destination takes
 * nothing until somebody steps in, so that no further entry of its lane is sent; rejects if the record was
 * not taken.
 */
export type Resend = (
  letter: DeadLetter,
  context: ResendContext,
) => Promise<void | "skip" | "parked">;

/** Which entries are replayed, and how. */
export interface ReplayOptions {
  /** Which entries. @default {all} */
  readonly filter?: DeadLetterFilter;
  /** At most so many are sent. @default {Infinity} */
  readonly limit?: number;
  /** At most so many are sent a second. @default {Infinity} */
  readonly ratePerSecond?: number;
  /** Sends nothing and changes nothing: `replayed` tells what would be sent. @default {false} */
  readonly dryRun?: boolean;
  /** Sends even those that failed `maxReplays` times. @default {false} */
  readonly force?: boolean;
  /** Ends the replay; what was not sent stays, and the report tells what was. */
  readonly signal?: AbortSignal;
  /** Where to send to. @default {the sinks of the pipeline, each to its own lane} */
  readonly resend?: Resend;
}

/** Entries that a replay passed over. */
export interface ReplaySkips {
  /** They have failed `maxReplays` times: `force` sends them all the same. */
  readonly maxReplays: number;
  /** There is no sink of their lane's name, or it takes nothing now. */
  readonly noSink: number;
  /**
   * Their lane is parked, or was parked by an entry before them: they stay as they are, no replay is
   * counted. Once the destination works again, resume the lane and replay.
   */
  readonly parked: number;
  /** They were removed or evicted while the replay was at others. */
  readonly gone: number;
}

/** What a replay did. */
export interface ReplayReport {
  /** Entries that were delivered and removed; in a dry run, those that would be sent. */
  readonly replayed: number;
  /** Entries that failed again: they stay, with one replay more. */
  readonly failed: number;
  /** Entries that were passed over. */
  readonly skipped: ReplaySkips;
  /** Whether it ended before its time. */
  readonly aborted: boolean;
}

/** What a replay needs of the dead letters around it. */
export interface ReplayHost {
  /** Time. */
  readonly clock: Clock;
  /** Entries are passed over once they failed so often. */
  readonly maxReplays: number;
  /** Where to send to. */
  readonly resend: Resend;
  /** The entries, oldest first, as they were when it was called. */
  list(filter: DeadLetterFilter): AsyncIterable<DeadLetter>;
  /** An entry as it is now; undefined if it is gone. */
  renewed(letter: DeadLetter): Promise<DeadLetter | undefined>;
  /** The entry was delivered. */
  delivered(letter: DeadLetter): Promise<void>;
  /** The entry failed again. */
  failed(letter: DeadLetter, failure: ReplayFailure): Promise<void>;
}

/** How an entry failed again. */
export type ReplayFailure = Pick<DeadLetterFailure, "reason" | "error" | "attempts">;

/**
 * Checks what a replay is asked.
 *
 * @throws {RangeError} If a number is out of its range
 */
export function assertReplay({ limit = Infinity, ratePerSecond = Infinity }: ReplayOptions): void {
  if (!(limit === Infinity || (Number.isSafeInteger(limit) && limit >= 0))) {
    throw new RangeError(`Cannot replay ${limit} dead letters: allowed are whole numbers from 0`);
  }
  if (!(ratePerSecond > 0)) {
    throw new RangeError(
      `Cannot replay ${ratePerSecond} dead letters a second: allowed is any number above 0`,
    );
  }
}

/** Sends entries again, one after another. */
export async function replayLetters(
  host: ReplayHost,
  options: ReplayOptions,
  signal: AbortSignal,
): Promise<ReplayReport> {
  const { filter = {}, limit = Infinity, dryRun = false, force = false } = options;
  const waitForTurn = pacer(options.ratePerSecond ?? Infinity, host.clock, signal);
  const count = { replayed: 0, failed: 0 };
  const skipped = { maxReplays: 0, noSink: 0, parked: 0, gone: 0 };
  const parked = new Set<string>();
  for await (const listed of host.list(filter)) {
    if (signal.aborted || count.replayed + count.failed >= limit) break;
    if (listed.replays >= host.maxReplays && !force) {
      skipped.maxReplays++;
    } else if (dryRun) {
      count.replayed++;
    } else if (parked.has(listed.lane)) {
      skipped.parked++;
    } else {
      await waitForTurn();
      if (signal.aborted) break;
      const letter = await host.renewed(listed);
      const outcome = letter === undefined ? "gone" : await sendAgain(letter, host, signal);
      if (outcome === "aborted") break;
      if (outcome === "parked") parked.add(listed.lane);
      if (outcome === "replayed" || outcome === "failed") count[outcome]++;
      else skipped[outcome]++;
    }
  }
  return { ...count, skipped, aborted: signal.aborted };
}

type Outcome = "replayed" | "failed" | "noSink" | "parked" | "gone" | "aborted";

async function sendAgain(
  letter: DeadLetter,
  host: ReplayHost,
  signal: AbortSignal,
): Promise<Outcome> {
  let attempts = 0;
  let reason: DeadLetterReason | undefined;
  const context: ResendContext = {
    signal,
    attempted: () => void attempts++,
    gaveUp: (why) => void (reason = why),
  };
  const send = async () => await host.resend(letter, context);
  try {
    const answer = await unlessAborted(send(), signal);
    if (answer === "aborted" || answer === "parked") return answer;
    if (answer === "skip") return "noSink";
  } catch (error) {
    // What an abort broke off says nothing about the record.
    if (signal.aborted) return "aborted";
    reason ??= reasonOfError(error);
    await host.failed(letter, { reason, error, attempts: Math.max(1, attempts) });
    return "failed";
  }
  await host.delivered(letter);
  return "replayed";
}

/** A sink that does not notice its signal must not hold up whoever ends the replay. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | "aborted"> {
  const { promise, resolve } = Promise.withResolvers<"aborted">();
  const end = (): void => resolve("aborted");
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** Waits until the next one may be sent: evenly spaced, and what was slow is not caught up. */
function pacer(ratePerSecond: number, clock: Clock, signal: AbortSignal): () => Promise<void> {
  const spaceMs = 1000 / ratePerSecond;
  let nextMs = -Infinity;
  return async () => {
    const waitMs = nextMs - clock.monotonic();
    if (waitMs > 0) await pause(waitMs, clock, signal);
    nextMs = clock.monotonic() + spaceMs;
  };
}
