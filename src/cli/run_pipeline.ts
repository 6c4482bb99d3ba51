import { systemClock } from "../clock.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { IngestTarget } from "../tail/http/ingest.ts";
import { deliverRest } from "./deliver_rest.ts";
import { orStop } from "./feed.ts";
import { type LiveView, openLiveView } from "./live_view.ts";
import { showProgress } from "./progress.ts";
import { readInputs } from "./read_inputs.ts";
import type { RunPlan } from "./run_plan.ts";
import { print, say, sayRaw } from "./say.ts";
import { onStopSignal } from "./stop_signals.ts";
import { exitCodeOf, type RunSummary, summarize } from "./summary.ts";

/** How long whoever reads our output may keep the last line waiting. */
const PRINT_TIMEOUT_MS = 5_000;

/** Carries a plan out, to the end of its inputs or to the stop. Answers the exit code. */
export async function runPipeline(plan: RunPlan): Promise<number> {
  // Timers alone do not keep a process alive, and a followed file is waited for with them.
  const release = systemClock.hold();
  try {
    return await runHeld(plan);
  } finally {
    release();
  }
}

async function runHeld(plan: RunPlan): Promise<number> {
  const pipeline = await plan.open();
  const start = pipeline.stats();
  let view: LiveView | undefined;
  let giveSignalsBack = () => {};
  let wasTakenWhole = true;
  try {
    if (plan.view) view = await openLiveView(plan.view, pipeline, say, targetOf(plan, pipeline));
    giveSignalsBack = onStopSignal(() => beginStop(plan), systemClock);
    if (plan.view?.ingest) {
      say(`Lines posted to ${view?.url}ingest are taken until this is stopped`);
    }
    const hideProgress = plan.showsProgress
      ? showProgress(() => pipeline.stats(), sayRaw, systemClock)
      : () => {};
    wasTakenWhole = await readAll(plan, pipeline, view?.url);
    const { drainTimeoutMs: timeoutMs, stop, isOutputClosed } = plan;
    await deliverRest(pipeline, { timeoutMs, stop: stop.signal, isOutputClosed });
    hideProgress();
  } finally {
    await view?.close();
    await pipeline.close({ timeoutMs: 0 });
    giveSignalsBack();
  }
  const summary = summarize(start, pipeline.stats());
  await tellEnd(plan, summary, wasTakenWhole);
  return wasTakenWhole ? exitCodeOf(summary) : 1;
}

/** Reads all there is to read; where lines may be posted that is until the stop. */
async function readAll(
  plan: RunPlan,
  pipeline: Pipeline,
  url: string | undefined,
): Promise<boolean> {
  const { groups, isLeftOut, stop: { signal: stop } } = plan;
  await plan.make?.(pipeline, url);
  const ends = await Promise.all(
    groups.map(({ inputs, follow }) =>
      readInputs(inputs, pipeline, { follow, isLeftOut, stop, say })
    ),
  );
  if (plan.view?.ingest) await orStop(new Promise(() => {}), stop);
  return !ends.includes(false);
}

/** What takes the lines that are posted; once stopping, the sender keeps them for the next start. */
function targetOf({ stop }: RunPlan, pipeline: Pipeline): IngestTarget {
  return {
    write: (line) => !stop.signal.aborted && pipeline.write(line),
    durable: () => pipeline.durable(),
  };
}

function beginStop({ stop, drainTimeoutMs }: RunPlan): void {
  const seconds = drainTimeoutMs / 1_000;
  say(`Stopping: delivering what is pending, for ${seconds} s at most; once more ends at once`);
  stop.abort();
}

async function tellEnd(plan: RunPlan, summary: RunSummary, wasTakenWhole: boolean): Promise<void> {
  if (!wasTakenWhole) say("Not every line was taken: start again with the same --data to go on");
  if (summary.pending > 0 && !plan.isOutputClosed()) {
    say(
      `${summary.pending} records are not delivered yet: they stay in "${plan.place}" for the next start`,
    );
  }
  if (summary.deadLettered > 0) {
    say(`${summary.deadLettered} records could not be delivered: they are in the dead letters`);
  }
  if (plan.showsSummary) await print(`${JSON.stringify(summary)}\n`, PRINT_TIMEOUT_MS);
}
