/** Logs by pino through a pipeline with a log on disk, and dies without a chance to do anything more. */
import process from "node:process";
import { pino } from "pino";
import { openPipeline } from "../../mod.ts";
import { pinoDestination } from "../../src/adapters/pino.ts";
import { fileStore } from "../../src/storage/file.ts";
import { scriptArgument } from "./spawn.ts";

/** What the process is to do. */
export interface PinoTask {
  readonly folder: string;
  readonly count: number;
  /** What it does last, before it is killed or ends. */
  readonly last: "flushSync" | "nothing" | "fatal" | "exit";
}

const { folder, count, last } = scriptArgument() as PinoTask;
const pipeline = await openPipeline({ sinks: {}, wal: { store: fileStore(folder) } });
const destination = pinoDestination(pipeline);
const log = pino({ base: null }, destination);
for (let order = 0; order < count; order++) log.info({ order }, "order placed");
if (last === "fatal") log.fatal("the end");
if (last === "flushSync") destination.flushSync();
if (last === "exit") process.exit(0);
process.kill(process.pid, "SIGKILL");
// Bun sends the signal from another thread.
for (;;);
