import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { openPipeline } from "../pipeline/open.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { fileStore } from "../storage/file.ts";
import type { IngestTarget } from "../tail/http/ingest.ts";
import { demoWarehouse } from "./demo_warehouse.ts";
import { deliverRest } from "./deliver_rest.ts";
import { runDemo } from "./demo.ts";
import { orStop } from "./feed.ts";
import { RUN_HELP } from "./help.ts";
import { type LiveView, openLiveView } from "./live_view.ts";
import { assertNoLoop, assertReadable, isBelow } from "./check_inputs.ts";
import { readInputs } from "./read_inputs.ts";
import { parseRunOptions, type RunOptions } from "./options.ts";
import { openOutput, type Output } from "./output.ts";
import { showProgress } from "./progress.ts";
import { isOutputSeen, isSeen, print, say, sayRaw } from "./say.ts";
import { onStopSignal } from "./stop_signals.ts";
import { exitCodeOf, type RunSummary, summarize } from "./summary.ts";
import { UsageError } from "./usage_error.ts";

const DEFAULT_DATA = ".logflume";
/** How long whoever reads our output may keep the last line waiting. */
const PRINT_TIMEOUT_MS = 5_000;
/** Room for a line of 1 MiB of which every character needs an escape: the reader cuts, not the log. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024;
/** What a newcomer to the live view sees of the past. */
const TAIL = { maxBytes: 4 * 1024 * 1024, keepBytes: 2 * 1024 * 1024 };

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
  if (options.help) {
    await print(RUN_HELP);
    return 0;
  }
  const inputs = inputsOf(options);
  if (inputs === undefined) {
    sayRaw(RUN_HELP);
    return 2;
  }
  assertNoLoop(inputs, options.output);
  await assertReadable(inputs, options.follow);
  const isTemporary = options.demo && options.data === undefined;
  const data = isTemporary
    ? mkdtempSync(join(tmpdir(), "logflume-demo-"))
    : options.data ?? DEFAULT_DATA;
  // Timers alone do not keep a process alive, and a followed file is waited for with them.
  const release = systemClock.hold();
  try {
    return await runPipeline(prepare(options, inputs, data));
  } finally {
    release();
    if (isTemporary) rmSync(data, { recursive: true, force: true });
  }
}

/** The inputs named, or standard input when something is piped in; undefined when there is nothing. */
function inputsOf({ inputs, demo, ingest }: RunOptions): readonly string[] | undefined {
  if (demo || ingest || inputs.length > 0) return inputs;
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
  const { options, stop } = run;
  const pipeline = await openLog(run);
  const start = pipeline.stats();
  let view: LiveView | undefined;
  let giveSignalsBack = () => {};
  let wasTakenWhole = true;
  try {
    if (options.listen) {
      view = await openLiveView(options.listen, pipeline, say, ingestOf(run, pipeline));
    }
    giveSignalsBack = onStopSignal(() => beginStop(run), systemClock);
    if (options.ingest) say(`Lines posted to ${view?.url}ingest are taken until this is stopped`);
    const hideProgress = isProgressWanted(run)
      ? showProgress(() => pipeline.stats(), sayRaw, systemClock)
      : () => {};
    wasTakenWhole = await readAll(run, pipeline, view?.url);
    await deliverRest(pipeline, {
      timeoutMs: options.drainTimeoutMs,
      stop: stop.signal,
      isOutputClosed: () => run.isOutputClosed,
    });
    hideProgress();
  } finally {
    await view?.close();
    await pipeline.close({ timeoutMs: 0 });
    giveSignalsBack();
  }
  const summary = summarize(start, pipeline.stats());
  await tellEnd(run, summary, wasTakenWhole);
  return wasTakenWhole ? exitCodeOf(summary) : 1;
}

/** Reads all there is to read; with `--ingest` that is until the stop. */
async function readAll(run: Run, pipeline: Pipeline, url: string | undefined): Promise<boolean> {
  const { options, inputs, data, stop } = run;
  if (options.demo) return await runShop(run, pipeline, url);
  const wasTakenWhole = await readInputs(inputs, pipeline, {
    follow: options.follow,
    isLeftOut: isBelow(data),
    stop: stop.signal,
    say,
  });
  if (options.ingest) await orStop(new Promise(() => {}), stop.signal);
  return wasTakenWhole;
}

/** What takes the lines that are posted; once stopping, the sender keeps them for the next start. */
function ingestOf({ options, stop }: Run, pipeline: Pipeline): IngestTarget | undefined {
  if (!options.ingest) return undefined;
  return {
    write: (line) => !stop.signal.aborted && pipeline.write(line),
    durable: () => pipeline.durable(),
  };
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
      // A reader that has gone (`| head`) is no mishap.
      onEvent: ({ kind, message }) => kind === "lane-ended" || say(message),
    });
  } catch (error) {
    // These would be mistakes of this program, not of its user.
    if (error instanceof TypeError || error instanceof RangeError) throw error;
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

/** Runs the demo; a shop has no lines that could be left over. */
async function runShop({ stop }: Run, pipeline: Pipeline, url: string | undefined): Promise<true> {
  const context = { clock: systemClock, random: Math.random, url, show: sayRaw };
  await runDemo(pipeline, stop.signal, context);
  return true;
}

async function tellEnd(
  { options, data, isOutputClosed }: Run,
  summary: RunSummary,
  wasTakenWhole: boolean,
): Promise<void> {
  if (!wasTakenWhole) say("Not every line was taken: start again with the same --data to go on");
  if (summary.pending > 0 && !isOutputClosed) {
    say(
      `${summary.pending} records are not delivered yet: they stay in "${data}" for the next start`,
    );
  }
  if (summary.deadLettered > 0) {
    say(`${summary.deadLettered} records could not be delivered: they are in the dead letters`);
  }
  if (options.summary) await print(`${JSON.stringify(summary)}\n`, PRINT_TIMEOUT_MS);
}
