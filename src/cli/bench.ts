import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { systemClock } from "../clock.ts";
import { codeOf, messageOf } from "../errors.ts";
import { fileStore } from "../storage/file.ts";
import { BENCH_HELP } from "./bench_help.ts";
import { type BenchFigures, measure } from "./bench_measure.ts";
import { type BenchOptions, parseBenchOptions } from "./bench_options.ts";
import { print } from "./say.ts";
import { onStopSignal } from "./stop_signals.ts";
import { UsageError } from "./usage_error.ts";
import { type Column, outputMarks, table } from "./wal_text.ts";

/** The exit code of a command that a signal has ended, as shells know it. */
const INTERRUPTED = 130;

/**
 * `logflume bench`: measures a pipeline on this machine. Answers the exit code.
 *
 * @throws {UsageError} If it was called wrongly, or the folder cannot be written
 */
export async function bench(args: readonly string[]): Promise<number> {
  const options = parseBenchOptions(args);
  if (options.help) {
    await print(BENCH_HELP);
    return 0;
  }
  const folder = makeFolder(options);
  // Its timers alone keep no process alive.
  const letGo = systemClock.hold();
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const giveSignalsBack = onStopSignal(() => {
    remove();
    process.exit(INTERRUPTED);
  }, systemClock);
  try {
    const stores = [fileStore(join(folder, "fast")), fileStore(join(folder, "paced"))] as const;
    const figures = await measure({ stores, seconds: options.seconds, clock: systemClock });
    await print(options.json ? `${JSON.stringify(figures)}\n` : benchText(figures));
    return 0;
  } catch (error) {
    throw new UsageError(`Cannot measure in "${folder}": ${messageOf(error)}`, { cause: error });
  } finally {
    letGo();
    giveSignalsBack();
    remove();
  }
}

function makeFolder({ data = tmpdir() }: BenchOptions): string {
  try {
    return mkdtempSync(join(data, "logflume-bench-"));
  } catch (error) {
    const why = codeOf(error) || messageOf(error);
    throw new UsageError(
      `Cannot make a folder in "${data}": ${why}; name one that can be written with --data`,
      { cause: error },
    );
  }
}

const COLUMNS: readonly Column[] = [
  { title: "RECORDS", isNumber: false },
  { title: "PER SECOND", isNumber: true },
];

/** The figures for people. */
export function benchText(figures: BenchFigures): string {
  const { records, bytesPerRecord, perSecond, durableMs, syncMs } = figures;
  const rows = Object.entries(perSecond).map((
    [what, rate],
  ) => [what, rate.toLocaleString("en-US")]);
  return `${
    records.toLocaleString("en-US")
  } records of ${bytesPerRecord} bytes, one thread, as fast ` +
    `as it goes\n\n${table(COLUMNS, rows, outputMarks())}\n` +
    `At ${durableMs.perSecond.toLocaleString("en-US")} records a second: durable after ` +
    `${milliseconds(durableMs)}; a sync took ${milliseconds(syncMs)}\n`;
}

function milliseconds({ p50, p99 }: { readonly p50: number; readonly p99: number }): string {
  return `${p50.toFixed(2)} ms (p99 ${p99.toFixed(2)} ms)`;
}
