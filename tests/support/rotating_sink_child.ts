/**
 * The process that the test of a rotating file sink kills: appends numbered records to a pipeline and
 * says which of them were acknowledged. Ends by itself after `count` of them, if one is given.
 */
import { openPipeline } from "../../mod.ts";
import { fileSink, type FileSinkOptions } from "../../src/sink/file.ts";
import { fileStore } from "../../src/storage/file.ts";
import { say, scriptArgument } from "./spawn.ts";

/** What the process is to do. */
export interface RotatingSinkTask {
  readonly data: string;
  readonly sink: FileSinkOptions;
  /** The number of the first record. */
  readonly from: number;
  readonly count?: number;
}

const { data, sink, from, count = Infinity } = scriptArgument() as RotatingSinkTask;
const pipeline = await openPipeline({
  // Small segments that are not kept, so that checkpoints are synced over and over.
  wal: { store: fileStore(data), segmentBytes: 64 * 1024, retain: 0, maxSegments: 1_000_000 },
  sinks: { file: { sink: fileSink(sink), batch: { maxRecords: 50 } } },
  onEvent: ({ kind, message }) => console.error(`${kind}: ${message}`),
});
say("opened");
for (let n = from; n < from + count;) {
  const end = Math.min(n + 200, from + count);
  for (; n < end; n++) {
    if (!pipeline.write({ level: "info", msg: String(n) })) throw new Error(`${n} was refused`);
  }
  await pipeline.durable();
  say(`ack ${end - 1}`);
}
await pipeline.drain();
await pipeline.close();
say("closed");
