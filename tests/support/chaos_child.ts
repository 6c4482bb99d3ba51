/**
 * The process of the chaos over real kills: offers numbered records at an even pace to a pipeline with one
 * sink that is well and four that fail, until it is killed or has offered them all.
 *
 * Lines: `opening`, `open`; `offer N` before the records below N are offered, `ack N` when they are
 * durable; `rss BYTES` now and then; `stats JSON` before the end and `closed JSON` after it.
 */
import process from "node:process";
import { openPipeline, type Pipeline } from "../../mod.ts";
import { fileStore } from "../../src/storage/file.ts";
import { assertAccounted } from "./accounting.ts";
import { chaosLanes, chaosMessage, IN_FLIGHT, type SinkSettings } from "./chaos_lanes.ts";
import { say, scriptArgument } from "./spawn.ts";

/** What the process is to do. */
export interface ChaosTask extends SinkSettings {
  /** The folder of the log. */
  readonly data: string;
  /** Whether the lanes that fail are there. */
  readonly withBad: boolean;
  /** The number of the first record to offer. */
  readonly from: number;
  /** The number behind the last one. */
  readonly to: number;
  /** Records a second. */
  readonly pace: number;
  /** How long the lanes get to settle everything at the end. */
  readonly drainMs: number;
}

/** Milliseconds between two looks at the counts and the memory. */
const LOOK_EVERY_MS = 100;
/** Segments so small that they are rotated and trimmed in the middle of a run. */
const SEGMENT_BYTES = 1024 * 1024;
const PAD = "x".repeat(200);

async function main(task: ChaosTask): Promise<void> {
  const { fast, ...bad } = chaosLanes(task);
  say("opening");
  const pipeline = await openPipeline({
    wal: { store: fileStore(task.data), segmentBytes: SEGMENT_BYTES, retain: 0 },
    sinks: task.withBad ? { fast, ...bad } : { fast },
    onEvent: () => {},
  });
  say("open");
  look(pipeline);
  await offer(pipeline, task);
  await pipeline.durable();
  await pipeline.drain({ timeoutMs: task.drainMs });
  look(pipeline);
  say(`stats ${JSON.stringify(pipeline.stats())}`);
  await pipeline.close({ timeoutMs: 0 });
  assertAccounted(pipeline.stats());
  say(`closed ${JSON.stringify(pipeline.stats())}`);
  // What hangs for ever must not keep the process from its end.
  process.exit();
}

/** Offers each record as soon as it is due. */
async function offer(pipeline: Pipeline, { from, to, pace, life }: ChaosTask): Promise<void> {
  const startMs = performance.now();
  let lookAtMs = startMs;
  for (let n = from; n < to;) {
    const nowMs = performance.now();
    const due = Math.min(to, from + Math.floor((nowMs - startMs) * pace / 1000));
    if (due > n) {
      say(`offer ${due}`);
      for (; n < due; n++) {
        const msg = chaosMessage(n, life, startMs + (n - from + 1) * 1000 / pace);
        const isTaken = pipeline.write({ level: "info", msg, fields: { pad: PAD.slice(n % 200) } });
        if (!isTaken) throw new Error(`Record ${n} was refused`);
      }
      void pipeline.durable().then(() => say(`ack ${due}`));
    }
    if (nowMs >= lookAtMs) {
      look(pipeline);
      lookAtMs = nowMs + LOOK_EVERY_MS;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Every record is in one state, no lane holds more than it may, and the memory is told. */
function look(pipeline: Pipeline): void {
  const stats = pipeline.stats();
  assertAccounted(stats);
  for (const { lane, inFlight } of Object.values(stats.lanes)) {
    const most = IN_FLIGHT[lane as keyof typeof IN_FLIGHT];
    if (inFlight > most) throw new Error(`${lane} holds ${inFlight} batches, at most ${most}`);
  }
  say(`rss ${process.memoryUsage().rss}`);
}

await main(scriptArgument() as ChaosTask);
