import type { ReplayReport, Resend } from "../delivery/dead_letter_replay.ts";
import type { DeadLetters } from "../delivery/dead_letters.ts";
import { messageOf } from "../errors.ts";
import { type AppendFile, openAppendFile } from "../platform/append_file.ts";
import { systemClock } from "../clock.ts";
import { changeLetters, filesOfSinks } from "./dlq_folder.ts";
import { wantedLetters } from "./dlq_look.ts";
import type { DlqOptions } from "./dlq_options.ts";
import { type SendOptions, sendTo } from "./dlq_send.ts";
import { lettersText } from "./dlq_text.ts";
import { print, say } from "./say.ts";
import { onStopSignal } from "./stop_signals.ts";
import { UsageError } from "./usage_error.ts";

const LF = 10;
const ONE_LF: Uint8Array = Uint8Array.of(LF);
/** As a pipeline has it, unless it is told otherwise. */
const MAX_REPLAYS = 3;

/** What became of the letters. */
type Outcome = ReplayReport & {
  /** Those that are held now. */
  readonly left: number;
};

/**
 * `logflume dlq replay`: appends records to a file or sends them to a server, and removes them. Answers the
 * exit code: 1 if some were not sent.
 */
export async function dlqReplay(options: DlqOptions): Promise<number> {
  if (options.dryRun) return await tellOnly(options);
  const { output, to } = options;
  if (output === undefined && to === undefined) {
    throw new UsageError(
      "A replay needs somewhere to send to: use --output FILE or --to URL, or call " +
        "pipeline.deadLetters.replay() in your program, which sends through its own sinks",
    );
  }
  const stop = new AbortController();
  const giveSignalsBack = onStopSignal(() => stop.abort(), systemClock);
  try {
    const outcome = output === undefined
      ? await replayTo(to!, options, stop)
      : await replayInto(output, options, stop);
    return await tell(outcome, options.json);
  } finally {
    giveSignalsBack();
  }
}

async function tellOnly(options: DlqOptions): Promise<number> {
  const letters = await wantedLetters({ ...options, limit: Infinity });
  const willing = letters.filter(({ replays }) => options.force || replays < MAX_REPLAYS);
  const replayed = willing.slice(0, options.limit).length;
  await print(
    options.json
      ? JSON.stringify({ replayed, dryRun: true }) + "\n"
      : `${lettersText(replayed)} would be replayed\n`,
  );
  return 0;
}

async function replayTo(
  to: SendOptions,
  options: DlqOptions,
  stop: AbortController,
): Promise<Outcome> {
  return await changeLetters(options.path, async (letters, origin) => {
    const resend = sendTo(to, await origin(), stop);
    return await replayed(letters, options, resend, stop.signal);
  });
}

async function replayed(
  letters: DeadLetters,
  { filter, limit, ratePerSecond, force }: DlqOptions,
  resend: Resend,
  signal: AbortSignal,
): Promise<Outcome> {
  const report = await letters.replay({ filter, limit, ratePerSecond, force, resend, signal });
  return { ...report, left: letters.size };
}

async function replayInto(
  output: string,
  options: DlqOptions,
  stop: AbortController,
): Promise<Outcome> {
  const { path } = options;
  return await changeLetters(path, async (letters) => {
    const file = openOutput(output);
    try {
      if ((await filesOfSinks(path)).has(file.id)) {
        throw new UsageError(
          `A sink of the pipeline writes "${output}" and would cut the records off: name another file`,
        );
      }
      endLine(file);
      return await replayed(letters, options, appendTo(file, stop), stop.signal);
    } finally {
      file.close();
    }
  });
}

function openOutput(path: string): AppendFile {
  try {
    return openAppendFile(path);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

/** Half a line of another program must not swallow our first one. */
function endLine(file: AppendFile): void {
  const length = file.isRegular ? file.length() : 0;
  if (length > 0 && file.readBefore(length, 1)[0] !== LF) file.append(ONE_LF);
}

/** A disk that takes no more says nothing about the records: the replay ends, and they stay as they are. */
function appendTo(file: AppendFile, stop: AbortController): Resend {
  const encoder = new TextEncoder();
  return async ({ record }) => {
    const before = file.isRegular ? file.length() : undefined;
    try {
      file.append(encoder.encode(record + "\n"));
      if (file.isRegular) await file.sync();
    } catch (error) {
      if (before !== undefined) file.cut(before);
      say(`Cannot write the output: ${messageOf(error)}`);
      stop.abort(error);
      throw error;
    }
  };
}

async function tell(outcome: Outcome, json: boolean): Promise<number> {
  const { failed, skipped, aborted } = outcome;
  await print(json ? JSON.stringify(outcome) + "\n" : `${sentence(outcome)}\n`);
  return aborted || failed > 0 || skipped.maxReplays > 0 ? 1 : 0;
}

function sentence({ replayed, failed, skipped, aborted, left }: Outcome): string {
  const parts = [`${lettersText(replayed)} replayed`];
  if (failed > 0) parts.push(`${failed} failed again and kept`);
  if (skipped.maxReplays > 0) {
    parts.push(
      `${skipped.maxReplays} passed over after ${MAX_REPLAYS} failed replays (see --force)`,
    );
  }
  if (aborted) parts.push(`stopped before the end with ${lettersText(left)} left`);
  return parts.join(", ");
}
