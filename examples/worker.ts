/**
 * A log on disk belongs to one pipeline at a time. So the main thread has it, and each worker has a
 * pipeline in memory, whose sink hands batches to the main thread.
 *
 *     deno run -A examples/worker.ts [FOLDER]
 */
import { once } from "node:events";
import process from "node:process";
import { isMainThread, type MessagePort, parentPort, Worker } from "node:worker_threads";
import { openPipeline } from "@logflume/logflume";
import { fileStore } from "@logflume/logflume/storage/file";

if (isMainThread) await keepLog(process.argv[2] ?? "example-logs/worker");
else await work(parentPort!);

async function keepLog(folder: string): Promise<void> {
  await using pipeline = await openPipeline({ wal: { store: fileStore(folder) } });
  const worker = new Worker(new URL(import.meta.url));
  worker.on("message", async (lines: string[]) => {
    // Each line is a whole record, with the time at which the worker wrote it.
    await Promise.all(lines.map((line) => pipeline.append(line)));
    worker.postMessage("durable");
  });
  await once(worker, "exit");
}

async function work(port: MessagePort): Promise<void> {
  await using pipeline = await openPipeline({
    sinks: {
      // Delivered only once it is durable over there. One batch at a time, so answers need no number.
      async main(batch) {
        port.postMessage(batch.lines());
        await once(port, "message");
      },
    },
  });
  pipeline.logger("worker").info("sum computed", { sum: 5050 });
}
