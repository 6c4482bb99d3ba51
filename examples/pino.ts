/**
 * pino in front: the program keeps its loggers, and gets a durable log, retries and a live view.
 *
 *     deno run -A examples/pino.ts [FOLDER]
 */
import process from "node:process";
import { openPipeline } from "@logflume/logflume";
import { pinoDestination } from "@logflume/logflume/pino";
import { fileSink } from "@logflume/logflume/sink/file";
import { fileStore } from "@logflume/logflume/storage/file";
import { pino } from "pino";

const folder = process.argv[2] ?? "example-logs/pino";
await using pipeline = await openPipeline({
  sinks: { file: fileSink({ path: `${folder}/app.ndjson` }) },
  wal: { store: fileStore(`${folder}/wal`) },
});

// Not as a `transport`: that is a thread, whose queue a crash takes along.
const log = pino({ name: "shop", redact: ["card"] }, pinoDestination(pipeline));
log.info({ order: 42, card: "4111 1111 1111 1111" }, "order placed");
log.child({ order: 42 }).error(new Error("payment refused"));

// Calls back when the records are durable, whatever the sink does.
log.flush((error) => console.log(error ?? `2 records of pino's are durable in ${folder}`));
