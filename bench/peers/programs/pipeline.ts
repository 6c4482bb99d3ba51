/** Our pipeline: a log on disk that syncs always, and a file sink. */
import { join } from "node:path";
import { openPipeline, type Pipeline } from "../../../mod.ts";
import { fileSink } from "../../../src/sink/file.ts";
import { fileStore } from "../../../src/storage/file.ts";
import { costOf, type Program, rates } from "../measure.ts";

/** Records that a producer writes before it lets others run. */
const BURST_RECORDS = 1000;
/** Bursts that may wait for their acknowledgement: as many records as the buffer holds. */
const OPEN_BURSTS = 10;

/** A pipeline in `folder` with a log that syncs always, and a file sink. */
export function openDurable(folder: string): Promise<Pipeline> {
  return openPipeline({
    sinks: { out: fileSink({ path: join(folder, "out") }) },
    wal: { store: fileStore(join(folder, "wal")) },
  });
}

/**
 * Writes records and lets others run after each burst; at most 10,000 wait for their acknowledgement.
 * Ends when every record is durable. `tell` is called with the records written so far.
 */
export async function produce(
  pipeline: Pipeline,
  count: number,
  write: (order: number) => void,
  tell: (written: number) => void = () => {},
): Promise<void> {
  const open: Promise<void>[] = [];
  for (let written = 0; written < count;) {
    const end = Math.min(count, written + BURST_RECORDS);
    while (written < end) write(written++);
    open.push(pipeline.durable());
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (open.length >= OPEN_BURSTS) await open.shift();
    tell(written);
  }
  await pipeline.durable();
}

/** Throws if a record was refused: what was not taken must not count. */
export function assertAllTaken(pipeline: Pipeline): void {
  const { refused, lanes } = pipeline.stats();
  if (Object.keys(refused).length > 0) throw new Error(`Refused: ${JSON.stringify(refused)}`);
  for (const { pending } of Object.values(lanes)) {
    if (pending > 0) throw new Error(`${pending} records are not delivered`);
  }
}

/** `log.info` with two fields until each record is durable and delivered. */
export const pipelineOurs: Program = async (folder, count) => {
  const pipeline = await openDurable(folder);
  const log = pipeline.logger();
  const cost = await costOf(async () => {
    await produce(pipeline, count, (order) => log.info("order placed", { order, total: 99.5 }));
    await pipeline.drain();
  });
  assertAllTaken(pipeline);
  await pipeline.close({ timeoutMs: 60_000 });
  return { figures: rates(count, cost), holds: [{ path: join(folder, "out"), lines: count }] };
};
