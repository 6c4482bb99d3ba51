import { healthOf } from "../metrics/prometheus.ts";
import type { LatencyStats } from "../metrics/histogram.ts";
import type { LaneStats, PipelineStats } from "../pipeline/stats.ts";
import type { FolderLane, FolderStats } from "./stats_folder.ts";
import { bytesText, type Column, type Marks, plain, recordsText, table } from "./wal_text.ts";

/** Figures, and when they were read. */
export interface StatsLook {
  /** Monotonic milliseconds. */
  readonly atMs: number;
  /** The figures. */
  readonly stats: PipelineStats;
}

const LANE_COLUMNS = columns(
  "SINK",
  "STATE",
  "#PENDING",
  "#LAG",
  "#DELIVERED",
  "#DEAD",
  "#DROPPED",
  "#RETRIES",
  "BREAKER",
);
const RATE: Column = { title: "PER S", isNumber: true };
const FOLDER_COLUMNS = columns(
  "SINK",
  "#PENDING",
  "#DELIVERED",
  "#DEAD",
  "#DROPPED",
  "#LETTERS",
  "NOTE",
);

/** The figures of a pipeline as a calm table; with an earlier look, rates too. */
export function statsText(
  place: string,
  look: StatsLook,
  before: StatsLook | undefined,
  marks: Marks,
): string {
  const { stats } = look;
  const { mode, running, ready, reasons } = { ...stats, ...healthOf(stats) };
  const state = `${mode}, ${running ? "running" : "stopped"}, ${ready ? "ready" : "not ready"}`;
  const rows = pairs([
    ["Records", recordsLine(look, before)],
    ["Buffer", `${count(stats.depth)} of ${count(stats.capacity)} (${percent(stats.utilisation)})`],
    ["Log", logLine(stats)],
    ["Latency", latencyLine(stats)],
    ["Workers", `${stats.workers?.running ?? "?"} of ${stats.workers?.size ?? "?"} busy`],
    ["Dead letters", lettersLine(stats)],
    ["Live tail", `${stats.tail.clients} readers, ${count(stats.tail.missed)} records missed`],
  ], marks);
  const wrong = reasons.map((reason) => `${marks.wrong(plain(reason))}\n`).join("");
  return [`${plain(place)}: ${state}\n`, wrong, rows, lanesTable(look, before, marks)]
    .filter((part) => part !== "").join("\n");
}

/** What a folder tells, as a calm table. */
export function folderText(stats: FolderStats, marks: Marks): string {
  const { label, sequence, log, damage, lanes, deadLetters } = stats;
  const rows = pairs([
    [
      "Log",
      `${bytesText(log.bytes)} in ${segmentsText(log)}, ${
        recordsText(sequence.first, sequence.next)
      }`,
    ],
    ["Dead letters", `${count(deadLetters.held)} held`],
  ], marks);
  const wrong = damage.map((message) => `${marks.wrong(plain(message))}\n`).join("");
  const cells = Object.entries(lanes).map(([name, lane]) =>
    folderCells(name, lane, deadLetters.lanes[name] ?? 0)
  );
  const sinks = cells.length === 0 ? "" : table(FOLDER_COLUMNS, cells, marks);
  return [`Log in "${plain(label)}"\n`, wrong, rows, sinks].filter((part) => part !== "")
    .join("\n");
}

function folderCells(name: string, lane: FolderLane, letters: number): string[] {
  const { pending, delivered, deadLettered, dropped, orphanedAt } = lane;
  const counts = [pending, delivered, deadLettered, sum(dropped), letters].map(count);
  const since = orphanedAt === undefined ? "" : `no such sink since ${isoTime(orphanedAt)}`;
  return [plain(name), ...counts, since];
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19) + "Z";
}

function columns(...titles: readonly string[]): Column[] {
  return titles.map((title) => ({ title: title.replace("#", ""), isNumber: title[0] === "#" }));
}

function pairs(rows: readonly (readonly [name: string, text: string])[], marks: Marks): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${marks.heading(name.padEnd(width))}  ${text}\n`).join("");
}

function recordsLine({ atMs, stats }: StatsLook, before: StatsLook | undefined): string {
  const { accepted, refused, filtered } = stats;
  const rate = before === undefined
    ? ""
    : `, ${perSecond(accepted - before.stats.accepted, atMs - before.atMs)} per second`;
  return `${count(accepted)} accepted${rate}, ${count(sum(refused))} refused, ` +
    `${count(filtered)} filtered`;
}

function logLine({ log, sequence }: PipelineStats): string {
  const limit = log.maxBytes === undefined ? "" : ` of ${bytesText(log.maxBytes)}`;
  return `${bytesText(log.bytes)}${limit} in ${segmentsText(log)}, ` +
    recordsText(sequence.first, sequence.next);
}

function segmentsText({ segments }: { readonly segments: number }): string {
  return segments === 1 ? "1 segment" : `${segments} segments`;
}

function latencyLine({ latency, log }: PipelineStats): string {
  const parts = [
    ["durable", latency.durable],
    ["delivered", latency.delivered],
    ["sync", log.syncLatency],
  ] as const;
  const told = parts.filter(([, stats]) => (stats?.count ?? 0) > 0);
  if (told.length === 0) return "nothing was timed yet";
  return told.map(([name, stats]) => `${name} ${quantiles(stats!)}`).join(", ");
}

function quantiles({ p50Ms, p99Ms }: LatencyStats): string {
  return `${milliseconds(p50Ms)} (p99 ${milliseconds(p99Ms)})`;
}

function lettersLine({ deadLetters }: PipelineStats): string {
  const { held, added, replayed, evicted } = deadLetters;
  return `${count(held)} held, ${count(added)} added, ${count(replayed)} replayed, ` +
    `${count(sum(evicted))} evicted`;
}

function lanesTable(
  { atMs, stats }: StatsLook,
  before: StatsLook | undefined,
  marks: Marks,
): string {
  const lanes = Object.entries(stats.lanes);
  if (lanes.length === 0) return "";
  const rows = lanes.map(([name, lane]) => {
    const cells = laneCells(name, lane);
    if (before === undefined) return cells;
    const earlier = before.stats.lanes[name]?.delivered ?? lane.delivered;
    return [...cells, perSecond(lane.delivered - earlier, atMs - before.atMs)];
  });
  return table(before === undefined ? LANE_COLUMNS : [...LANE_COLUMNS, RATE], rows, marks);
}

function laneCells(name: string, lane: LaneStats): string[] {
  const { state, pending, lagMs, delivered, deadLettered, dropped, retries, breaker } = lane;
  return [
    plain(name),
    plain(state),
    count(pending),
    lagMs === undefined ? "?" : duration(lagMs),
    count(delivered),
    count(deadLettered),
    count(sum(dropped)),
    count(retries),
    plain(breaker),
  ];
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, one) => all + one, 0);
}

/** `12,345`; a figure that a server of another version does not tell is `?`. */
function count(value: number | undefined): string {
  return typeof value === "number" ? Math.round(value).toLocaleString("en-US") : "?";
}

function perSecond(grown: number, ms: number): string {
  return ms > 0 ? count(grown * 1000 / ms) : "?";
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Three digits that say something: `0.31 ms`, `4.2 ms`, `1.3 s`. */
function milliseconds(ms: number): string {
  if (ms >= 1_000) return duration(ms);
  return `${ms < 1 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} m` : `${(ms / 3_600_000).toFixed(1)} h`;
}
