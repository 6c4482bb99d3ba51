/**
 * The figures of a pipeline for Prometheus: as text, or in a registry of prom-client.
 *
 * @module
 */
import type { PipelineStats } from "../pipeline/stats.ts";
import { type Series, seriesOf } from "./exposition.ts";
import { type Metric, METRICS } from "./metrics.ts";
import { statsOf, type StatsSource } from "./source.ts";

export type {
  HandlerStats,
  LaneState,
  LaneStats,
  PipelineLogStats,
  PipelineStats,
  PipelineTailStats,
  WorkerFigures,
} from "../pipeline/stats.ts";
export type { CursorRow, LogStats } from "../storage/store.ts";
export type { LatencyBucket, LatencyStats } from "./histogram.ts";
export { type Health, healthOf } from "./health.ts";
export {
  type MetricsRegistry,
  registerMetrics,
  type RegistryMetric,
  type RegistrySnapshot,
  type RegistryValue,
} from "./registry.ts";
export type { StatsSource };

/** The media type of {@linkcode metricsText}. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * All metrics in Prometheus' text format, version 0.0.4. Reads `stats()` once and waits for nothing.
 *
 * @example
 * ```ts
 * import { openPipeline } from "@logflume/logflume";
 * import { metricsText } from "@logflume/logflume/prometheus";
 *
 * await using pipeline = await openPipeline({ sinks: {} });
 * pipeline.logger("shop").info("order placed");
 * console.assert(metricsText(pipeline).includes("\nlogflume_records_accepted_total 1\n"));
 * ```
 */
export function metricsText(source: StatsSource | PipelineStats): string {
  const stats = statsOf(source);
  return METRICS.map((metric) => textOf(metric, seriesOf(metric, stats))).join("");
}

function textOf({ name, help, type }: Metric, series: readonly Series[]): string {
  const lines = series.map((one) => `${one.name}${labelsText(one)} ${numberText(one.value)}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelsText({ labels }: Series): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  return value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value);
}
