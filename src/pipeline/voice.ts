import type { Clock } from "../clock.ts";
import type { PipelineEvent } from "./options.ts";

/** One line a kind and sink in this time; what is held back is counted in the next one. */
const QUIET_MS = 10_000;

/**
 * What a pipeline says about itself when nobody listens to its events: one line on standard error, never
 * more than one of a kind in ten seconds, and never into its own records.
 */
export function stderrVoice(clock: Clock): (event: PipelineEvent) => void {
  const last = new Map<string, { at: number; held: number }>();
  return ({ kind, message, lane }) => {
    if (kind === "lane-ended") return;
    const key = `${kind} ${lane ?? ""}`;
    const now = clock.monotonic();
    const said = last.get(key);
    if (said !== undefined && now - said.at < QUIET_MS) {
      said.held++;
      return;
    }
    const more = said?.held ? ` (${said.held} more like this since then)` : "";
    last.set(key, { at: now, held: 0 });
    console.error(`logflume: ${message}${more}`);
  };
}
