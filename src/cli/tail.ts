import { systemClock } from "../clock.ts";
import { SinkClosedError } from "../errors.ts";
import { readEnv } from "../platform/env.ts";
import { createMatcher } from "../tail/filter_match.ts";
import { formatQuery } from "../tail/query.ts";
import { print, say } from "./say.ts";
import { onStopSignal } from "./stop_signals.ts";
import { folderTail } from "./tail_folder.ts";
import { countWords } from "./tail_gap.ts";
import { hasHeader } from "./tail_header.ts";
import { TAIL_HELP } from "./tail_help.ts";
import { linkTail } from "./tail_link.ts";
import { TailFailure, type TailNews, type TailReading } from "./tail_news.ts";
import { parseTailOptions, type TailOptions } from "./tail_options.ts";
import { tailOutput } from "./tail_output.ts";

/**
 * `logflume tail`: the records of a running log as they come. Answers the exit code: 1 if the server
 * cannot be reached, or some records are damaged.
 *
 * @throws {UsageError} If it was called wrongly, or access is denied
 */
export async function tail(args: readonly string[]): Promise<number> {
  const options = parseTailOptions(args, systemClock.now(), readEnv("LOGFLUME_TOKEN"));
  if (options.help) {
    await print(TAIL_HELP);
    return 0;
  }
  const stop = new AbortController();
  const giveSignalsBack = onStopSignal(() => stop.abort(), systemClock);
  // Waiting for the next try is no work that would keep the process alive.
  const letGo = systemClock.hold();
  try {
    return await show(options, stop.signal);
  } catch (error) {
    // Whoever read our output has seen enough (`| head`).
    if (error instanceof SinkClosedError) return 0;
    if (!(error instanceof TailFailure)) throw error;
    say(error.message);
    return 1;
  } finally {
    letGo();
    giveSignalsBack();
  }
}

async function show(options: TailOptions, signal: AbortSignal): Promise<number> {
  const output = tailOutput(options.json);
  const reading = options.url === undefined
    ? folderTail({ ...options, signal })
    : urlTail(options.url, options, signal);
  const isWanted = ownTest(options);
  let isDamaged = false;
  for await (const news of reading.read()) {
    isDamaged ||= isDamage(news);
    if (news.kind === "gap") await output.gap(news.gap);
    else await output.lines(news.rows.map(({ line }) => line).filter(isWanted));
  }
  if (signal.aborted) sayLast(output.shown, reading);
  return isDamaged ? 1 : 0;
}

function urlTail(url: URL, options: TailOptions, signal: AbortSignal): TailReading {
  const { filter, headers } = options;
  if (url.protocol === "http:" && hasHeader(headers, "authorization") && !isLoopback(url)) {
    say(`The token goes to ${url.host} in the clear: use https`);
  }
  // A server runs no regular expressions of others: those are left to us.
  const { patterns: _, ...asked } = filter;
  return linkTail({ ...options, url, query: formatQuery(asked), signal, say });
}

/** The part of the filter that a server does not take. */
function ownTest({ url, filter: { patterns } }: TailOptions): (line: string) => boolean {
  return url === undefined || patterns === undefined ? () => true : createMatcher({ patterns });
}

function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function isDamage(news: TailNews): boolean {
  return news.kind === "gap" && news.gap.why === "damaged";
}

function sayLast(shown: number, { place }: TailReading): void {
  const goOn = place === undefined ? "" : `; go on with --from ${place}`;
  say(`Stopped after ${countWords(shown)}${goOn}`);
}
