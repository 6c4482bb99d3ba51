import type { PipelineStats } from "../pipeline/stats.ts";
import { type Series, seriesOf } from "./exposition.ts";
import { type Metric, METRICS } from "./metrics.ts";
import type { StatsSource } from "./source.ts";

/** One number of a metric as a registry reads it. */
export interface RegistryValue {
  /** The name of the series where it is not that of the metric. */
  readonly metricName?: string;
  /** The labels and their values. */
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  /** The number. */
  readonly value: number;
}

/** A metric and its numbers as a registry reads them. */
export interface RegistrySnapshot {
  /** The name. */
  readonly name: string;
  /** One sentence that says what it counts. */
  readonly help: string;
  /** The type; that of prom-client says which there are. */
  readonly type: unknown;
  /** How the numbers of several processes become one. */
  readonly aggregator: unknown;
  /** The numbers. */
  readonly values: readonly RegistryValue[];
}

/** A metric as a registry holds it. */
export interface RegistryMetric {
  /** Its numbers as they are now. */
  get(): Promise<RegistrySnapshot>;
  /** Starts from zero. */
  reset(): void;
}

/** What is needed of a registry: that of prom-client has it. */
export interface MetricsRegistry {
  /** Takes a metric; throws if there is another one of its name. */
  registerMetric(metric: RegistryMetric): void;
  /** Forgets a metric. */
  removeSingleMetric(name: string): void;
}

/**
 * Adds all metrics to a registry, beside those of the program. They are read when the registry is, from one
 * look at `stats()` for all of them, and nothing is done meanwhile. A registry takes one pipeline; give
 * each further one a registry of its own. Resetting the registry leaves them alone: the numbers are the
 * pipeline's.
 *
 * @returns Takes them out of the registry again
 * @throws {Error} What the registry throws if a metric of such a name is there; it then has none of ours
 *
 * @example
 * ```ts
 * import { openPipeline } from "@logflume/logflume";
 * import { registerMetrics } from "@logflume/logflume/prometheus";
 * import { Registry } from "prom-client";
 *
 * await using pipeline = await openPipeline({ sinks: {} });
 * const registry = new Registry();
 * const withdraw = registerMetrics(pipeline, registry);
 * console.assert((await registry.metrics()).includes("logflume_records_accepted_total 0"));
 * withdraw();
 * ```
 */
export function registerMetrics(pipeline: StatsSource, registry: MetricsRegistry): () => void {
  const figures = onceATurn(() => pipeline.stats());
  const added: string[] = [];
  const withdraw = (): void => {
    for (const name of added.splice(0)) registry.removeSingleMetric(name);
  };
  try {
    for (const metric of METRICS) {
      registry.registerMetric(new ScrapedMetric(metric, figures));
      added.push(metric.name);
    }
  } catch (error) {
    withdraw();
    throw error;
  }
  return withdraw;
}

/** A registry asks all metrics in one turn: they share what the first of them found. */
function onceATurn<T>(read: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => {
    if (found === undefined) {
      found = { value: read() };
      queueMicrotask(() => found = undefined);
    }
    return found.value;
  };
}

/** A metric that is read when the registry is. */
class ScrapedMetric implements RegistryMetric {
  /** For OpenMetrics, which writes `_total` by itself, the registry cuts it off here. */
  name: string;
  readonly help: string;
  readonly type: Metric["type"];
  readonly #metric: Metric;
  readonly #figures: () => PipelineStats;

  constructor(metric: Metric, figures: () => PipelineStats) {
    this.name = metric.name;
    this.help = metric.help;
    this.type = metric.type;
    this.#metric = metric;
    this.#figures = figures;
  }

  get(): Promise<RegistrySnapshot> {
    const { name, help, type } = this;
    try {
      const values = seriesOf(this.#metric, this.#figures()).map((one) => this.#valueOf(one));
      return Promise.resolve({ name, help, type, aggregator: "sum", values });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #valueOf({ name, labels, value }: Series): RegistryValue {
    // A copy: a registry adds its default labels to what it is given.
    const series = { labels: { ...labels }, value };
    return name === this.#metric.name ? series : { ...series, metricName: name };
  }

  reset(): void {}
}
