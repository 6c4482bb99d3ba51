/** Whether a record costs the same late in a long run, and beside many loggers. */
import { join } from "node:path";
import process from "node:process";
import { median } from "../../wal_table.ts";
import type { Program } from "../measure.ts";
import { assertAllTaken, openDurable, produce } from "./pipeline.ts";

/** Windows of a run. */
const WINDOWS = 100;

/** One long run: the median of its last ten windows beside that of windows 11 to 20. */
export const growthOurs: Program = async (folder, count) => {
  const pipeline = await openDurable(folder);
  const log = pipeline.logger();
  const seconds: number[] = [];
  const cpu: number[] = [];
  let last = { now: performance.now(), cpu: process.cpuUsage() };
  await produce(
    pipeline,
    count,
    (order) => log.info("order placed", { order, total: 99.5 }),
    (written) => {
      if (written < ((seconds.length + 1) * count) / WINDOWS) return;
      const { user, system } = process.cpuUsage(last.cpu);
      seconds.push(performance.now() - last.now);
      cpu.push(user + system);
      last = { now: performance.now(), cpu: process.cpuUsage() };
    },
  );
  await pipeline.drain({ timeoutMs: 120_000 });
  assertAllTaken(pipeline);
  await pipeline.close({ timeoutMs: 60_000 });
  return {
    figures: { lateToEarly: lateToEarly(seconds), lateToEarlyCpu: lateToEarly(cpu) },
    holds: [{ path: join(folder, "out"), lines: count }],
  };
};

function lateToEarly(windows: readonly number[]): number {
  return median(windows.slice(-10)) / median(windows.slice(10, 20));
}

/** Records of as many loggers in turns, each with a name and a field of its own. */
export function loggersOurs(loggers: number): Program {
  return async (folder, count) => {
    const pipeline = await openDurable(folder);
    const logs = Array.from({ length: loggers }, (_, i) => pipeline.logger(`shop${i % 10}`, { i }));
    const before = process.cpuUsage();
    const write = (order: number): void =>
      void logs[order % loggers]!.info("order placed", { order, total: 99.5 });
    await produce(pipeline, count, write);
    await pipeline.drain();
    const { user, system } = process.cpuUsage(before);
    assertAllTaken(pipeline);
    await pipeline.close({ timeoutMs: 60_000 });
    return {
      figures: { cpuNs: ((user + system) * 1000) / count },
      holds: [{ path: join(folder, "out"), lines: count }],
    };
  };
}
