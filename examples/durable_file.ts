/**
 * A log that survives `kill -9`: records are durable before anything else, and reach the file in order.
 *
 *     deno run -A examples/durable_file.ts [FOLDER]
 */
import process from "node:process";
import { openPipeline } from "@logflume/logflume";
import { fileSink } from "@logflume/logflume/sink/file";
import { fileStore } from "@logflume/logflume/storage/file";

const folder = process.argv[2] ?? "example-logs";

await using pipeline = await openPipeline({
  sinks: { file: fileSink({ path: `${folder}/app.ndjson` }) },
  wal: { store: fileStore(`${folder}/wal`) },
});

const log = pipeline.logger("shop");
log.info("order placed", { order: 42, total: 99.5 });
log.error(new Error("payment refused"), { order: 42 });

// Resolves when both records survive a power cut, whatever the sink does.
await pipeline.durable();
console.log(`${pipeline.stats().accepted} records are durable in ${folder}`);
