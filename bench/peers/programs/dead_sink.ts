/** A sink that never answers, and records that keep coming. */
import { join } from "node:path";
import process from "node:process";
import { Writable } from "node:stream";
import { pino } from "pino";
import winston from "winston";
import { openPipeline, type Overflow } from "../../../mod.ts";
import { fileStore } from "../../../src/storage/file.ts";
import { nextTurn, type Program } from "../measure.ts";
import { produce } from "./pipeline.ts";

const MIB = 1024 * 1024;
/** Where a peer that keeps everything in memory is stopped. */
const MAX_RSS_MIB = 1024;
const BURST_RECORDS = 1000;

const never = { write: () => new Promise<void>(() => {}) };

/** Looks at the memory of the process; remembers the most of it. */
class Memory {
  readonly #idle = process.memoryUsage.rss();
  peak = 0;

  /** MiB over what an idle process takes that imported us. */
  look(): number {
    const over = (process.memoryUsage.rss() - this.#idle) / MIB;
    this.peak = Math.max(this.peak, over);
    return over;
  }
}

/** With a log on disk: the peak until a tenth, and until all. Nothing may be lost. */
export const deadOurs: Program = async (folder, count) => {
  const memory = new Memory();
  const wal = join(folder, "wal");
  const pipeline = await openPipeline({
    sinks: { dead: never },
    wal: { store: fileStore(wal) },
    onEvent: () => {},
  });
  const log = pipeline.logger();
  let early = 0;
  await produce(
    pipeline,
    count,
    (order) => log.info("order placed", { order, total: 99.5 }),
    (written) => {
      memory.look();
      if (written <= count / 10) early = memory.peak;
    },
  );
  const { accepted, lanes } = pipeline.stats();
  const lost = count - accepted + (accepted - lanes.dead!.pending);
  await pipeline.close({ timeoutMs: 0 });
  return {
    figures: { peakMiB: memory.peak, growthMiB: memory.peak - early, lost },
    holds: [{ path: wal, lines: count }],
  };
};

/** Without a log: the policy drops, and every record must be in one count. */
export function deadDropping(overflow: Overflow): Program {
  return async (_folder, count) => {
    const memory = new Memory();
    let dropped = 0;
    const pipeline = await openPipeline({
      sinks: { dead: never },
      buffer: { overflow, onDrop: () => void dropped++ },
      onEvent: () => {},
    });
    const log = pipeline.logger();
    for (let order = 0; order < count; order++) {
      log.info("order placed", { order, total: 99.5 });
      // Bursts longer than the buffer, so that the policy has work.
      if (order % 50_000 !== 49_999) continue;
      memory.look();
      await nextTurn();
    }
    const { offered, accepted, refused, filtered, lanes } = pipeline.stats();
    const refusals = Object.values(refused).reduce((sum, one) => sum + one, 0);
    const lane = lanes.dead!;
    const states = lane.delivered + lane.deadLettered + lane.filtered + lane.pending +
      Object.values(lane.dropped).reduce((sum, one) => sum + one, 0);
    // The pipeline's own records that tell of drops are offered as well.
    const uncounted = Math.abs(offered - accepted - refusals - filtered) +
      Math.abs(lane.accepted - states);
    const told = overflow === "drop-oldest" ? lane.dropped.overflow ?? 0 : refusals;
    await pipeline.close({ timeoutMs: 0 });
    return { figures: { peakMiB: memory.peak, lost: uncounted + Math.abs(told - dropped) } };
  };
}

/** Node's stream whose write is never answered. */
function deadStream(): Writable {
  return new Writable({ write: () => {} });
}

/** Writes until all are or the memory is used up; what matters is how much it took. */
async function fill(count: number, write: (order: number) => void): ReturnType<Program> {
  const memory = new Memory();
  let written = 0;
  while (written < count && memory.look() < MAX_RSS_MIB) {
    for (const end = written + BURST_RECORDS; written < end; written++) write(written);
    await nextTurn();
  }
  return { figures: { peakMiB: memory.peak, bytesEach: (memory.peak * MIB) / written } };
}

/** pino over such a stream. */
export const deadPino: Program = (_folder, count) => {
  const log = pino({ base: null }, deadStream());
  return fill(count, (order) => log.info({ order, total: 99.5 }, "order placed"));
};

/** winston over such a stream. */
export const deadWinston: Program = (_folder, count) => {
  const transports = [new winston.transports.Stream({ stream: deadStream() })];
  const log = winston.createLogger({ format: winston.format.json(), transports });
  return fill(count, (order) => log.info("order placed", { order, total: 99.5 }));
};
