/**
 * What the page shows, as signals. The rows themselves stay in the Worker.
 *
 * @module
 */
import { type Signal, signal } from "@preact/signals";
import type { HistogramData, Snapshot } from "../messages.ts";

/** What the Worker showed last. */
export const snapshot: Signal<Snapshot | undefined> = signal(undefined);
/** The same for what stands around the list: counts and states, which need not change each frame. */
export const overview: Signal<Snapshot | undefined> = signal(undefined);
/** The counts over time. */
export const histogram: Signal<HistogramData | undefined> = signal(undefined);
/** Whether the list follows the newest row. */
export const following: Signal<boolean> = signal(true);
/** The query line as it was sent. */
export const query: Signal<string> = signal("");
/** Which levels are shown. */
export const levels: Signal<readonly boolean[]> = signal([]);
/** Terms that are marked in colour. */
export const marks: Signal<readonly string[]> = signal([]);
/** What is searched for; undefined when the find bar is closed. */
export const findText: Signal<string | undefined> = signal(undefined);
/** The numbers of the rows that are selected, the moving end last. */
export const selection: Signal<{ readonly from: number; readonly to: number } | undefined> = signal(
  undefined,
);
/** The row where find, a jump or the keys are. */
export const current: Signal<number | undefined> = signal(undefined);
/** Whether the keys are listed. */
export const isHelpOpen: Signal<boolean> = signal(false);

/** The page's address without query and hash. */
export const pageUrl: string = location.origin + location.pathname;
