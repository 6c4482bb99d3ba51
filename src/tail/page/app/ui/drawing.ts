import { batch } from "@preact/signals";
import type { HistogramData, Snapshot } from "../messages.ts";
import { histogram, overview, snapshot } from "./state.ts";
import { count } from "./words.ts";
import { send } from "./worker_port.ts";

const OVERVIEW_MS = 250;

let latest: Snapshot | undefined;
let counts: HistogramData | undefined;
let frame = 0;
let overviewTimer: ReturnType<typeof setTimeout> | undefined;
let receivedWhenHidden: number | undefined;

/** Takes in what the Worker shows; the page follows in its next frame. */
export function show(next: Snapshot): void {
  latest = next;
  schedule();
}

/** Takes in the counts over time, which are drawn with the rows. */
export function showCounts(next: HistogramData): void {
  counts = next;
  if (!document.hidden) schedule();
}

/** The page went out of sight or came back. */
export function visibilityChanged(): void {
  receivedWhenHidden = document.hidden ? latest?.received : undefined;
  showTitle();
  schedule();
}

/** One change of the page a frame; a page out of sight is not drawn, only counted. */
function schedule(): void {
  if (document.hidden) {
    showTitle();
    if (latest !== undefined) send({ t: "drawn", tick: latest.tick });
  } else if (frame === 0) frame = requestAnimationFrame(draw);
}

function draw(): void {
  frame = 0;
  batch(() => {
    snapshot.value = latest;
    histogram.value = counts;
    if (isNews()) showOverview();
    else overviewTimer ??= setTimeout(showOverview, OVERVIEW_MS);
  });
}

function showOverview(): void {
  clearTimeout(overviewTimer);
  overviewTimer = undefined;
  overview.value = latest;
}

/** What is told at once, however busy the page is: another state, the progress of a search. */
function isNews(): boolean {
  const old = overview.value;
  return old?.link.kind !== latest?.link.kind || old?.find?.at !== latest?.find?.at ||
    old?.find?.done !== latest?.find?.done || old?.filterError !== latest?.filterError ||
    old?.version !== latest?.version;
}

function showTitle(): void {
  const unread = receivedWhenHidden === undefined || latest === undefined
    ? 0
    : latest.received - receivedWhenHidden;
  document.title = unread > 0 ? `(${count(unread)}) logflume` : "logflume";
}
