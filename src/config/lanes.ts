/** Sinks and how they are sent to, from their settings. */
import { type Backoff, backoff } from "../delivery/backoff.ts";
import type { RegisteredBreakerOptions } from "../delivery/circuit_breaker_registry.ts";
import type { TripRule } from "../delivery/circuit_breaker_trip.ts";
import { messageOf } from "../errors.ts";
import type { LaneOptions, LaneRetryOptions } from "../pipeline/lane_options.ts";
import type { SinkLike } from "../sink/sink.ts";
import { createBuiltIn } from "./built_in_sinks.ts";
import type { BreakerSettings, RetrySettings } from "./delivery_settings.ts";
import type { ConfigPath } from "./problem.ts";
import type { Settings } from "./schema.ts";
import { LANE_NAMES, type SinkSettings } from "./sink_settings.ts";
import type { SinkType } from "./sink_type.ts";
import { withoutUndefined } from "./without_undefined.ts";

/** What sinks are made with. */
export interface SinkMaking {
  /** Types that are not built in. */
  readonly types: ReadonlyMap<string, SinkType>;
  /** Tells a problem. */
  readonly report: (path: ConfigPath, message: string) => void;
  /** Tries of a sink without a setting; undefined leaves it to the pipeline. */
  readonly maxAttempts: number | undefined;
}

/** The sinks of a configuration; undefined if it names none, and the console is meant. */
export function sinksOf(
  settings: Settings,
  making: SinkMaking,
): Record<string, LaneOptions> | undefined {
  const { sinks, output } = settings;
  const given: Record<string, SinkSettings> = { ...sinks };
  if (output !== undefined && sinks === undefined) {
    const { type = "stdout", path } = output;
    if (type === "file" && path !== undefined) given.file = { type, path };
    else given.console = { type: "console", stream: type === "stderr" ? "stderr" : "stdout" };
  }
  const needsLane = settings.reliability ?? settings.worker_pool?.job_timeout ?? making.maxAttempts;
  if (Object.keys(given).length === 0) {
    if (needsLane === undefined) return undefined;
    given.console = { type: "console" };
  }
  const lanes = new Map<string, LaneOptions>();
  for (const [name, sink] of Object.entries(given)) {
    const place = sinks === undefined ? ["output"] : ["sinks", name];
    const lane = laneOf(sink, name, place, settings, making);
    if (lane !== undefined) lanes.set(name, lane);
  }
  return Object.fromEntries(lanes);
}

function laneOf(
  given: SinkSettings,
  name: string,
  place: ConfigPath,
  settings: Settings,
  making: SinkMaking,
): LaneOptions | undefined {
  const sink = makeSink(given, name, place, making);
  const fallback = given.fallback &&
    makeSink(given.fallback, `${name} fallback`, [...place, "fallback"], making);
  if (sink === undefined) return undefined;
  const { reliability = {}, worker_pool: pool = {} } = settings;
  const batch = given.batch && withoutUndefined({
    maxRecords: given.batch.max_records,
    maxBytes: given.batch.max_bytes,
    maxAgeMs: given.batch.max_age,
  });
  const options = withoutUndefined({
    fallback,
    level: given.level,
    order: given.order,
    batch,
    concurrency: given.concurrency,
    timeoutMs: given.call_timeout ?? pool.job_timeout,
    graceMs: given.grace,
    retry: retryOf({ ...reliability.retry, ...given.retry }, making.maxAttempts),
    breaker: breakerOf({ ...reliability.circuit_breaker, ...given.circuit_breaker }),
    from: given.from,
  });
  return { sink, ...options };
}

function makeSink(
  settings: SinkSettings,
  name: string,
  place: ConfigPath,
  { types, report }: SinkMaking,
): SinkLike | undefined {
  const { type = "" } = settings;
  const options = Object.fromEntries(
    Object.entries(settings).filter(([key, value]) =>
      !LANE_NAMES.includes(key) && value !== undefined
    ),
  );
  try {
    const custom = types.get(type);
    if (custom === undefined) return createBuiltIn(type, options);
    return custom.create(checked(custom, options, place, report), name);
  } catch (error) {
    if (!(error instanceof OptionsRefused)) report(place, messageOf(error));
    return undefined;
  }
}

/** Its problems are told already. */
class OptionsRefused extends Error {}

function checked(
  { schema }: SinkType,
  options: Readonly<Record<string, unknown>>,
  place: ConfigPath,
  report: SinkMaking["report"],
): Readonly<Record<string, unknown>> {
  const result = schema === undefined ? { value: options } : schema["~standard"].validate(options);
  if (result instanceof Promise) {
    throw new TypeError(
      "the schema of this sink type answers later: allowed is one that answers at once",
    );
  }
  if (result.issues === undefined) return result.value as Readonly<Record<string, unknown>>;
  for (const { path = [], message } of result.issues) {
    const keys = path.map((step) => typeof step === "object" ? step.key : step);
    report([...place, ...keys.map((key) => typeof key === "symbol" ? String(key) : key)], message);
  }
  throw new OptionsRefused();
}

/** `max_retries` counts the tries after the first one. */
function retryOf(
  given: RetrySettings,
  maxAttempts: number | undefined,
): LaneRetryOptions | undefined {
  const attempts = given.max_retries === undefined ? maxAttempts : given.max_retries + 1;
  const retry = withoutUndefined({
    maxAttempts: attempts,
    maxElapsedMs: given.max_elapsed,
    backoff: backoffOf(given),
    retryAfterCapMs: given.retry_after_cap,
  });
  return Object.keys(retry).length === 0 ? undefined : retry;
}

function backoffOf(given: RetrySettings): Backoff | undefined {
  const { strategy, initial_backoff, max_backoff, multiplier, jitter } = given;
  const options = withoutUndefined({
    baseMs: initial_backoff,
    capMs: max_backoff,
    factor: multiplier,
    jitter,
  });
  if (strategy === undefined && Object.keys(options).length === 0) return undefined;
  return backoff[strategy ?? "exponential"](options);
}

function breakerOf(given: BreakerSettings): RegisteredBreakerOptions | false | undefined {
  if (given.enabled === false) return false;
  const { max_requests, timeout } = given;
  const breaker = withoutUndefined({
    trip: tripOf(given),
    openMs: timeout,
    maxProbes: max_requests,
    successThreshold: max_requests,
  });
  return Object.keys(breaker).length === 0 ? undefined : breaker;
}

/** So many failures in a row, all within the interval. */
function tripOf({ failure_threshold, interval = 0 }: BreakerSettings): TripRule | undefined {
  if (interval === 0) {
    return failure_threshold === undefined
      ? undefined
      : { rule: "consecutive", failures: failure_threshold };
  }
  const least = failure_threshold ?? 6;
  return {
    rule: "custom",
    windowMs: interval,
    shouldTrip: ({ failures, consecutiveFailures }) =>
      consecutiveFailures >= least && failures >= least,
  };
}
