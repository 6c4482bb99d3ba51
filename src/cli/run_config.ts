import process from "node:process";
import { type HttpConfig, loadConfig, type LoadedConfig } from "../config/config.ts";
import type { PipelineOptions } from "../pipeline/options.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { assertReadable, isBelow } from "./check_inputs.ts";
import type { ViewPlan } from "./live_view.ts";
import { DEFAULT_DRAIN_TIMEOUT_MS, DEFAULT_LISTEN, type RunOptions } from "./options.ts";
import type { InputGroup, RunPlan } from "./run_plan.ts";
import { say } from "./say.ts";
import { UsageError } from "./usage_error.ts";

/** What a newcomer to the live view sees of the past, where the configuration says nothing. */
const TAIL = { maxBytes: 4 * 1024 * 1024, keepBytes: 2 * 1024 * 1024 };

/**
 * What a configuration says is to be done. What was said on the command line goes before.
 *
 * @throws {ConfigError} If the configuration cannot be read or is wrong
 * @throws {UsageError} If an input cannot be read, or there is none
 */
export async function planOfConfig(
  file: string,
  options: RunOptions,
  open: (options: PipelineOptions) => Promise<Pipeline>,
): Promise<RunPlan> {
  const config = await loadConfig(file);
  for (const note of config.notes) say(note);
  const view = viewOf(config, options);
  const groups = groupsOf(config, view?.ingest !== undefined);
  for (const { inputs, follow } of groups) await assertReadable(inputs, follow);
  return {
    // The command line hears the signals itself, so that it can deliver what is pending.
    open: () => open({ tail: TAIL, ...config, handleSignals: false }),
    groups,
    isLeftOut: (path) => config.folders.some((folder) => isBelow(folder)(path)),
    view,
    drainTimeoutMs: options.isDrainTimeoutGiven
      ? options.drainTimeoutMs
      : config.drainTimeoutMs ?? DEFAULT_DRAIN_TIMEOUT_MS,
    place: config.place,
    showsProgress: false,
    showsSummary: options.summary,
    stop: new AbortController(),
    isOutputClosed: () => false,
  };
}

function groupsOf(config: LoadedConfig, takesPosts: boolean): InputGroup[] {
  const groups: InputGroup[] = config.inputs.map(({ paths, follow }) => ({
    inputs: paths,
    follow,
  }));
  if (config.stdin) groups.push({ inputs: ["-"], follow: false });
  if (groups.length > 0 || takesPosts) return groups;
  if (!process.stdin.isTTY) return [{ inputs: ["-"], follow: false }];
  throw new UsageError(
    `"${config.file}" names nothing to read: give it inputs or http.ingest, or pipe lines in`,
  );
}

/** The live view, which is there unless it is switched off. */
function viewOf(
  { http, isHttpOff, metrics }: LoadedConfig,
  options: RunOptions,
): ViewPlan | undefined {
  const asked = options.isListenGiven;
  if (asked ? options.listen === undefined : isHttpOff) return undefined;
  const listen = asked || http === undefined
    ? options.listen ?? DEFAULT_LISTEN
    : { ...http.listen, isExplicit: true };
  return { listen, ...viewOptions(http), ...(metrics === undefined ? {} : { metrics }) };
}

function viewOptions(http: HttpConfig | undefined): Omit<ViewPlan, "listen"> {
  if (http === undefined) return {};
  const { listen: _listen, ...rest } = http;
  return rest;
}
