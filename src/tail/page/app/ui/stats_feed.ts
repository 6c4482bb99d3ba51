import { type Signal, signal } from "@preact/signals";
import type { PipelineStats } from "../../../../pipeline/stats.ts";
import { signed, token } from "./token.ts";

const EVERY_MS = 1_000;
/** Points that are drawn: two minutes. */
const POINTS = 120;

/** Values of the last two minutes, oldest first. */
export type History = readonly number[];

/** What the panel draws. */
export interface Figures {
  readonly stats: PipelineStats;
  /** Records accepted a second. */
  readonly acceptRate: number;
  readonly acceptHistory: History;
  readonly lanes: Readonly<Record<string, LaneFigures>>;
}

/** How a lane went on. */
export interface LaneFigures {
  /** Records delivered a second. */
  readonly rate: number;
  /** How many records were pending. */
  readonly pending: History;
}

/** The newest figures; undefined before the first, or where the server has none. */
export const figures: Signal<Figures | undefined> = signal(undefined);
/** Whether the last question for figures went without an answer. */
export const isStale: Signal<boolean> = signal(false);

/** Asks for the figures each second while the page is in sight; stops for good where there are none. */
export async function feedStats(url: string): Promise<void> {
  let last: { at: number; stats: PipelineStats } | undefined;
  for (;;) {
    if (!document.hidden) {
      const sent = token.value;
      const answer = await fetch(url, { headers: signed() }).catch(() => undefined);
      if (answer?.status === 404) return;
      if (answer?.status === 401) await newToken(sent);
      isStale.value = answer?.ok !== true;
      if (answer?.ok) {
        const stats = await answer.json() as PipelineStats;
        if (typeof stats?.lanes !== "object") return;
        const at = performance.now();
        figures.value = goOn(figures.value, stats, last?.stats, (at - (last?.at ?? at)) / 1_000);
        last = { at, stats };
      }
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

/** Resolves when there is another token than the refused one: to ask before that would be in vain. */
function newToken(refused: string | undefined): Promise<void> {
  return new Promise((resolve) => {
    const stop = token.subscribe((value) => {
      if (value === undefined || value === refused) return;
      resolve();
      queueMicrotask(() => stop());
    });
  });
}

function goOn(
  old: Figures | undefined,
  stats: PipelineStats,
  last: PipelineStats | undefined,
  seconds: number,
): Figures {
  const perSecond = (now: number, before: number | undefined) =>
    before === undefined || seconds <= 0 ? 0 : Math.max(0, (now - before) / seconds);
  const acceptRate = perSecond(stats.accepted, last?.accepted);
  const lanes: Record<string, LaneFigures> = {};
  for (const [name, lane] of Object.entries(stats.lanes)) {
    lanes[name] = {
      rate: perSecond(lane.delivered, last?.lanes[name]?.delivered),
      pending: add(old?.lanes[name]?.pending, lane.pending),
    };
  }
  // The first answer has nothing to be compared with.
  const history = last === undefined ? [] : add(old?.acceptHistory, acceptRate);
  return { stats, acceptRate, acceptHistory: history, lanes };
}

function add(history: History = [], value: number): History {
  return [...history.slice(1 - POINTS), value];
}
