/** Many writers at once. */
import { join } from "node:path";
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
