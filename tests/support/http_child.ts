/**
 * The process that the restart test kills: a pipeline on a folder that sends to a server. It says `ack MSG`
 * when a record is durable, and `drained` when everything is delivered.
 */
import { openPipeline } from "../../mod.ts";
import { httpSink } from "../../src/sink/http.ts";
import { fileStore } from "../../src/storage/file.ts";
import { say, scriptArgument } from "./spawn.ts";

/** What the process is to do. */
export interface HttpTask {
  /** The folder of the log. */
  readonly folder: string;
  /** Where to send to. */
  readonly url: string;
  /** Records in a batch, so that no run has the borders of another. */
  readonly maxRecords: number;
  /** Messages to write. */
  readonly messages: readonly string[];
}

async function main({ folder, url, maxRecords, messages }: HttpTask): Promise<void> {
  const pipeline = await openPipeline({
    wal: { store: fileStore(folder) },
    sinks: { web: { sink: httpSink({ url, gzip: true }), batch: { maxRecords }, concurrency: 2 } },
    onEvent: () => {},
  });
  await Promise.all(messages.map(async (msg) => {
    await pipeline.append(msg);
    say(`ack ${msg}`);
  }));
  await pipeline.drain();
  say("drained");
  await pipeline.close();
}

await main(scriptArgument() as HttpTask);
