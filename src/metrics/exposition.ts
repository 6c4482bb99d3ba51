import type { PipelineStats } from "../pipeline/stats.ts";
import type { LatencyStats } from "./histogram.ts";
import type { Metric, Sample } from "./metrics.ts";

/** A line of the text: a series and its number. */
export interface Series {
  /** The name of the series; that of its metric, but for the parts of a histogram. */
  readonly name: string;
  /** The labels and their values. */
  readonly labels: Readonly<Record<string, string>>;
  /** The number. */
  readonly value: number;
}

/** The series of one metric as the figures tell them, in the order of the text. */
export function seriesOf(metric: Metric, stats: PipelineStats): readonly Series[] {
  if (metric.type === "histogram") return histogramSeries(metric.name, metric.read(stats));
  return metric.read(stats).map((sample) => ({
    name: metric.name,
    labels: labelsOf(metric.labels, sample),
    value: sample.value,
  }));
}

function labelsOf(names: readonly string[], { labels }: Sample): Record<string, string> {
  // Half of a surrogate pair has no form in UTF-8.
  return Object.fromEntries(names.map((name, i) => [name, labels[i]!.toWellFormed()]));
}

function histogramSeries(name: string, latency: LatencyStats | undefined): readonly Series[] {
  if (latency === undefined) return [];
  const { buckets, count, sumMs } = latency;
  const bucket = (le: string, value: number) => ({ name: `${name}_bucket`, labels: { le }, value });
  return [
    ...buckets.map(({ leMs, count }) => bucket(secondsText(leMs), count)),
    bucket("+Inf", count),
    { name: `${name}_sum`, labels: {}, value: sumMs / 1000 },
    { name: `${name}_count`, labels: {}, value: count },
  ];
}

/** Milliseconds as seconds, without what the division leaves behind: `0.008192`, never `0.0081920000001`. */
function secondsText(ms: number): string {
  return String(Number((ms / 1000).toFixed(6)));
}
