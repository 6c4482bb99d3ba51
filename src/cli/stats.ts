import { systemClock } from "../clock.ts";
import { pause } from "../delivery/pause.ts";
import { SinkClosedError } from "../errors.ts";
import { readEnv } from "../platform/env.ts";
import { standardOutput } from "../platform/stdio.ts";
import { offline } from "./offline.ts";
import { print, say } from "./say.ts";
import { folderStats } from "./stats_folder.ts";
import { STATS_HELP } from "./stats_help.ts";
import { parseStatsOptions, type StatsOptions } from "./stats_options.ts";
import { requestStats } from "./stats_request.ts";
import { folderText, type StatsLook, statsText } from "./stats_text.ts";
import { onStopSignal } from "./stop_signals.ts";
import { TailFailure } from "./tail_news.ts";
import { placeOf } from "./tail_request.ts";
import { outputMarks } from "./wal_text.ts";

/** How often the figures are shown with `--watch`. */
const WATCH_MS = 1_000;
/** To the upper left corner, and away with what stands below. */
const CLEAR_SCREEN = "\x1b[H\x1b[2J";

/**
 * `logflume stats`: the figures of a pipeline. Answers the exit code: 1 if the server cannot be reached.
 *
 * @throws {UsageError} If it was called wrongly, there is no log, or access is denied
 */
export async function stats(args: readonly string[]): Promise<number> {
  const options = parseStatsOptions(args, readEnv("LOGFLUME_TOKEN"));
  if (options.help) {
    await print(STATS_HELP);
    return 0;
  }
  const stop = new AbortController();
  const giveSignalsBack = onStopSignal(() => stop.abort(), systemClock);
  // Waiting for the next look is no work that would keep the process alive.
  const letGo = systemClock.hold();
  try {
    return await offline(() => show(options, stop.signal));
  } finally {
    letGo();
    giveSignalsBack();
  }
}

async function show(options: StatsOptions, signal: AbortSignal): Promise<number> {
  const look = options.url === undefined
    ? () => lookAtFolder(options)
    : lookAtUrl(options.url, options, signal);
  try {
    do {
      await put(await look(), options);
      if (options.watch) await pause(WATCH_MS, systemClock, signal);
    } while (options.watch && !signal.aborted);
    return 0;
  } catch (error) {
    // Whoever read our output has seen enough (`| head`).
    if (signal.aborted || error instanceof SinkClosedError) return 0;
    if (!(error instanceof TailFailure)) throw error;
    say(error.message);
    return 1;
  }
}

async function lookAtFolder({ folder, json }: StatsOptions): Promise<string> {
  const found = await folderStats(folder);
  return json ? `${JSON.stringify(found)}\n` : folderText(found, outputMarks());
}

function lookAtUrl(url: URL, options: StatsOptions, signal: AbortSignal): () => Promise<string> {
  const { headers, json } = options;
  let before: StatsLook | undefined;
  return async () => {
    const found = await requestStats({ url, headers }, signal);
    if (json) return `${JSON.stringify(found)}\n`;
    const look = { atMs: systemClock.monotonic(), stats: found };
    const text = statsText(placeOf(url), look, before, outputMarks());
    before = look;
    return text;
  };
}

async function put(text: string, { watch, json }: StatsOptions): Promise<void> {
  const output = standardOutput("stdout");
  const isDrawn = watch && !json && output?.isTerminal === true;
  const end = watch && !json && !isDrawn ? "\n" : "";
  await output?.write(new TextEncoder().encode(`${isDrawn ? CLEAR_SCREEN : ""}${text}${end}`));
}
