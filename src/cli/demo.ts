import type { Clock } from "../clock.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { startTraffic } from "./demo_traffic.ts";
import { reportWarehouse } from "./demo_warehouse.ts";
import { orStop } from "./feed.ts";

/** What the demo takes from outside. */
export interface DemoContext {
  /** Time. */
  readonly clock: Clock;
  /** Chance, 0 up to 1. */
  readonly random: () => number;
  /** Where the live view is; undefined without one. */
  readonly url: string | undefined;
  /** Shows text to the user, as it is. */
  readonly show: (text: string) => void;
}

/** Runs a simulated web shop that logs into `pipeline`, until `stop` is aborted. */
export async function runDemo(
  pipeline: Pipeline,
  stop: AbortSignal,
  { clock, random, url, show }: DemoContext,
): Promise<void> {
  show(welcome(url));
  const endTraffic = startTraffic(pipeline, { clock, random });
  const endReport = reportWarehouse(pipeline, clock);
  await orStop(new Promise<never>(() => {}), stop);
  endTraffic();
  endReport();
}

function welcome(url: string | undefined): string {
  const look = url === undefined
    ? "The live view is off."
    : `Open ${url} and watch the records of the shop come in.`;
  return `
  logflume: a small web shop is open, and its log is flowing.

  ${look}
  Now and then the shop's warehouse fails for some seconds: its records wait in
  the log, are sent again, and none is lost. Errors and warnings show up here.

  A log of your own:  my-program 2>&1 | npx -y deno task logflume run
  Ctrl-C ends.

`;
}
