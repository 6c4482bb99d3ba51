/** The parts that every record passes. Run with `deno task bench`. */
import { createRing, memoryStore, openPipeline } from "../mod.ts";
import { createEncoder } from "../src/record/encode.ts";
import { NO_SCOPE } from "../src/record/scope.ts";

const ring = createRing<string>(1024);
Deno.bench("ring: push and shift", () => {
  ring.push("line");
  ring.shift();
});

const encoder = createEncoder();
let order = 0;
Deno.bench("encode: a message and two fields", { group: "encode", baseline: true }, () => {
  encoder.line("info", 1_767_225_600_000, "order placed", NO_SCOPE, {
    order: order++,
    total: 99.5,
  });
});
Deno.bench("encode: JSON.stringify of the whole record", { group: "encode" }, () => {
  JSON.stringify({
    time: new Date(1_767_225_600_000).toISOString(),
    level: "info",
    msg: "order placed",
    fields: { order: order++, total: 99.5 },
  });
});

const quiet = await openPipeline({ sinks: {}, level: "warn" });
const disabled = quiet.logger();
Deno.bench("log.info: level disabled", { group: "log.info" }, () => {
  disabled.info("order placed");
});

const wal = { store: memoryStore(), retain: 0, maxBytes: 64 * 1024 * 1024 };
const pipeline = await openPipeline({ sinks: {}, wal, onEvent: () => {} });
const log = pipeline.logger();
Deno.bench("log.info: two fields, into a log in memory", {
  group: "log.info",
  baseline: true,
}, async (b) => {
  b.start();
  for (let i = 0; i < 1000; i++) log.info("order placed", { order: i, total: 99.5 });
  b.end();
  await pipeline.durable();
});
