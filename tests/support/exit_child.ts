/**
 * The process whose end the exit test looks at: offers records in two bursts, one that deliveries are
 * under way for and one right before the end, and then ends in the way it was told.
 */
import * as fs from "node:fs";
import process from "node:process";
import { consoleSink, type Logger, openPipeline, type Pipeline } from "../../mod.ts";
import { fileSink } from "../../src/sink/file.ts";
import { fileStore } from "../../src/storage/file.ts";
import { scriptArgument } from "./spawn.ts";

/** How the process ends. */
export type Way =
  | "normal end"
  | "process.exit"
  | "Deno.exit"
  | "uncaught error"
  | "error of the main module"
  | "unhandled rejection"
  | "SIGTERM"
  | "SIGTERM with a handler of the program"
  | "unhandled SIGTERM"
  | "closed standard output"
  | "closed standard output and process.exit";

/** What the process is to do. */
export interface ExitTask {
  readonly way: Way;
  /** The folder of the log; without it the pipeline runs in memory. */
  readonly data?: string;
  /** The file of the file sink. */
  readonly file: string;
  /** The file that gets the number of records accepted, right before the end. */
  readonly note: string;
  /** Records of the first and of the second burst. */
  readonly bursts: readonly [number, number];
}

function open({ way, data, file }: ExitTask): Promise<Pipeline> {
  return openPipeline({
    // The console comes first: what happens to it must not keep the file from its records.
    sinks: { console: consoleSink(), file: fileSink({ path: file }) },
    ...(data === undefined ? {} : { wal: { store: fileStore(data), retain: "all" } }),
    handleSignals: way !== "unhandled SIGTERM",
  });
}

function offer(log: Logger, from: number, to: number): void {
  for (let n = from; n < to; n++) log.info(String(n));
}

/** Waits until the test says that it closed the other end of standard output. */
async function outputClosed(): Promise<void> {
  for await (const _ of process.stdin) return;
}

const ENDS: Readonly<Record<Way, () => void>> = {
  "normal end": () => {},
  "process.exit": () => process.exit(3),
  "Deno.exit": () => (globalThis as unknown as { Deno: { exit(code: number): void } }).Deno.exit(3),
  "uncaught error": () => {
    throw new Error("boom");
  },
  "error of the main module": () => {
    throw new Error("boom");
  },
  "unhandled rejection": () => void Promise.reject(new Error("boom")),
  "SIGTERM": endBySignal,
  "SIGTERM with a handler of the program": endBySignal,
  "unhandled SIGTERM": endBySignal,
  "closed standard output": () => {},
  "closed standard output and process.exit": () => process.exit(3),
};

/** An orderly end; the exit code tells how often the program heard of the signal until then. */
function closeOnSignal(pipeline: Pipeline): void {
  let heard = 0;
  process.on("SIGTERM", async () => {
    if (++heard > 1) return;
    await pipeline.close();
    process.exit(10 + heard);
  });
}

function endBySignal(): void {
  process.kill(process.pid, "SIGTERM");
  // Only the signal may end the process.
  setInterval(() => {}, 1000);
}

async function main(task: ExitTask): Promise<void> {
  const { way, note, bursts: [first, second] } = task;
  const pipeline = await open(task);
  if (way === "SIGTERM with a handler of the program") closeOnSignal(pipeline);
  const log = pipeline.logger();
  offer(log, 0, first);
  await (way.startsWith("closed") ? outputClosed() : new Promise((done) => setImmediate(done)));
  const finish = (): void => {
    offer(log, first, first + second);
    fs.writeFileSync(note, String(pipeline.stats().accepted));
    ENDS[way]();
  };
  // Thrown from here it rejects the main module, from a callback it is an uncaught error.
  if (way === "error of the main module") finish();
  else setImmediate(finish);
}

await main(scriptArgument() as ExitTask);
