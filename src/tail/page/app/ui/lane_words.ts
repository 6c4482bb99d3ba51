/**
 * What the panel says about a lane, in plain words.
 *
 * @module
 */
import type { LaneStats } from "../../../../pipeline/stats.ts";
import { count, counted } from "./words.ts";

/** How a lane is, told by a word and a sign and a colour. */
export type Tone = "good" | "warn" | "bad" | "off";

/** A lane at a glance. */
export interface LaneWords {
  readonly tone: Tone;
  /** One or two words. */
  readonly state: string;
  /** One sentence. */
  readonly sentence: string;
}

/** More records than this behind, and a lane that delivers is called behind. */
const BEHIND = 10_000;

/** The sign beside the colour. */
export const TONE_SIGNS: Readonly<Record<Tone, string>> = {
  good: "✓",
  warn: "!",
  bad: "✕",
  off: "–",
};

/** Describes a lane; `durable` says whether its records wait on disk. */
export function laneWords(name: string, lane: LaneStats, durable: boolean): LaneWords {
  const { tone, state, story } = laneStory(name, lane);
  const fate = [waitText(lane, durable, tone), lossText(lane)].filter((part) => part !== "");
  const parts = [story, fate.join(", ")].filter((part) => part !== "");
  const lost = total(lane.dropped) > 0;
  return { tone: lost && tone === "good" ? "warn" : tone, state, sentence: parts.join("; ") };
}

function laneStory(name: string, lane: LaneStats): { tone: Tone; state: string; story: string } {
  const why = lane.lastError === undefined ? "" : `: ${shorten(lane.lastError)}`;
  const sink = `Sink “${name}”`;
  const isTrying = !["parked", "stopped", "closed", "paused"].includes(lane.state);
  if (lane.state === "breaker-open" || (isTrying && lane.breaker === "open")) {
    const story = `${sink} fails${why}; its breaker is open, it is tried again soon`;
    return { tone: "bad", state: "breaker open", story };
  }
  switch (lane.state) {
    case "waiting-to-retry":
      return { tone: "warn", state: "retrying", story: `${sink} fails${why}; it is tried again` };
    case "parked": {
      const story = `${sink} refuses${why}; it is asked again every few minutes`;
      return { tone: "bad", state: "parked", story };
    }
    case "stopped":
      return { tone: "bad", state: "stopped", story: `${sink} is stopped${why}` };
    case "paused":
      return { tone: "off", state: "paused", story: `${sink} was paused by hand` };
    case "closed":
      return { tone: "off", state: "closed", story: `${sink} is closed` };
    default:
      return workingStory(lane);
  }
}

function workingStory(lane: LaneStats): { tone: Tone; state: string; story: string } {
  if (lane.breaker === "half-open") {
    return { tone: "warn", state: "on trial", story: "Trying whether the sink is well again" };
  }
  if (lane.pending > BEHIND) {
    return { tone: "warn", state: "catching up", story: "Delivers, but is behind" };
  }
  return { tone: "good", state: lane.state === "idle" ? "up to date" : "delivering", story: "" };
}

function waitText(lane: LaneStats, durable: boolean, tone: Tone): string {
  if (tone === "good" || lane.pending === 0) return "";
  return `${counted(lane.pending, "record waits", "records wait")} ${
    durable ? "on disk" : "in memory"
  }`;
}

function lossText(lane: LaneStats): string {
  const lost = total(lane.dropped);
  if (lost > 0) {
    const reasons = Object.entries(lane.dropped).filter(([, n]) => n > 0).map(([why]) => why);
    return `${count(lost)} lost (${
      reasons.join(", ").replace("wal_limit", "the log was full").replaceAll("_", " ")
    })`;
  }
  return lane.pending > 0 && lane.lastError !== undefined ? "none lost" : "";
}

/** One sentence for all lanes. */
export function summaryWords(lanes: readonly (readonly [string, LaneWords])[]): LaneWords {
  if (lanes.length === 0) return { tone: "off", state: "no sinks", sentence: "No sinks" };
  const bad = lanes.filter(([, { tone }]) => tone === "bad" || tone === "warn");
  if (bad.length === 0) {
    const all = ["The sink is well", "Both sinks are well"];
    const sentence = all[lanes.length - 1] ?? `All ${lanes.length} sinks are well`;
    return { tone: "good", state: "well", sentence };
  }
  const tone = bad.some(([, words]) => words.tone === "bad") ? "bad" : "warn";
  const names = bad.map(([name, words]) => `${name} ${words.state}`).join(", ");
  const share = lanes.length === 1 ? "In trouble" : `${bad.length} of ${lanes.length} in trouble`;
  return { tone, state: "trouble", sentence: `${share}: ${names}` };
}

function shorten(text: string): string {
  const line = text.split("\n", 1)[0]?.replace(/[.\s]+$/, "") ?? "";
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}
