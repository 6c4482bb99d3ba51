/** Lanes with sinks that do nothing, on one log: what each further lane costs, and each batch. */
import { join } from "node:path";
import process from "node:process";
import { type LaneOptions, openPipeline, type Pipeline, type Sink } from "../../../mod.ts";
import { fileStore } from "../../../src/storage/file.ts";
import { costOf, type Program, rates } from "../measure.ts";
import { assertAllTaken, produce } from "./pipeline.ts";

const RECORDS_A_MS = 50;

const idle: Sink = { write: () => {} };
const idleLater: Sink = { write: async () => {} };

function openLanes(
  folder: string,
  sinks: Readonly<Record<string, Sink | LaneOptions>>,
): Promise<Pipeline> {
  return openPipeline({ sinks, wal: { store: fileStore(join(folder, "wal")) } });
}

function idleSinks(lanes: number): Record<string, Sink> {
  return Object.fromEntries(Array.from({ length: lanes }, (_, i) => [`sink${i}`, { ...idle }]));
}

/** Writes what is due at every tick of a timer of one millisecond, and times each call. */
async function paceTimed(
  count: number,
  write: (order: number) => void,
): Promise<Float64Array> {
  const took = new Float64Array(count);
  const begin = performance.now();
  for (let written = 0; written < count;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const due = Math.min(count, Math.floor((performance.now() - begin) * RECORDS_A_MS));
    while (written < due) {
      const before = performance.now();
      write(written);
      took[written++] = (performance.now() - before) * 1e6;
    }
  }
  return took.sort();
}

/** 50,000 records a second for so many lanes, each of which delivers all of them. */
function pacedLanes(lanes: number): Program {
  return async (folder, count) => {
    const pipeline = await openLanes(folder, idleSinks(lanes));
    const log = pipeline.logger();
    const before = process.cpuUsage();
    const begin = performance.now();
    const sortedNs = await paceTimed(
      count,
      (order) => log.info("order placed", { order, total: 99.5 }),
    );
    await pipeline.drain();
    const ms = performance.now() - begin;
    const { user, system } = process.cpuUsage(before);
    const { offered, accepted } = pipeline.stats();
    assertAllTaken(pipeline);
    await pipeline.close({ timeoutMs: 60_000 });
    const at = (share: number): number => sortedNs[Math.floor(count * share)] ?? NaN;
    return {
      figures: {
        callP50: at(0.5),
        callP99: at(0.99),
        acceptedShare: accepted / offered,
        cpuShare: (user + system) / 1000 / ms,
        laneNs: ((user + system) * 1000) / count / lanes,
      },
    };
  };
}

/** One lane that gets so many records at a time: what a batch costs beside its records. */
function inBatches(maxRecords: number, sink: Sink = idle): Program {
  return async (folder, count) => {
    const pipeline = await openLanes(folder, { out: { sink, batch: { maxRecords } } });
    const log = pipeline.logger();
    const cost = await costOf(async () => {
      await produce(pipeline, count, (order) => log.info("order placed", { order, total: 99.5 }));
      await pipeline.drain();
    });
    assertAllTaken(pipeline);
    await pipeline.close({ timeoutMs: 60_000 });
    return { figures: rates(count, cost) };
  };
}

/** By name. */
export const LANE_PROGRAMS: Readonly<Record<string, Program>> = {
  "ours 1 lane": pacedLanes(1),
  "ours 64 lanes": pacedLanes(64),
  "ours batches of 10": inBatches(10),
  "ours batches of 10, promised": inBatches(10, idleLater),
  "ours batches of 1000": inBatches(1000),
};
