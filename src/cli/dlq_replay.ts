import type { ReplayReport, Resend } from "../delivery/dead_letter_replay.ts";
import { messageOf } from "../errors.ts";
import { type AppendFile, openAppendFile } from "../platform/append_file.ts";
import { systemClock } from "../clock.ts";
import { changeLetters, filesOfSinks } from "./dlq_folder.ts";
import { wantedLetters } from "./dlq_look.ts";
import type { DlqOptions } from "./dlq_options.ts";
import { lettersText } from "./dlq_text.ts";
import { print, say } from "./say.ts";
import { onStopSignal } from "./stop_signals.ts";
import { UsageError } from "./usage_error.ts";

const LF = 10;
const ONE_LF: Uint8Array = Uint8Array.of(LF);
/** As a pipeline has it, unless it is told otherwise. */
const MAX_REPLAYS = 3;

/**
 * `logflume dlq replay`: appends records to a file and removes them. Answers the exit code: 1 if some were
 * not sent.
 */
export async function dlqReplay(options: DlqOptions): Promise<number> {
  if (options.dryRun) return await tellOnly(options);
  if (options.output === undefined) {
    throw new UsageError(
      "A replay needs somewhere to send to: use --output FILE, or call " +
        "pipeline.deadLetters.replay() in your program, which sends through its own sinks",
    );
  }
  const stop = new AbortController();
  const giveSignalsBack = onStopSignal(() => stop.abort(), systemClock);
  try {
    return await tell(await replayInto(options.output, options, stop), options.json);
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

async function replayInto(
  output: string,
  { path, filter, limit, ratePerSecond, force }: DlqOptions,
  stop: AbortController,
): Promise<ReplayReport> {
  return await changeLetters(path, async (letters) => {
    const file = openOutput(output);
    try {
      if ((await filesOfSinks(path)).has(file.id)) {
        throw new UsageError(
          `A sink of the pipeline writes "${output}" and would cut the records off: name another file`,
        );
      }
      endLine(file);
      const resend = appendTo(file, stop);
      const asked = { filter, limit, ratePerSecond, force, resend };
      return await letters.replay({ ...asked, signal: stop.signal });
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

async function tell(report: ReplayReport, json: boolean): Promise<number> {
  const { replayed, skipped, aborted } = report;
  const passed = skipped.maxReplays > 0
    ? `, ${skipped.maxReplays} passed over after ${MAX_REPLAYS} failed replays (see --force)`
    : "";
  await print(
    json ? JSON.stringify(report) + "\n" : `${lettersText(replayed)} replayed${passed}\n`,
  );
  return aborted || skipped.maxReplays > 0 ? 1 : 0;
}
