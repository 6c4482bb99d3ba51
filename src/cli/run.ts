import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { openPipeline } from "../pipeline/open.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { fileStore } from "../storage/file.ts";
import { demoWarehouse } from "./demo_warehouse.ts";
import { deliverRest } from "./deliver_rest.ts";
import { runDemo } from "./demo.ts";
import { pipelineFeed } from "./feed.ts";
import { followFile } from "./follow.ts";
import { RUN_HELP } from "./help.ts";
import { type LiveView, openLiveView } from "./live_view.ts";
import { assertReadable } from "./open_input.ts";
import { parseRunOptions, type RunOptions } from "./options.ts";
import { openOutput, type Output } from "./output.ts";
import { showProgress } from "./progress.ts";
import { isOutputSeen, isSeen, print, say, sayRaw } from "./say.ts";
import { onStopSignal } from "./stop_signals.ts";
import { exitCodeOf, type RunSummary, summarize } from "./summary.ts";
import { readStandardInput, readTextFile } from "./text_input.ts";
import { UsageError } from "./usage_error.ts";

const DEFAULT_DATA = ".logflume";
/** Room for a line of 1 MiB of which every character needs an escape: the reader cuts, not the log. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024;
/** What a newcomer to the live view sees of the past. */
const TAIL = { maxBytes: 4 * 1024 * 1024, keepBytes: 2 * 1024 * 1024 };
/** Longer than any run: keeps the process alive, since timers of the pipeline do not. */
const KEEP_ALIVE_MS = 2 ** 30;

/** One run: what it was asked, and how it is told to end. */
interface Run {
  readonly options: RunOptions;
  readonly inputs: readonly string[];
  readonly data: string;
  readonly output: Output;
  /** Aborted by a signal or by a closed output: reading ends. */
  readonly stop: AbortController;
  /** Set when nobody reads our output any more. */
  isOutputClosed: boolean;
}

/**
 * `logflume run`: reads lines, makes them durable, delivers them, shows them live. Answers the exit
 * code.
 *
 * @throws {UsageError} If it was called wrongly; nothing was read then
 */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseRunOptions(args);
  if (options.help) return print(RUN_HELP), 0;
  const inputs = inputsOf(options);
  if (inputs === undefined) return sayRaw(RUN_HELP), 2;
  assertReadable(inputs);
  const isTemporary = options.demo && options.data === undefined;
  const data = isTemporary
    ? mkdtempSync(join(tmpdir(), "logflume-demo-"))
    : options.data ?? DEFAULT_DATA;
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  try {
    return await runPipeline(prepare(options, inputs, data));
  } finally {
    clearInterval(keepAlive);
    if (isTemporary) rmSync(data, { recursive: true, force: true });
  }
}

/** The inputs named, or standard input when something is piped in; undefined when there is nothing. */
function inputsOf({ inputs, demo }: RunOptions): readonly string[] | undefined {
  if (demo || inputs.length > 0) return inputs;
  return process.stdin.isTTY ? undefined : ["-"];
}

function prepare(options: RunOptions, inputs: readonly string[], data: string): Run {
  const stop = new AbortController();
  const output = openOutput(options.output, () => {
    prepared.isOutputClosed = true;
    stop.abort();
  });
  const prepared: Run = { options, inputs, data, output, stop, isOutputClosed: false };
  return prepared;
}

async function runPipeline(run: Run): Promise<number> {
  const pipeline = await openLog(run);
  const start = pipeline.stats();
  let view: LiveView | undefined;
  let giveSignalsBack = () => {};
  let wasTakenWhole = true;
  try {
    if (run.options.listen) view = await openLiveView(run.options.listen, pipeline, say);
    giveSignalsBack = onStopSignal(() => beginStop(run));
    const hideProgress = isProgressWanted(run)
      ? showProgress(() => pipeline.stats(), sayRaw, systemClock)
      : () => {};
    wasTakenWhole = await takeIn(run, pipeline, view?.url);
    await deliverRest(pipeline, {
      timeoutMs: run.options.drainTimeoutMs,
      stop: run.stop.signal,
      isOutputClosed: () => run.isOutputClosed,
    });
    hideProgress();
  } finally {
    await view?.close();
    await pipeline.close({ timeoutMs: 0 });
    giveSignalsBack();
  }
  const summary = summarize(start, pipeline.stats());
  tellEnd(run, summary, wasTakenWhole);
  return wasTakenWhole ? exitCodeOf(summary) : 1;
}

async function openLog({ data, options, output }: Run): Promise<Pipeline> {
  const warehouse = options.demo ? { warehouse: demoWarehouse(systemClock) } : {};
  // A terminal that shows everything a shop does can no longer be read.
  const level = options.demo && output.name === "console" && isOutputSeen() ? "warn" : "trace";
  try {
    return await openPipeline({
      maxRecordBytes: MAX_RECORD_BYTES,
      tail: TAIL,
      sinks: { [output.name]: { sink: output.sink, level }, ...warehouse },
      wal: { store: fileStore(data), onLimit: "block", ...options.retain },
      onEvent: (event) => say(event.message),
    });
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

/** Not where records themselves go to the terminal. */
function isProgressWanted({ output, options }: Run): boolean {
  return isSeen() && !options.demo && (output.name === "file" || !isOutputSeen());
}

function beginStop({ stop, options }: Run): void {
  const seconds = options.drainTimeoutMs / 1_000;
  say(`Stopping: delivering what is pending, for ${seconds} s at most; once more ends at once`);
  stop.abort();
}

/** Takes in all there is; false if lines were read that could not be taken. */
async function takeIn(run: Run, pipeline: Pipeline, url: string | undefined): Promise<boolean> {
  if (!run.options.demo) return await readAll(run, pipeline);
  const context = { clock: systemClock, random: Math.random, url, show: sayRaw };
  await runDemo(pipeline, run.stop.signal, context);
  return true;
}

/** Reads all inputs; false if lines were read that could not be taken. */
async function readAll({ options, inputs, stop }: Run, pipeline: Pipeline): Promise<boolean> {
  const context = {
    feed: pipelineFeed(pipeline, stop.signal),
    inputMark: (file: string) => pipeline.inputMark(file),
    say,
    stop: stop.signal,
  };
  const read = (input: string) => {
    if (input === "-") return readStandardInput(context);
    return options.follow ? followFile(input, context, systemClock) : readTextFile(input, context);
  };
  if (options.follow) return !(await Promise.all(inputs.map(read))).includes("refused");
  for (const input of inputs) {
    const end = await read(input);
    if (end !== "end") return end === "stopped";
  }
  return true;
}

function tellEnd({ options, data }: Run, summary: RunSummary, wasTakenWhole: boolean): void {
  if (!wasTakenWhole) say("Not every line was taken: start again with the same --data to go on");
  if (summary.pending > 0) {
    say(
      `${summary.pending} records are not delivered yet: they stay in "${data}" for the next start`,
    );
  }
  if (summary.deadLettered > 0) {
    say(`${summary.deadLettered} records could not be delivered: they are in the dead letters`);
  }
  if (options.summary) print(`${JSON.stringify(summary)}\n`);
}
