/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import type { LaneStats } from "../../../../pipeline/stats.ts";
import { type LaneWords, TONE_SIGNS } from "./lane_words.ts";
import { Sparkline } from "./sparkline.tsx";
import type { LaneFigures } from "./stats_feed.ts";
import { count, rateText } from "./words.ts";

/** One sink's lane: how it is in words, its figures, and how its lag went. */
export function LaneCard(
  { name, words, lane, figures }: {
    readonly name: string;
    readonly words: LaneWords;
    readonly lane: LaneStats | undefined;
    readonly figures: LaneFigures | undefined;
  },
): JSX.Element | null {
  if (lane === undefined) return null;
  const lost = Object.values(lane.dropped).reduce((sum, n) => sum + n, 0);
  return (
    <article class="lane" data-tone={words.tone}>
      <h2>
        <span class="sign" data-tone={words.tone} aria-hidden="true">{TONE_SIGNS[words.tone]}</span>
        <b>{name}</b>
        <span class="word">{words.state}</span>
      </h2>
      {words.sentence !== "" && <p>{words.sentence}.</p>}
      <Sparkline of={figures?.pending ?? []} least={50} label="Records pending, two minutes" />
      <dl>
        <Cell name="pending" value={count(lane.pending)} />
        <Cell name="rate" value={rateText(figures?.rate ?? 0)} />
        <Cell
          name="dead"
          value={count(lane.deadLettered)}
          tone={lane.deadLettered > 0 ? "warn" : ""}
        />
        {lost > 0
          ? <Cell name="lost" value={count(lost)} tone="bad" />
          : <Cell name="breaker" value={lane.breaker === "none" ? "–" : lane.breaker} />}
      </dl>
    </article>
  );
}

function Cell(
  { name, value, tone = "" }: {
    readonly name: string;
    readonly value: string;
    readonly tone?: string;
  },
): JSX.Element {
  return (
    <div data-tone={tone}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
