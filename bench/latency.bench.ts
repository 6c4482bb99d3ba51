/**
 * What timing costs: the work of one commit with two sinks, beside the commit of a thousand records that
 * it is done for; and that of one timed record in mode sync, beside 16 records. Run with `deno bench -A`.
 */
import { openPipeline } from "../mod.ts";
import { systemClock } from "../src/clock.ts";
import { Latencies } from "../src/pipeline/latency.ts";
import { simulatedDisk } from "../src/testing/mod.ts";
import { durableMemory } from "../tests/support/durable_memory.ts";

const latencies = new Latencies(systemClock);
const lanes = [0, 1].map(() => ({ nextSeq: 1, row: { delivered: 0 } }));
let seq = 1;

function timeOne(): void {
  const sinceMs = systemClock.monotonic();
  latencies.numbered(seq, sinceMs, lanes);
  latencies.durable(sinceMs);
  seq++;
  for (const lane of lanes) {
    lane.nextSeq = seq;
    lane.row.delivered++;
    latencies.settled(lane);
  }
}

const wal = { store: durableMemory(), retain: 0, maxBytes: 64 * 1024 * 1024 };
const pipeline = await openPipeline({
  sinks: { a: () => {}, b: () => {} },
  wal,
  onEvent: () => {},
});
const log = pipeline.logger();

Deno.bench("a commit of 1000 records", { group: "commit", baseline: true }, async () => {
  for (let i = 0; i < 1000; i++) log.info("order placed", { order: i, total: 99.5 });
  await pipeline.drain();
});
Deno.bench("timing a commit", { group: "commit" }, timeOne);

const sync = await openPipeline({
  mode: "sync",
  sinks: {},
  wal: { store: simulatedDisk({ seed: 1 }).store(), sync: "never", retain: 0 },
  onEvent: () => {},
});
const syncLog = sync.logger();

Deno.bench(
  "16 records in mode sync, on a disk in memory",
  { group: "sync", baseline: true },
  () => {
    for (let i = 0; i < 16; i++) syncLog.info("order placed", { order: i, total: 99.5 });
  },
);
Deno.bench("timing one of them", { group: "sync" }, timeOne);
