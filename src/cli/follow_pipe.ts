import type { Clock } from "../clock.ts";
import { orStop } from "./feed.ts";
import { type InputContext, openReader, type ReadEnd } from "./text_input.ts";

/** How often a named pipe is looked at. */
const POLL_MS = 250;

/** Reads a named pipe, of one writer after the other, until `stop` is aborted. */
export async function followPipe(
  path: string,
  context: InputContext,
  clock: Clock,
): Promise<ReadEnd> {
  const reader = await openReader(path, context);
  try {
    for (;;) {
      const end = await reader.readOn();
      if (end === "stopped" || end === "refused") return end;
      await orStop(new Promise<void>((done) => clock.setTimer(done, POLL_MS)), context.stop);
      if (context.stop.aborted) return await reader.finish();
    }
  } finally {
    await reader.input.close();
  }
}
