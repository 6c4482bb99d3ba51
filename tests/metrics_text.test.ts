/** The text format: by the rules, with the numbers of `stats()`, whatever lanes are called. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from "prom-client";
import { openPipeline, type Pipeline } from "../mod.ts";
import { METRICS } from "../src/metrics/metrics.ts";
import { metricsText, registerMetrics } from "../src/metrics/prometheus.ts";
import { fakeClock } from "../src/testing/mod.ts";
import { type ParsedFamily, parseExposition } from "./support/exposition.ts";
import { testDisk } from "./support/test_disk.ts";
import { unicodeText } from "./support/unicode_text.ts";

/** A pipeline on a disk that has delivered, dropped, refused and parked something. */
async function busyPipeline(names: readonly string[] = ["well", "down"]): Promise<Pipeline> {
  const clock = fakeClock();
  const [well = "well", down = "down", ...more] = names;
  const pipeline = await openPipeline({
    clock,
    wal: { store: testDisk().store() },
    level: "debug",
    sinks: {
      [well]: () => {},
      [down]: {
        sink: () => {
          throw new Error("down");
        },
        retry: { maxAttempts: 2 },
      },
      ...Object.fromEntries(more.map((name) => [name, () => {}])),
    },
    onEvent: () => {},
  });
  for (let i = 0; i < 20; i++) {
    pipeline.write({ level: i % 4 === 0 ? "trace" : "info", msg: `${i}` });
  }
  await pipeline.durable();
  for (let i = 0; i < 10; i++) await clock.advance(500);
  return pipeline;
}

function valueOf(
  families: ReadonlyMap<string, ParsedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
  return family?.samples.find((sample) =>
    sample.name === name &&
    Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  )?.value;
}

test("metricsText() keeps every rule of the format, and tells what stats() tell", async () => {
  const pipeline = await busyPipeline();
  const stats = pipeline.stats();
  const families = parseExposition(metricsText(stats));
  assert.deepEqual([...families.keys()], METRICS.map(({ name }) => name));
  const is = (value: number, name: string, labels = {}) =>
    assert.equal(valueOf(families, `logflume_${name}`, labels), value, name);
  const { well, down } = stats.lanes;
  is(20, "records_offered_total");
  is(5, "records_filtered_total");
  is(15, "records_accepted_total");
  is(15, "buffer_received_events_total");
  is(10_000, "buffer_max_size_events");
  is(15, "lane_delivered_records_total", { lane: "well" });
  is(down!.deadLettered, "lane_dead_lettered_records_total", { lane: "down" });
  is(down!.retries, "lane_retries_total", { lane: "down" });
  assert.ok(down!.deadLettered > 0 && down!.retries > 0);
  is(stats.deadLetters.added, "dead_letters_added_total");
  is(1, "lane_state", { lane: "well", state: well!.state });
  is(0, "lane_state", { lane: "well", state: "parked" });
  is(1, "lane_breaker_state", { lane: "well", state: well!.breaker });
  is(stats.log.syncs, "wal_syncs_total");
  is(stats.log.syncLatency!.count, "wal_sync_seconds_count");
  is(stats.latency.durable.count, "durable_latency_seconds_count");
  is(stats.latency.delivered.sumMs / 1000, "delivered_latency_seconds_sum");
  is(stats.workers.size, "workers");
  is(1, "info", { mode: "durable", write_mode: "async" });
  for (
    const state of families.get("logflume_lane_state")!.samples.map(({ labels }) => labels.lane)
  ) {
    const ones = families.get("logflume_lane_state")!.samples
      .filter(({ labels, value }) => labels.lane === state && value === 1);
    assert.equal(ones.length, 1, "a lane is in one state");
  }
  await pipeline.close();
});

test("a pipeline without sinks and without a disk has a text that keeps the rules too", async () => {
  const pipeline = await openPipeline({ sinks: {} });
  const families = parseExposition(metricsText(pipeline));
  assert.equal(families.get("logflume_lane_state")?.samples.length, 0);
  assert.equal(valueOf(families, "logflume_info", { mode: "memory" }), 1);
  await pipeline.close();
});

test("lanes of any name come back from the text as they are", async () => {
  const pipeline = await busyPipeline();
  const stats = pipeline.stats();
  const hostile = fc.oneof(
    unicodeText({ maxLength: 12 }),
    fc.string({
      unit: fc.constantFrom('"', "\\", "\n", "\r", "n", "{", "}", ",", "=", " ", "é", "💧"),
    }),
    fc.constantFrom("__proto__", "constructor", '"} 1\nforged 2', "# TYPE x counter", "\u2028"),
  );
  fc.assert(
    fc.property(fc.uniqueArray(hostile, { minLength: 1, maxLength: 6 }), (names) => {
      const lanes = Object.fromEntries(names.map((name) => [name, stats.lanes.well!]));
      const families = parseExposition(metricsText({ ...stats, lanes }));
      const told = families.get("logflume_lane_lag_records")!.samples.map((one) => one.labels.lane);
      assert.deepEqual(new Set(told), new Set(Object.keys(lanes)));
      assert.equal(families.size, METRICS.length, "nothing is forged");
    }),
    { numRuns: 300 },
  );
  await pipeline.close();
});

test("a name with half of a surrogate pair is put in UTF-8", async () => {
  // A function written in the object would bear that name, on which Deno's coverage fails.
  const swallow = () => {};
  const pipeline = await openPipeline({ sinks: { "a\ud800b": swallow } });
  const families = parseExposition(metricsText(pipeline));
  assert.equal(families.get("logflume_lane_lag_records")?.samples[0]?.labels.lane, "a\ufffdb");
  await pipeline.close();
});

test("registerMetrics() gives a registry of prom-client the same text, beside its own metrics", async () => {
  const pipeline = await busyPipeline(['w"\\\nell', "down", "ö"]);
  const registry = new Registry();
  new Counter({ name: "own_total", help: "Our own.", registers: [registry] }).inc(3);
  const withdraw = registerMetrics(pipeline, registry);
  const theirs = parseExposition(await registry.metrics());
  assert.equal(theirs.get("own_total")?.samples[0]?.value, 3);
  const ours = parseExposition(metricsText(pipeline));
  for (const [name, family] of ours) {
    const { samples, ...head } = theirs.get(name)!;
    assert.deepEqual({ ...head, samples }, family, name);
  }
  assert.equal(theirs.size, ours.size + 1);
  registry.setDefaultLabels({ app: "shop" });
  const labelled = parseExposition(await registry.metrics());
  assert.equal(valueOf(labelled, "logflume_records_accepted_total", { app: "shop" }), 15);
  registry.resetMetrics();
  withdraw();
  assert.deepEqual([...parseExposition(await registry.metrics()).keys()], ["own_total"]);
  await pipeline.close();
});

test("registerMetrics() reads the figures once for all metrics, and anew for each scrape", async () => {
  const pipeline = await openPipeline({ sinks: {} });
  let looks = 0;
  const stats = () => (looks++, pipeline.stats());
  const registry = new Registry();
  registerMetrics({ stats }, registry);
  assert.equal(looks, 0);
  await registry.metrics();
  await registry.getMetricsAsJSON();
  assert.equal(looks, 2);
  pipeline.write("one");
  const families = parseExposition(await registry.metrics());
  assert.equal(valueOf(families, "logflume_records_accepted_total"), 1);
  await pipeline.close();
});

test("registerMetrics() leaves nothing behind where a name is taken", async () => {
  const pipeline = await openPipeline({ sinks: {} });
  const registry = new Registry();
  new Gauge({ name: METRICS.at(-3)!.name, help: "Taken.", registers: [registry] });
  assert.throws(() => registerMetrics(pipeline, registry), /already been registered/);
  assert.equal(registry.getMetricsAsArray().length, 1);
  await pipeline.close();
});

test("a registry for OpenMetrics gets its counters without a second _total", async () => {
  const pipeline = await openPipeline({ sinks: {} });
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  registerMetrics(pipeline, registry);
  for (let scrape = 0; scrape < 2; scrape++) {
    const text = await registry.metrics();
    assert.match(text, /^# TYPE logflume_records_accepted counter$/m);
    assert.match(text, /^logflume_records_accepted_total 0$/m);
    assert.doesNotMatch(text, /_total_total/);
  }
  await pipeline.close();
});

test("what prom-client itself writes passes the parser of these tests", async () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({
    name: "c_total",
    help: "A \\ and a\nline.",
    labelNames: ["x"],
    registers,
  });
  counter.inc({ x: 'q"\\\n' }, 2);
  new Gauge({ name: "g", help: "A gauge.", registers }).set(-Infinity);
  const histogram = new Histogram({ name: "h_seconds", help: "H.", labelNames: ["y"], registers });
  for (const y of ["a", "b"]) for (const value of [0.001, 0.3, 99]) histogram.observe({ y }, value);
  const families = parseExposition(await registry.metrics());
  assert.equal(valueOf(families, "c_total", { x: 'q"\\\n' }), 2);
  assert.equal(valueOf(families, "g"), -Infinity);
  assert.equal(valueOf(families, "h_seconds_count", { y: "b" }), 3);
});

const HEAD = "# HELP a A.\n# TYPE a gauge\n";

for (
  const [what, text] of [
    ["no LF at the end", `${HEAD}a 1`],
    ["a second TYPE", `${HEAD}# TYPE a gauge\na 1\n`],
    [
      "lines of a metric apart",
      `${HEAD}a 1\n# HELP b B.\n# TYPE b gauge\nb 1\n${HEAD}a{x="1"} 2\n`,
    ],
    ["a series twice", `${HEAD}a{x="1"} 1\na{x="1"} 2\n`],
    ["an unknown escape", `${HEAD}a{x="\\t"} 1\n`],
    ["a quote that is not escaped", `${HEAD}a{x="""} 1\n`],
    ["no number", `${HEAD}a one\n`],
    ["no HELP", "# TYPE a gauge\na 1\n"],
    ["a counter without _total", "# HELP a A.\n# TYPE a counter\na 1\n"],
    ["a foreign sample", `${HEAD}b 1\n`],
    [
      "buckets that fall",
      '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    ],
    [
      "no bucket for all",
      '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n',
    ],
  ]
) {
  test(`the parser of these tests finds ${what}`, () => {
    assert.throws(() => parseExposition(text!), assert.AssertionError);
  });
}
