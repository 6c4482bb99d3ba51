import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { openPipeline } from "../pipeline/open.ts";
import type { PipelineOptions } from "../pipeline/options.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { fileStore } from "../storage/file.ts";
import { assertNoLoop, assertReadable, isBelow } from "./check_inputs.ts";
import { runDemo } from "./demo.ts";
import { demoWarehouse } from "./demo_warehouse.ts";
import { RUN_HELP } from "./help.ts";
import { parseRunOptions, type RunOptions } from "./options.ts";
import { openOutput, type Output } from "./output.ts";
import { runPipeline } from "./run_pipeline.ts";
import type { RunPlan } from "./run_plan.ts";
import { isOutputSeen, isSeen, print, say, sayRaw } from "./say.ts";
import { UsageError } from "./usage_error.ts";

const DEFAULT_DATA = ".logflume";
/** Room for a line of 1 MiB of which every character needs an escape: the reader cuts, not the log. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024;
/** What a newcomer to the live view sees of the past. */
const TAIL = { maxBytes: 4 * 1024 * 1024, keepBytes: 2 * 1024 * 1024 };

/**
 * `logflume run`: reads lines, makes them durable, delivers them, shows them live. Answers the exit
 * code.
 *
 * @throws {UsageError} If it was called wrongly; nothing was read then
 * @throws {ConfigError} If the configuration is wrong; nothing was opened then
 */
export async function run(args: readonly string[]): Promise<number> {
  const options = parseRunOptions(args);
  if (options.help) {
    await print(RUN_HELP);
    return 0;
  }
  if (options.config !== undefined) {
    const { planOfConfig } = await import("./run_config.ts");
    return await runPipeline(await planOfConfig(options.config, options, openOrTell));
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
  try {
    return await runPipeline(planOfOptions(options, inputs, data));
  } finally {
    if (isTemporary) rmSync(data, { recursive: true, force: true });
  }
}

/** The inputs named, or standard input when something is piped in; undefined when there is nothing. */
function inputsOf({ inputs, demo, ingest }: RunOptions): readonly string[] | undefined {
  if (demo || ingest || inputs.length > 0) return inputs;
  return process.stdin.isTTY ? undefined : ["-"];
}

function planOfOptions(options: RunOptions, inputs: readonly string[], data: string): RunPlan {
  const stop = new AbortController();
  let isOutputClosed = false;
  const output = openOutput(options.output, () => {
    isOutputClosed = true;
    stop.abort();
  });
  const { listen, ingest } = options;
  return {
    open: () => openOrTell(pipelineOptions(options, output, data)),
    groups: options.demo ? [] : [{ inputs, follow: options.follow }],
    isLeftOut: isBelow(data),
    ...(options.demo ? { make: (pipeline, url) => runShop(pipeline, url, stop.signal) } : {}),
    view: listen && { listen, ...(ingest ? { ingest: {} } : {}) },
    drainTimeoutMs: options.drainTimeoutMs,
    place: data,
    showsProgress: isProgressWanted(options, output),
    showsSummary: options.summary,
    stop,
    isOutputClosed: () => isOutputClosed,
  };
}

function pipelineOptions(options: RunOptions, output: Output, data: string): PipelineOptions {
  const warehouse = options.demo ? { warehouse: demoWarehouse(systemClock) } : {};
  // A terminal that shows everything a shop does can no longer be read.
  const level = options.demo && output.name === "console" && isOutputSeen() ? "warn" : "trace";
  return {
    maxRecordBytes: MAX_RECORD_BYTES,
    tail: TAIL,
    sinks: { [output.name]: { sink: output.sink, level }, ...warehouse },
    wal: { store: fileStore(data), onLimit: "block", ...options.retain },
  };
}

/**
 * Opens a pipeline that speaks as the command line does.
 *
 * @throws {UsageError} If it cannot be opened
 */
async function openOrTell(options: PipelineOptions): Promise<Pipeline> {
  try {
    return await openPipeline({
      ...options,
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
function isProgressWanted(options: RunOptions, output: Output): boolean {
  return isSeen() && !options.demo && (output.name === "file" || !isOutputSeen());
}

/** Runs the demo; a shop has no lines that could be left over. */
function runShop(pipeline: Pipeline, url: string | undefined, stop: AbortSignal): Promise<void> {
  return runDemo(pipeline, stop, { clock: systemClock, random: Math.random, url, show: sayRaw });
}
