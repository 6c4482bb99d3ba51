/**
 * Records for a server that is not always there: they are sent again, and after three attempts they are
 * kept as dead letters, which the next run sends first. Run it alone; then start examples/receiver.ts in
 * another terminal, and run it again.
 *
 *     deno run -A examples/http_sink.ts [URL]
 */
import process from "node:process";
import { backoff, openPipeline } from "@logflume/logflume";
import { httpSink } from "@logflume/logflume/sink/http";
import { fileStore } from "@logflume/logflume/storage/file";

await using pipeline = await openPipeline({
  sinks: {
    server: {
      sink: httpSink({ url: process.argv[2] ?? "http://127.0.0.1:8080/ingest", gzip: true }),
      // With a log on disk a record is sent again for ever, unless a number is given.
      retry: { maxAttempts: 3, backoff: backoff.exponential({ baseMs: 100, capMs: 5_000 }) },
    },
  },
  wal: { store: fileStore("example-logs/http") },
  deadLetters: { maxEntries: 10_000, maxAgeMs: 24 * 60 * 60 * 1000 },
});

const { replayed } = await pipeline.deadLetters.replay();
const log = pipeline.logger("shop");
log.info("order placed", { order: 42, total: 99.5 });
log.warn("stock is low", { article: 7 });
await pipeline.drain();

const { delivered } = pipeline.stats().lanes.server!;
console.log(`${replayed} replayed, ${delivered} delivered, ${pipeline.deadLetters.size} kept`);
for await (const { attempts, error } of pipeline.deadLetters.list()) {
  console.log(`Kept after ${attempts} attempts: ${error.message}`);
}
