/** Many writers at once. */
import { join } from "node:path";
import { openPipeline } from "../../../mod.ts";
import { fileSink } from "../../../src/sink/file.ts";
import { fileStore } from "../../../src/storage/file.ts";
import { costOf, type Program, rates } from "../measure.ts";
import { assertAllTaken, openDurable } from "./pipeline.ts";

const WRITERS = 100;

/** A hundred writers, each of which waits until its record is durable before it writes the next. */
export const stressAppend: Program = async (folder, count) => {
  const pipeline = await openDurable(folder);
  const each = Math.ceil(count / WRITERS);
  const writer = async (_: unknown, id: number): Promise<void> => {
    for (let i = 0; i < each; i++) {
      await pipeline.append({ level: "info", msg: "order placed", fields: { writer: id, i } });
    }
  };
  const cost = await costOf(async () => {
    await Promise.all(Array.from({ length: WRITERS }, writer));
    await pipeline.drain();
  });
  assertAllTaken(pipeline);
  await pipeline.close({ timeoutMs: 60_000 });
  const lines = each * WRITERS;
  return { figures: rates(lines, cost), holds: [{ path: join(folder, "out"), lines }] };
};

/** Records one behind the other until all are durable: `sync` holds the caller at each of them. */
export function stressLogs(mode: "sync" | "async"): Program {
  return async (folder, count) => {
    const path = join(folder, "out");
    const pipeline = await openPipeline({
      mode,
      sinks: { out: fileSink({ path }) },
      wal: { store: fileStore(join(folder, "wal")) },
    });
    const log = pipeline.logger();
    const cost = await costOf(async () => {
      for (let order = 0; order < count; order++) log.info("order placed", { order, total: 99.5 });
      await pipeline.durable();
    });
    await pipeline.drain();
    assertAllTaken(pipeline);
    await pipeline.close({ timeoutMs: 60_000 });
    return { figures: rates(count, cost), holds: [{ path, lines: count }] };
  };
}
