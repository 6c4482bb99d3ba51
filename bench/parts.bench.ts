/** The parts that every record passes. Run with `deno task bench`. */
import Denque from "denque";
import { createBuffer, createRing, memoryStore, openPipeline } from "../mod.ts";
import { createEncoder } from "../src/record/encode.ts";
import { NO_SCOPE } from "../src/record/scope.ts";

const ring = createRing<string>(1024);
const denque = new Denque<string>([], { capacity: 1024 });
/** Half full: an empty queue would only ever touch one slot. */
const HELD = 512;
for (let i = 0; i < HELD; i++) {
  ring.push("line");
  denque.push("line");
}
Deno.bench("ring: 1000 × push and shift", { group: "ring", baseline: true }, () => {
  for (let i = 0; i < 1000; i++) {
    ring.push("line");
    ring.shift();
  }
});
Deno.bench("denque: the same", { group: "ring" }, () => {
  for (let i = 0; i < 1000; i++) {
    denque.push("line");
    denque.shift();
  }
});

const buffer = createBuffer<string>({
  maxBytes: 16 * 1024 * 1024,
  bytesOf: (line) => 2 * line.length + 64,
});
Deno.bench("buffer: 1000 × push and shift, bounded by bytes too", { group: "ring" }, () => {
  for (let i = 0; i < 1000; i++) {
    buffer.push("line");
    buffer.shift();
  }
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
