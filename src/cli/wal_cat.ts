import { systemClock } from "../clock.ts";
import { SinkClosedError } from "../errors.ts";
import type { LogGap } from "../storage/store.ts";
import { readChunks } from "../wal/inspect.ts";
import { lineTest } from "../wal/inspect_filter.ts";
import { print, say } from "./say.ts";
import { onStopSignal } from "./stop_signals.ts";
import { findLogs } from "./wal_folder.ts";
import { WAL_CAT_HELP } from "./wal_help.ts";
import { lineWriter } from "./wal_lines.ts";
import { type CatOptions, parseCatOptions } from "./wal_options.ts";

/**
 * `logflume wal cat`: the records of a log, one JSON line each. Answers the exit code: 1 if some are
 * damaged.
 *
 * @throws {UsageError} If it was called wrongly, or there is no log
 */
export async function walCat(args: readonly string[]): Promise<number> {
  const options = parseCatOptions(args, systemClock.now());
  if (options.help) {
    await print(WAL_CAT_HELP);
    return 0;
  }
  const stop = new AbortController();
  const giveSignalsBack = options.follow ? onStopSignal(() => stop.abort(), systemClock) : () => {};
  try {
    return await copyOut(options, stop.signal);
  } catch (error) {
    // Whoever read our output has seen enough (`| head`).
    if (error instanceof SinkClosedError) return 0;
    throw error;
  } finally {
    giveSignalsBack();
  }
}

async function copyOut(options: CatOptions, signal: AbortSignal): Promise<number> {
  const { store } = findLogs(options.folder);
  const writer = lineWriter(lineTest(options), options.json);
  let isDamaged = false;
  for await (const read of readChunks(store, { ...options, signal })) {
    if (read.kind === "lines") await writer.write(read.chunk);
    else await writer.flush();
    if (read.kind !== "gap") continue;
    isDamaged ||= read.gap.reason === "damaged";
    if (options.json) await writer.put(JSON.stringify({ gap: read.gap }) + "\n");
    say(gapText(read.gap));
  }
  await writer.flush();
  return isDamaged ? 1 : 0;
}

function gapText({ firstSeq, count, reason }: LogGap): string {
  const one = count === 1;
  const records = one ? `Record ${firstSeq}` : `Records ${firstSeq} to ${firstSeq + count - 1}`;
  return reason === "trimmed"
    ? `${records} ${one ? "is" : "are"} no longer in the log`
    : `${records} ${one ? "is" : "are"} damaged and cannot be read`;
}
