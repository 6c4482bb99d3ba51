/** pino in front of our pipeline, with the file sink: over a log on disk that syncs always, and without. */
import { join } from "node:path";
import { pino } from "pino";
import { openPipeline, type Pipeline } from "../../../mod.ts";
import { pinoDestination } from "../../../src/adapters/pino.ts";
import { fileSink } from "../../../src/sink/file.ts";
import { costOf, type Program, rates } from "../measure.ts";
import { PINO_OPTIONS } from "./pino.ts";
import { assertAllTaken, openDurable, produce } from "./pipeline.ts";

function throughPino(open: (folder: string) => Promise<Pipeline>): Program {
  return async (folder, count) => {
    const pipeline = await open(folder);
    const log = pino(PINO_OPTIONS, pinoDestination(pipeline));
    const cost = await costOf(async () => {
      await produce(pipeline, count, (order) => log.info({ order, total: 99.5 }, "order placed"));
      await pipeline.drain();
    });
    assertAllTaken(pipeline);
    await pipeline.close({ timeoutMs: 60_000 });
    return { figures: rates(count, cost), holds: [{ path: join(folder, "out"), lines: count }] };
  };
}

function openInMemory(folder: string): Promise<Pipeline> {
  return openPipeline({ sinks: { out: fileSink({ path: join(folder, "out") }) } });
}

/** Each record durable in the log, and written by the sink. */
export const pinoDurable: Program = throughPino(openDurable);

/** Each record written by the sink. */
export const pinoInMemory: Program = throughPino(openInMemory);
