import type { LaneState, LaneStats, PipelineStats } from "../pipeline/stats.ts";
import type { LatencyStats } from "./histogram.ts";

/** One number of a metric, with the values of its labels in the order of their names. */
export interface Sample {
  /** The labels' values. */
  readonly labels: readonly string[];
  /** The number. */
  readonly value: number;
}

/** What a metric is called. */
export interface MetricName {
  /** Its whole name, the prefix and the unit included. */
  readonly name: string;
  /** One sentence that says what it counts. */
  readonly help: string;
  /** The names of its labels. */
  readonly labels: readonly string[];
}

/** A metric of single numbers. Counters only grow while the pipeline is open. */
export interface NumberMetric extends MetricName {
  readonly type: "counter" | "gauge";
  /** Reads it from the figures of a pipeline. */
  read(stats: PipelineStats): readonly Sample[];
}

/** A metric of durations, in seconds. It has no labels. */
export interface DurationMetric extends MetricName {
  readonly type: "histogram";
  /** Reads it; undefined where the pipeline does not measure it. */
  read(stats: PipelineStats): LatencyStats | undefined;
}

/** A metric: its name, and how it is read from what a pipeline counts anyway. */
export type Metric = NumberMetric | DurationMetric;

type Labelled = readonly (readonly [labels: readonly string[], value: number])[];
type Read<T> = (stats: PipelineStats) => T;

function single(
  type: NumberMetric["type"],
  name: string,
  help: string,
  value: Read<number | undefined>,
): Metric {
  const read = (stats: PipelineStats): Sample[] => {
    const number = value(stats);
    return number === undefined ? [] : [{ labels: [], value: number }];
  };
  return { type, name: `logflume_${name}`, help, labels: [], read };
}

function counter(name: string, help: string, value: Read<number>): Metric {
  return single("counter", `${name}_total`, help, value);
}

function gauge(name: string, help: string, value: Read<number | undefined>): Metric {
  return single("gauge", name, help, value);
}

function labelled(
  type: NumberMetric["type"],
  name: string,
  labels: readonly string[],
  help: string,
  values: Read<Labelled>,
): Metric {
  const read = (stats: PipelineStats): Sample[] =>
    values(stats).map(([labels, value]) => ({ labels, value }));
  return { type, name: `logflume_${name}`, help, labels, read };
}

function histogram(name: string, help: string, read: Read<LatencyStats | undefined>): Metric {
  return { type: "histogram", name: `logflume_${name}_seconds`, help, labels: [], read };
}

/** A counter of each lane. */
function laneCounter(name: string, help: string, value: (lane: LaneStats) => number): Metric {
  return labelled("counter", `lane_${name}_total`, ["lane"], help, byLane(value));
}

/** A gauge of each lane. */
function laneGauge(name: string, help: string, value: (lane: LaneStats) => number): Metric {
  return labelled("gauge", `lane_${name}`, ["lane"], help, byLane(value));
}

function byLane(value: (lane: LaneStats) => number): Read<Labelled> {
  return ({ lanes }) => Object.entries(lanes).map(([name, lane]) => [[name], value(lane)] as const);
}

function byReason(counts: Readonly<Record<string, number>>): Labelled {
  return Object.entries(counts).map(([reason, count]) => [[reason], count] as const);
}

const LANE_STATES: Readonly<Record<LaneState, true>> = {
  idle: true,
  delivering: true,
  "waiting-to-retry": true,
  "breaker-open": true,
  parked: true,
  paused: true,
  stopped: true,
  closed: true,
};

const BREAKER_STATES: Readonly<Record<LaneStats["breaker"], true>> = {
  none: true,
  closed: true,
  open: true,
  "half-open": true,
  isolated: true,
  disabled: true,
  "metrics-only": true,
};

/** For each lane and each state it may be in, 1 if it is in it, else 0: the series stay the same. */
function laneStates(
  name: string,
  help: string,
  states: Readonly<Record<string, true>>,
  stateOf: (lane: LaneStats) => string,
): Metric {
  return labelled(
    "gauge",
    name,
    ["lane", "state"],
    help,
    ({ lanes }) =>
      Object.entries(lanes).flatMap(([lane, stats]) =>
        Object.keys(states).map((state) =>
          [[lane, state], Number(stateOf(stats) === state)] as const
        )
      ),
  );
}

const ofPipeline: readonly Metric[] = [
  labelled(
    "gauge",
    "info",
    ["mode", "write_mode", "acknowledges"],
    "What the pipeline promises; always 1.",
    ({ mode, writeMode, acknowledges }) => [[[mode, writeMode, acknowledges], 1]],
  ),
  gauge("running", "Whether records are accepted, 0 or 1.", (s) => Number(s.running)),
  counter("records_offered", "Records handed to the pipeline.", (s) => s.offered),
  counter("records_accepted", "Records accepted.", (s) => s.accepted),
  counter(
    "records_filtered",
    "Records that the level or the transform left out.",
    (s) => s.filtered,
  ),
  labelled(
    "counter",
    "records_refused_total",
    ["reason"],
    "Records not accepted.",
    (s) => byReason(s.refused),
  ),
  histogram(
    "durable_latency",
    "Time from being accepted to being durable, of the oldest record of each commit.",
    (s) => s.latency.durable,
  ),
  histogram(
    "delivered_latency",
    "Time from being accepted to being delivered, of one record at a time in each lane.",
    (s) => s.latency.delivered,
  ),
  gauge("workers", "Workers that call sinks.", (s) => s.workers.size),
  gauge("workers_idle", "Workers that have nothing to do.", (s) => s.workers.idle),
  gauge("worker_calls", "Calls of sinks that workers are busy with.", (s) => s.workers.running),
];

// Named as the buffers of Vector are, so that dashboards for those need only the prefix.
const ofBuffer: readonly Metric[] = [
  gauge("buffer_size_events", "Records in the buffer.", (s) => s.depth),
  gauge("buffer_max_size_events", "Records the buffer can hold.", (s) => s.capacity),
  gauge(
    "buffer_utilisation_ratio",
    "Share of the buffer that is in use, 0 to 1.",
    (s) => s.utilisation,
  ),
  counter(
    "buffer_received_events",
    "Records offered to the buffer.",
    (s) => s.offered - s.filtered,
  ),
  labelled(
    "counter",
    "buffer_discarded_events_total",
    ["policy", "level"],
    "Records that the policy of a full buffer dropped.",
    ({ dropped }) =>
      Object.entries(dropped).flatMap(([policy, levels]) =>
        Object.entries(levels).map(([level, count]) => [[policy, level], count] as const)
      ),
  ),
];

const ofLog: readonly Metric[] = [
  gauge("wal_bytes", "Bytes in all segments of the log.", (s) => s.log.bytes),
  gauge("wal_max_bytes", "The size at which the log is full.", (s) => s.log.maxBytes),
  gauge("wal_segments", "Segments of the log.", (s) => s.log.segments),
  gauge("wal_entries", "Records in the log.", (s) => s.log.entries),
  gauge("wal_full", "Whether the limit of the log is reached, 0 or 1.", (s) => Number(s.log.full)),
  gauge(
    "wal_failed",
    "Whether the log takes nothing until the next start, 0 or 1.",
    (s) => Number(s.log.failure !== undefined),
  ),
  gauge(
    "wal_unsynced_records",
    "Records with a number that are not durable yet.",
    (s) => s.sequence.next - s.sequence.durable,
  ),
  counter("wal_damaged_records", "Records that were found damaged.", (s) => s.log.damaged),
  counter("wal_writes", "Calls of write.", (s) => s.log.writes),
  counter("wal_syncs", "Syncs that ended well.", (s) => s.log.syncs),
  histogram("wal_sync", "How long syncs took that ended well.", (s) => s.log.syncLatency),
];

const ofLanes: readonly Metric[] = [
  laneGauge("lag_records", "Accepted records that are not settled.", (l) => l.pending),
  laneGauge(
    "lag_seconds",
    "Age of the oldest record in the log that is not settled.",
    (l) => l.lagMs / 1000,
  ),
  laneCounter("accepted_records", "Records accepted since the lane began.", (l) => l.accepted),
  laneCounter("delivered_records", "Records delivered.", (l) => l.delivered),
  laneCounter("dead_lettered_records", "Records in the dead letters.", (l) => l.deadLettered),
  laneCounter("filtered_records", "Records that the lane's filter left out.", (l) => l.filtered),
  laneCounter("fallback_records", "Delivered records that the fallback took.", (l) => l.fallback),
  laneCounter(
    "redelivered_records",
    "Records sent again that may have been taken before.",
    (l) => l.redelivered,
  ),
  labelled(
    "counter",
    "lane_dropped_records_total",
    ["lane", "reason"],
    "Accepted records given up without delivery.",
    ({ lanes }) =>
      Object.entries(lanes).flatMap(([lane, { dropped }]) =>
        Object.entries(dropped).map(([reason, count]) => [[lane, reason], count] as const)
      ),
  ),
  laneCounter("attempts", "Calls of the sink.", (l) => l.attempts),
  laneCounter("retries", "Calls of the sink that tried a batch again.", (l) => l.retries),
  laneCounter("failures", "Calls of the sink that failed, in whole or in part.", (l) => l.failures),
  laneGauge(
    "in_flight_batches",
    "Batches in flight or waiting between attempts.",
    (l) => l.inFlight,
  ),
  laneGauge(
    "leaked_calls",
    "Calls that still run after their time and their grace.",
    (l) => l.leaked,
  ),
  laneStates("lane_state", "What the lane is doing: 1 for its state.", LANE_STATES, (l) => l.state),
  laneStates(
    "lane_breaker_state",
    "The circuit breaker: 1 for its state.",
    BREAKER_STATES,
    (l) => l.breaker,
  ),
];

const ofDeadLetters: readonly Metric[] = [
  gauge("dead_letters_entries", "Dead letters held.", (s) => s.deadLetters.held),
  gauge("dead_letters_bytes", "Bytes of the lines of dead letters.", (s) => s.deadLetters.bytes),
  counter("dead_letters_added", "Dead letters added.", (s) => s.deadLetters.added),
  counter(
    "dead_letters_updated",
    "Failures that updated a dead letter.",
    (s) => s.deadLetters.updated,
  ),
  counter(
    "dead_letters_replayed",
    "Dead letters delivered by a replay.",
    (s) => s.deadLetters.replayed,
  ),
  counter("dead_letters_removed", "Dead letters removed by hand.", (s) => s.deadLetters.removed),
  labelled(
    "counter",
    "dead_letters_evicted_total",
    ["limit"],
    "Dead letters given up, by the limit that they passed.",
    (s) => Object.entries(s.deadLetters.evicted).map(([limit, count]) => [[limit], count] as const),
  ),
];

const ofReaders: readonly Metric[] = [
  gauge("subscribers", "Subscribers.", (s) => s.handlers.count),
  counter("subscriber_records", "Records handed to subscribers.", (s) => s.handlers.delivered),
  counter("subscriber_failures", "Calls of subscribers that failed.", (s) => s.handlers.failed),
  counter(
    "subscriber_missed_records",
    "Records that subscribers missed.",
    (s) => s.handlers.missed,
  ),
  gauge("tail_clients", "Readers of the live tail.", (s) => s.tail.clients),
  gauge("tail_bytes", "Bytes that the live tail keeps.", (s) => s.tail.bytes),
  gauge("tail_lag_records", "Records that the furthest reader is behind.", (s) => s.tail.maxLag),
  counter("tail_gaps", "Gaps that readers were told.", (s) => s.tail.gaps),
  counter(
    "tail_missed_records",
    "Records that readers were told they missed.",
    (s) => s.tail.missed,
  ),
  counter("tail_sent_records", "Records sent, once for each WebSocket client.", (s) => s.tail.sent),
  counter(
    "tail_skipped_records",
    "Records that slow WebSocket clients were moved past.",
    (s) => s.tail.skipped,
  ),
  counter("tail_sampled_records", "Records that samples left out.", (s) => s.tail.sampled),
  counter(
    "tail_stalled_clients",
    "WebSocket clients given up because they took nothing.",
    (s) => s.tail.stalled,
  ),
];

/**
 * Every metric there is: its name, what it means, and how it is read. All of them are read from the figures
 * of a pipeline when somebody asks; none costs a record anything.
 */
export const METRICS: readonly Metric[] = [
  ...ofPipeline,
  ...ofBuffer,
  ...ofLog,
  ...ofLanes,
  ...ofDeadLetters,
  ...ofReaders,
];
