/**
 * What the strip says about its bars.
 *
 * @module
 */
import { type Bar, sum } from "./strip_bars.ts";
import { type TimeForm, timeText } from "./time_text.ts";
import { counted } from "./words.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** How times are told. An age would change by itself, so those are told in the reader's own zone. */
function zoneOf(form: TimeForm): "local" | "utc" {
  return form === "utc" ? "utc" : "local";
}

/** Where a bar begins or ends, as exactly as the bars are wide; with the date unless it is today. */
export function edgeText(time: number, barMs: number, form: TimeForm, now: number): string {
  const zone = zoneOf(form);
  const text = timeText(time, zone, now);
  const clock = clockText(time, barMs, zone);
  // The text of another day begins with its date: `Nov 20 14:32`.
  return /^\d/.test(text) ? clock : `${text.slice(0, 6)} ${clock}`;
}

function clockText(time: number, barMs: number, zone: "local" | "utc"): string {
  const exact = timeText(time, zone, time);
  return exact.slice(0, barMs < 1_000 ? 12 : barMs < MINUTE_MS ? 8 : 5);
}

/** A bar in words: its time and its counts. */
export function barText(bar: Bar, form: TimeForm, now: number, short = false): string {
  const barMs = bar.to - bar.from;
  const from = edgeText(bar.from, barMs, form, now);
  const to = barMs >= DAY_MS / 2
    ? edgeText(bar.to, barMs, form, now)
    : clockText(bar.to, barMs, zoneOf(form));
  return `${short ? from : `${from} – ${to}`}: ${countsText(bar.counts)}`;
}

function countsText(counts: Bar["counts"]): string {
  const [, warn, bad] = counts;
  const parts = [counted(sum(counts), "row")];
  if (warn > 0) parts.push(counted(warn, "warning"));
  if (bad > 0) parts.push(counted(bad, "error"));
  return parts.join(", ");
}
