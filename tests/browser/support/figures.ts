import type { LaneStats, PipelineStats } from "../../../src/pipeline/stats.ts";

/** A lane's figures: one that is well and has nothing to do, but for what is given. */
export function laneStats(changes: Partial<LaneStats> = {}): LaneStats {
  return {
    lane: "lane",
    since: 1,
    nextSeq: 1,
    state: "idle",
    accepted: 0,
    pending: 0,
    delivered: 0,
    deadLettered: 0,
    dropped: {},
    filtered: 0,
    redelivered: 0,
    fallback: 0,
    inFlight: 0,
    lagMs: 0,
    attempts: 0,
    retries: 0,
    failures: 0,
    breaker: "closed",
    leaked: 0,
    leaks: 0,
    ...changes,
  };
}

/** A pipeline's figures: one that is well, but for what is given. */
export function pipelineStats(changes: Partial<PipelineStats> = {}): PipelineStats {
  const latency = { count: 10, sumMs: 20, p50Ms: 1.2, p99Ms: 4.5, buckets: [] };
  return {
    mode: "durable",
    writeMode: "async",
    acknowledges: "power-cut",
    running: true,
    closing: false,
    capacity: 10_000,
    depth: 312,
    utilisation: 0.0312,
    offered: 48_210,
    refused: {},
    dropped: {},
    filtered: 0,
    accepted: 48_210,
    log: {
      bytes: 12_400_000,
      segments: 1,
      entries: 48_210,
      damaged: 0,
      syncs: 812,
      writes: 900,
      full: false,
    },
    sequence: { first: 1, next: 48_211, written: 48_210, durable: 48_210 },
    latency: { durable: latency, delivered: { ...latency, p50Ms: 31, p99Ms: 120 } },
    lanes: { console: laneStats() },
    deadLetters: {
      held: 0,
      bytes: 0,
      added: 0,
      updated: 0,
      replayed: 0,
      removed: 0,
      evicted: { entries: 0, bytes: 0, age: 0 },
      unreadable: 0,
    },
    handlers: { count: 0, delivered: 0, failed: 0, missed: 0, each: [] },
    workers: { size: 8, idle: 8, running: 0, leaked: 0 },
    tail: {
      clients: 1,
      bytes: 100_000,
      maxLag: 0,
      gaps: 0,
      missed: 0,
      sent: 0,
      skipped: 0,
      sampled: 0,
      stalled: 0,
    },
    ...changes,
  };
}
