/**
 * LogTape in front: the program keeps its loggers, and gets a durable log, retries and a live view.
 *
 *     deno run -A examples/logtape.ts [FOLDER]
 */
import process from "node:process";
import { openPipeline } from "@logflume/logflume";
import { logtapeSink } from "@logflume/logflume/logtape";
import { fileSink } from "@logflume/logflume/sink/file";
import { fileStore } from "@logflume/logflume/storage/file";
import { configure, dispose, getLogger } from "@logtape/logtape";

const folder = process.argv[2] ?? "example-logs/logtape";
await using pipeline = await openPipeline({
  sinks: { file: fileSink({ path: `${folder}/app.ndjson` }) },
  wal: { store: fileStore(`${folder}/wal`) },
});

await configure({
  sinks: { logflume: logtapeSink(pipeline) },
  loggers: [
    { category: "shop", lowestLevel: "info", sinks: ["logflume"] },
    { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["logflume"] },
  ],
});

const log = getLogger(["shop", "orders"]);
log.info("order {order} placed", { order: 42, total: 99.5 });
log.warning("stock of {article} is low", { article: 7 });

// Waits until the pipeline's sinks have it all.
await dispose();
console.log(`${pipeline.stats().lanes.file?.delivered} records of LogTape's are in ${folder}`);
