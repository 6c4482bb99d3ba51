/// <reference lib="dom" />
/** @jsxImportSource preact */
import type { JSX } from "preact";
import type { PipelineStats } from "../../../../pipeline/stats.ts";
import { LaneCard } from "./lane_card.tsx";
import { type LaneWords, laneWords, summaryWords, TONE_SIGNS } from "./lane_words.ts";
import { panel } from "./settings.ts";
import { Sparkline } from "./sparkline.tsx";
import { type Figures, figures, isStale } from "./stats_feed.ts";
import { bytesText, count, durationText, rateText } from "./words.ts";

/** How the pipeline is, at a glance; nothing where the server gives no figures. */
export function Panel(): JSX.Element | null {
  const now = figures.value;
  if (now === undefined) return null;
  const { stats } = now;
  const durable = stats.mode === "durable";
  const words = Object.entries(stats.lanes)
    .map(([name, lane]) => [name, laneWords(name, lane, durable)] as const);
  const summary = isStale.value ? UNKNOWN : summaryWords(words);
  return (
    <aside class={`panel ${panel.value}`} aria-label="Pipeline">
      <button
        type="button"
        class="summary"
        data-tone={summary.tone}
        aria-expanded={panel.value === "open"}
        onClick={() => panel.value = panel.value === "open" ? "closed" : "open"}
      >
        <Sign of={summary} />
        <span class="say">{summary.sentence}</span>
        <span class="rate">{rateText(now.acceptRate)}</span>
      </button>
      {panel.value === "open" && (
        <div
          class={isStale.value ? "body old" : "body"}
          role="group"
          aria-label="Figures"
          tabIndex={0}
        >
          {isStale.value && <p class="stale">These figures are old: they are the last that came</p>}
          {!stats.running && <p class="stale">The pipeline is stopped: it accepts nothing</p>}
          {[...words].sort(byTrouble).map(([name, word]) => (
            <LaneCard
              key={name}
              name={name}
              words={word}
              lane={stats.lanes[name]}
              figures={now.lanes[name]}
            />
          ))}
          <Flow now={now} />
        </div>
      )}
    </aside>
  );
}

const UNKNOWN: LaneWords = { tone: "off", state: "unknown", sentence: "No answer from the server" };
const ORDER = ["bad", "warn", "good", "off"];

/** What is wrong comes first. */
function byTrouble(
  [, a]: readonly [string, LaneWords],
  [, b]: readonly [string, LaneWords],
): number {
  return ORDER.indexOf(a.tone) - ORDER.indexOf(b.tone);
}

/** The sign of a tone, so that colour is not alone in saying it. */
export function Sign({ of }: { readonly of: LaneWords }): JSX.Element {
  return <span class="sign" data-tone={of.tone} aria-hidden="true">{TONE_SIGNS[of.tone]}</span>;
}

function Flow({ now }: { readonly now: Figures }): JSX.Element {
  const { stats, acceptRate, acceptHistory } = now;
  const refused = Object.values(stats.refused).reduce((sum, n) => sum + n, 0);
  const { held } = stats.deadLetters;
  return (
    <section class="flow">
      <h2>
        Accepted <b>{rateText(acceptRate)}</b>
      </h2>
      <Sparkline of={acceptHistory} least={10} label="Records accepted a second, two minutes" />
      <dl>
        <Meter stats={stats} />
        <Figure name={stats.mode === "durable" ? "Log on disk" : "Log in memory"}>
          {bytesText(stats.log.bytes)}
        </Figure>
        <Figure name={stats.acknowledges === "power-cut" ? "Synced within" : "Written within"}>
          {durationText(stats.latency.durable.p50Ms)}
          <small>p99 {durationText(stats.latency.durable.p99Ms)}</small>
        </Figure>
        <Figure name="Delivered within">
          {durationText(stats.latency.delivered.p50Ms)}
          <small>p99 {durationText(stats.latency.delivered.p99Ms)}</small>
        </Figure>
        <Figure name="Dead letters" tone={held > 0 ? "warn" : undefined}>{count(held)}</Figure>
        <Figure name="Refused" tone={refused > 0 ? "bad" : undefined}>{count(refused)}</Figure>
        {stats.log.damaged > 0 && (
          <Figure name="Damaged in the log" tone="bad">{count(stats.log.damaged)}</Figure>
        )}
        <Figure name="Tail clients">{count(stats.tail.clients)}</Figure>
      </dl>
    </section>
  );
}

const FULL = 0.8;

function Meter({ stats }: { readonly stats: PipelineStats }): JSX.Element {
  const share = Math.min(1, Math.max(0, stats.utilisation));
  const isFull = share >= FULL;
  return (
    <Figure name="Buffer" tone={isFull ? "bad" : undefined}>
      <meter
        min={0}
        max={1}
        low={0.5}
        high={FULL}
        optimum={0}
        value={share}
        aria-label="Buffer fill"
      />
      {`${Math.round(share * 100)} %`}
    </Figure>
  );
}

function Figure(
  { name, tone, children }: {
    readonly name: string;
    readonly tone?: "warn" | "bad" | undefined;
    readonly children: JSX.Element | readonly (JSX.Element | string)[] | string;
  },
): JSX.Element {
  return (
    <div data-tone={tone}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
