/** 200,000 records a second while another process writes and syncs the same disk. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import type { Measured, Program } from "../measure.ts";
import { PINO_OPTIONS } from "./pino.ts";
import { assertAllTaken, openDurable } from "./pipeline.ts";

const RECORDS_A_MS = 200;
const DISTURBER = fileURLToPath(new URL("./disturb.ts", import.meta.url));

/** The other process, which ends with us. */
function disturb(folder: string): ChildProcess {
  const args = "Deno" in globalThis ? ["run", "-A", "--no-check"] : [];
  return spawn(process.execPath, [...args, DISTURBER, join(folder, "disturb")], {
    stdio: ["pipe", "ignore", "ignore"],
  });
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Writes what is due at every tick of a timer of one millisecond, and looks how late it comes. */
async function pace(
  count: number,
  write: (order: number) => void,
  tick: (ticks: number) => void,
): Promise<Record<string, number>> {
  const intervals: number[] = [];
  const before = process.cpuUsage();
  const begin = performance.now();
  for (let last = begin, written = 0; written < count;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const now = performance.now();
    intervals.push(now - last);
    last = now;
    const due = Math.min(count, (now - begin) * RECORDS_A_MS);
    while (written < due) write(written++);
    tick(intervals.length);
  }
  const { user, system } = process.cpuUsage(before);
  return {
    loopP50: percentile(intervals, 0.5),
    loopP99: percentile(intervals, 0.99),
    cpuShare: (user + system) / 1000 / (performance.now() - begin),
  };
}

async function disturbed(folder: string, work: () => Promise<Measured>): Promise<Measured> {
  const other = disturb(folder);
  try {
    return await work();
  } finally {
    other.kill("SIGKILL");
  }
}

/** Our pipeline; every eighth tick one record is timed from the call to the disk. */
async function pacedPipeline(folder: string, count: number): Promise<Measured> {
  const pipeline = await openDurable(folder);
  const log = pipeline.logger();
  const durable: number[] = [];
  const figures = await pace(
    count,
    (order) => log.info("order placed", { order, total: 99.5 }),
    (ticks) => {
      if (ticks % 8 !== 0) return;
      const offered = performance.now();
      void pipeline.durable().then(() => durable.push(performance.now() - offered));
    },
  );
  await pipeline.drain();
  assertAllTaken(pipeline);
  await pipeline.close({ timeoutMs: 60_000 });
  return {
    figures: {
      ...figures,
      durableP50: percentile(durable, 0.5),
      durableP99: percentile(durable, 0.99),
    },
    holds: [{ path: join(folder, "out"), lines: count }],
  };
}

/** Our pipeline while nobody else writes. */
export const alonePaced: Program = pacedPipeline;

/** Our pipeline beside a process that writes. */
export const pacedOurs: Program = (folder, count) =>
  disturbed(folder, () => pacedPipeline(folder, count));

/** pino's asynchronous destination, which makes nothing durable. */
export const pacedPino: Program = (folder, count) =>
  disturbed(folder, async () => {
    const path = join(folder, "out");
    const destination = pino.destination({ dest: path, sync: false, minLength: 4096 });
    const log = pino(PINO_OPTIONS, destination);
    const write = (order: number): void => log.info({ order, total: 99.5 }, "order placed");
    const figures = await pace(count, write, () => {});
    const closed = new Promise<void>((resolve) => void destination.on("close", resolve));
    destination.end();
    await closed;
    return { figures, holds: [{ path, lines: count }] };
  });

/** The same timer while nothing is logged: what the machine itself takes. */
export const pacedIdle: Program = (folder, count) =>
  disturbed(folder, async () => ({ figures: await pace(count, () => {}, () => {}) }));
