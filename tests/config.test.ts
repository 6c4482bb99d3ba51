/** What a configuration means: the options that come out of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPipeline } from "../mod.ts";
import type { LaneOptions } from "../src/pipeline/lane_options.ts";
import {
  ConfigError,
  type ConfigOptions,
  parseConfig,
  type PipelineConfig,
  registerSinkType,
} from "../src/config/config.ts";

/** The configuration of the Go log aggregator whose settings are taken over, key by key. */
const GO = {
  inputs: {
    files: [{
      paths: ["/var/log/app.log", "/var/log/app.*.log"],
      checkpoint_path: "/tmp/checkpoints",
      checkpoint_interval: "5s",
    }],
  },
  buffer: {
    type: "memory",
    size: 10000,
    backpressure_strategy: "sample",
    sample_rate: 5,
    block_timeout: "5s",
  },
  wal: {
    enabled: true,
    dir: "/var/lib/wal",
    segment_size: 67108864,
    max_segments: 100,
    sync_interval: "500ms",
    compaction_policy: "size",
  },
  worker_pool: { num_workers: 8, queue_size: 5000, job_timeout: "30s", enable_stealing: false },
  reliability: {
    retry: {
      max_retries: 3,
      initial_backoff: "100ms",
      max_backoff: "30s",
      multiplier: 2.0,
      jitter: true,
    },
    circuit_breaker: { max_requests: 10, interval: "60s", timeout: "30s", failure_threshold: 5 },
  },
  dead_letter: { enabled: true, max_size: 10000, max_age: "24h", flush_interval: "5s" },
  logging: { level: "info", format: "json" },
  output: { type: "stdout" },
};

function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => {
    return [key.replaceAll(/_([a-z])/g, (_, letter) => letter.toUpperCase()), camel(item)];
  });
  return Object.fromEntries(entries);
}

function laneOf(config: PipelineConfig, name: string): LaneOptions {
  return config.sinks?.[name] as LaneOptions;
}

function problemsOf(value: unknown, options: ConfigOptions = {}): string[] {
  try {
    parseConfig(value, options);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.split("\n");
  }
  return [];
}

for (const [spelling, value] of [["snake_case", GO], ["camelCase", camel(GO)]] as const) {
  test(`parseConfig() takes every setting of the Go system in ${spelling}`, () => {
    const config = parseConfig(value);
    assert.deepEqual(config.buffer, { capacity: 10000, overflow: "sample", sampleEvery: 5 });
    assert.equal(config.blockTimeoutMs, 5000);
    const { store, ...wal } = config.wal ?? { store: undefined };
    assert.equal(store?.label, "/var/lib/wal");
    assert.deepEqual(wal, {
      sync: "interval",
      syncIntervalMs: 500,
      segmentBytes: 67108864,
      maxSegments: 100,
    });
    assert.deepEqual(config.pool, { max: 8 });
    assert.deepEqual(config.deadLetters, { maxEntries: 10000, maxAgeMs: 86_400_000 });
    assert.deepEqual(config.inputs, [{
      paths: ["/var/log/app.log", "/var/log/app.*.log"],
      follow: true,
    }]);
    const { retry, breaker, timeoutMs } = laneOf(config, "console");
    assert.equal(timeoutMs, 30_000);
    assert.equal(retry?.maxAttempts, 4);
    const wait = retry?.backoff ?? (() => NaN);
    assert.deepEqual([1, 2, 3, 20].map((attempt) => wait(attempt, () => 0.5)), [
      50,
      100,
      200,
      15000,
    ]);
    assert.ok(breaker !== false && breaker?.trip?.rule === "custom");
    assert.deepEqual([breaker.openMs, breaker.maxProbes, breaker.successThreshold], [
      30_000,
      10,
      10,
    ]);
    assert.equal(breaker.trip.windowMs, 60_000);
    const counts = { calls: 9, successes: 4, excluded: 0, consecutiveSuccesses: 0 };
    const trips = (failures: number, consecutiveFailures: number) =>
      breaker.trip?.rule === "custom" &&
      breaker.trip.shouldTrip({ ...counts, failures, consecutiveFailures } as never);
    assert.deepEqual([trips(5, 5), trips(5, 4), trips(4, 9)], [true, false, false]);
    assert.equal(config.notes.length, 6, config.notes.join("\n"));
  });
}

test("an empty configuration means all defaults, and the console", async () => {
  for (const value of [undefined, null, {}, { buffer: null, sinks: null, wal: undefined }]) {
    const config = parseConfig(value);
    assert.equal(config.sinks, undefined);
    assert.equal(config.wal, undefined);
    await (await openPipeline(config)).close();
  }
});

test("words for what a full buffer does mean what they do elsewhere", () => {
  const overflowOf = (backpressure_strategy: string) =>
    parseConfig({ buffer: { backpressure_strategy } }).buffer?.overflow;
  assert.deepEqual(
    ["block", "drop", "sample", "drop-newest", "drop-oldest", "warn"].map(overflowOf),
    ["block", "drop-oldest", "sample", "drop-newest", "drop-oldest", "warn"],
  );
});

test("sizes and durations are numbers, or numbers with units", () => {
  const retain = (value: unknown) => parseConfig({ wal: { retain: value } }).wal?.retain;
  assert.deepEqual(
    [0, "0", 65536, "64KiB", "64 KiB", "64kb", "1.5MB", "2GiB", "all"].map(retain),
    [0, 0, 65536, 65536, 65536, 64000, 1_500_000, 2 ** 31, "all"],
  );
  const drain = (value: unknown) => parseConfig({ drain_timeout: value }).drainTimeoutMs;
  assert.deepEqual(
    [0, 250, "250", "250ms", "1.5s", "2m", "1h30m", "7d"].map(drain),
    [0, 250, 250, 250, 1500, 120_000, 5_400_000, 604_800_000],
  );
});

test("variables stand in texts, and for numbers and truth where those are wanted", () => {
  const env = { DIR: "/data", N: "12", ON: "true", RATE: "1.5", EMPTY: "", NEST: "${DIR}" };
  const config = parseConfig({
    wal: { dir: "${DIR}/log-${N}", enabled: "${ON}" },
    worker_pool: { num_workers: "${N}" },
    reliability: { retry: { multiplier: "${RATE}", jitter: "${OFF:-false}" } },
    buffer: { size: "${EMPTY:-77}" },
    sinks: { a: { type: "file", path: "$${DIR}/${NEST}-${MISSING:-}x" } },
  }, { env });
  assert.equal(config.wal?.store.label, "/data/log-12");
  assert.equal(config.pool?.max, 12);
  assert.equal(config.buffer?.capacity, 77);
  assert.equal(laneOf(config, "a").retry?.backoff?.(2, () => 0.5), 300);
  assert.deepEqual(config.summary.filter((line) => line.startsWith("sink")), [
    "sink a: file ${DIR}/${DIR}-x",
  ]);
  assert.deepEqual(problemsOf({ level: "${NOPE}", mode: "${EMPTY}" }, { env }), [
    "level: the environment variable NOPE is not set: set it, or write ${NOPE:-default}",
    "mode: the environment variable EMPTY is not set: set it, or write ${EMPTY:-default}",
  ]);
  assert.match(problemsOf({ level: "${1X}" }, { env })[0] ?? "", /allowed are \$\{NAME\}/);
});

test("a text is no number, unless a variable stands for it", () => {
  assert.equal(problemsOf({ buffer: { size: "10" } }).length, 1);
  assert.equal(problemsOf({ wal: { enabled: "true" } }).length, 1);
});

test("a setting given twice, in two spellings, is told", () => {
  const both = { worker_pool: { num_workers: 1 }, workerPool: { num_workers: 2 } };
  assert.deepEqual(problemsOf(both), [
    'workerPool: is the same setting as "worker_pool": leave one of them out',
  ]);
});

test("what does not go together is told, beside what is wrong by itself", () => {
  const said = problemsOf({
    level: "loud",
    mode: "sync",
    buffer: { size: 10, min_size: 20, reserve: 20 },
    wal: { sync: "always", sync_interval: "1s", dir: "a", enabled: false },
    store: { path: "b" },
    worker_pool: { num_workers: 2, min_workers: 3 },
    output: { type: "file" },
    sinks: { a: { type: "http", url: "http://x", token: "t", headers: { Authorization: "u" } } },
  });
  assert.deepEqual(said.map((line) => line.slice(0, line.indexOf(":"))), [
    "level",
    "store.path",
    "buffer.min_size",
    "buffer.reserve",
    "worker_pool.min_workers",
    "wal.sync_interval",
    "mode",
    "store",
    "output",
    "output",
    "sinks.a",
  ]);
});

test("a sink may have settings of its own, which go before those of all", () => {
  const config = parseConfig({
    worker_pool: { job_timeout: "9s" },
    reliability: {
      retry: { max_retries: 9, max_elapsed: "1h" },
      circuit_breaker: { enabled: false },
    },
    sinks: {
      one: {
        type: "http",
        url: "http://127.0.0.1:9/ingest",
        level: "warn",
        order: "strict",
        call_timeout: "3s",
        timeout: "2s",
        batch: { max_records: 5, max_age: "1s" },
        retry: { max_retries: "unlimited" },
        circuit_breaker: { enabled: true, failure_threshold: 2 },
        fallback: { type: "console", stream: "stderr" },
        from: "start",
      },
      two: { type: "console" },
    },
  });
  const { sink: _, fallback, retry, ...one } = laneOf(config, "one");
  assert.ok(fallback);
  assert.deepEqual(retry, { maxAttempts: Infinity, maxElapsedMs: 3_600_000 });
  assert.deepEqual(one, {
    level: "warn",
    order: "strict",
    batch: { maxRecords: 5, maxAgeMs: 1000 },
    timeoutMs: 3000,
    breaker: { trip: { rule: "consecutive", failures: 2 } },
    from: "start",
  });
  const two = laneOf(config, "two");
  assert.equal(two.breaker, false);
  assert.equal(two.retry?.maxAttempts, 10);
  assert.equal(two.timeoutMs, 9000);
});

test("registerSinkType() makes a type known, once; sinkTypes for one reading", () => {
  const made: unknown[] = [];
  const create = (options: unknown, name: string) => {
    made.push([name, options]);
    return () => {};
  };
  const sinks = { mine: { type: "config-test", level: "warn", maxThings: 3, url: "x" } };
  assert.match(problemsOf({ sinks })[0] ?? "", /^sinks\.mine: there is no sink type "config-test"/);
  parseConfig({ sinks }, { sinkTypes: { "config-test": { create } } });
  assert.equal(problemsOf({ sinks }).length, 1);
  registerSinkType("config-test", { create });
  parseConfig({ sinks });
  assert.deepEqual(made, [
    ["mine", { maxThings: 3, url: "x" }],
    ["mine", { maxThings: 3, url: "x" }],
  ]);
  assert.throws(() => registerSinkType("config-test", { create }), RangeError);
  assert.throws(() => registerSinkType("file", { create }), RangeError);
  assert.throws(() => registerSinkType("", { create }), RangeError);
  assert.throws(() => registerSinkType("x", {} as never), TypeError);
});

test("the schema of a sink type checks its options, and tells where", () => {
  const schema = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: (value: unknown) =>
        (value as { count?: unknown }).count === 1
          ? { value: { counted: true } }
          : { issues: [{ message: "must be 1", path: [{ key: "count" }] }] },
    },
  };
  let got: unknown;
  const create = (options: unknown) => {
    got = options;
    return () => {};
  };
  const sinkTypes = { counting: { schema, create } };
  parseConfig({ sinks: { a: { type: "counting", count: 1 } } }, { sinkTypes });
  assert.deepEqual(got, { counted: true });
  assert.deepEqual(problemsOf({ sinks: { a: { type: "counting", count: 2 } } }, { sinkTypes }), [
    "sinks.a.count: must be 1",
  ]);
});

test("no secret stands in an error, a summary or a note", () => {
  const secret = "s3cret-value-of-a-token";
  const env = { TOKEN: secret };
  const hidden = {
    type: "http",
    url: `https://user:${secret}@x.example/in?key=${secret}`,
    token: "${TOKEN}",
  };
  const create = (options: Readonly<Record<string, unknown>>): never => {
    throw new Error(`refused ${options.password}`);
  };
  const wrong: unknown[] = [
    { buffer: { size: "${TOKEN}" } },
    { level: "${TOKEN}" },
    { http: { token: 5, hosts: "${TOKEN}", listen: "${TOKEN}" } },
    { http: { token: secret.slice(0, 8) } },
    { sinks: { a: { ...hidden, url: `ftp://${secret}` } } },
    { sinks: { a: { ...hidden, headers: secret } } },
    { sinks: { a: { ...hidden, headers: { "x y": secret } } } },
    { sinks: { a: { ...hidden, headers: { authorization: `${secret}\n` } } } },
    { sinks: { a: { ...hidden, headers: { authorization: [secret] } } } },
    { sinks: { a: { ...hidden, authorization: secret } } },
    { sinks: { a: { type: "bad", password: secret } } },
    { sinks: { a: { type: "bad", password: "${TOKEN}" } } },
    { http: secret },
  ];
  for (const value of wrong) {
    const said = problemsOf(value, { env, sinkTypes: { bad: { create } } }).join("\n");
    assert.notEqual(said, "", JSON.stringify(value));
    assert.ok(!said.includes(secret) && !said.includes(secret.slice(0, 8)), said);
  }
  const config = parseConfig({
    http: { token: "${TOKEN}" },
    sinks: { a: { ...hidden, headers: { authorization2: secret } } },
  }, { env });
  const shown = [...config.summary, ...config.notes].join("\n");
  assert.ok(!shown.includes(secret), shown);
  assert.match(shown, /sink a: http https:\/\/x\.example\/in\?\.\.\., token \(hidden\)/);
  assert.equal(config.http?.token, secret);
});

test("where the log is kept is said in one place, and means something", () => {
  const pathsOf = (value: unknown) =>
    problemsOf(value).map((line) => line.slice(0, line.indexOf(":")));
  assert.deepEqual(pathsOf({ store: { type: "memory" }, wal: {} }), ["store.type"]);
  assert.deepEqual(pathsOf({ store: { type: "sqlite" } }), ["store"]);
  const sqlite = { type: "sqlite", path: "x.db" };
  const wal = { segment_size: "1MiB", on_damage: "refuse", retain: "all" };
  assert.deepEqual(pathsOf({ store: sqlite, wal, dead_letter: { dir: "x" } }), [
    "dead_letter.dir",
    "wal.segment_size",
    "wal.on_damage",
  ]);
  assert.equal(parseConfig({ store: { type: "memory" } }).wal, undefined);
  assert.equal(parseConfig({ store: {} }).wal?.store.label, ".logflume");
  const beside = { wal: { dir: "x" }, dead_letter: { dir: "x/dead-letters" } };
  assert.ok("openFile" in (parseConfig(beside).wal?.store ?? {}));
});
