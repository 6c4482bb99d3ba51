/**
 * A sink of your own, here in front of a table of orders. A sink is an object with `write`; a function
 * that takes a batch, or a WritableStream of batches, does as well.
 *
 *     deno run -A examples/custom_sink.ts
 */
import { openPipeline, type RejectedRecord, RetryLaterError, type Sink } from "@logflume/logflume";

const table = new Map<number, string>();

const orders: Sink = {
  write(batch, { attempt }) {
    // To throw means that none was taken: the batch is sent again, here after 50 ms at the earliest.
    if (attempt === 1) throw new RetryLaterError("The database starts", { retryAfterMs: 50 });
    const reject: RejectedRecord[] = [];
    for (const [index, { msg, fields }] of batch.records().entries()) {
      // By a key: delivery is at least once, and what comes twice should change nothing.
      if (typeof fields?.order === "number") table.set(fields.order, msg);
      else reject.push({ index, reason: "It has no order number" });
    }
    // What is named here becomes a dead letter at once; indexes in `retry` would be sent again.
    return { reject };
  },
};

await using pipeline = await openPipeline({ sinks: { orders } });
const log = pipeline.logger("shop");
log.info("order placed", { order: 42 });
log.info("order shipped", { order: 42 });
log.info("shop opened");
await pipeline.drain();

for (const [order, msg] of table) console.log(`Order ${order}: ${msg}`);
for await (const { error, record } of pipeline.deadLetters.list()) {
  console.log(`Kept: ${JSON.parse(record).msg} (${error.message})`);
}
