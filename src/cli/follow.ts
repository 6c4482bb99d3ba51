import { stat } from "node:fs/promises";
import type { Clock } from "../clock.ts";
import { orStop } from "./feed.ts";
import { openInput } from "./open_input.ts";
import { FileReader, type InputContext, openReader, type ReadEnd } from "./text_input.ts";

/** How often a followed file is looked at. */
const POLL_MS = 250;

/**
 * Reads a file and whatever is added to it, until `stop` is aborted. A file that became shorter is read
 * from its beginning; one that was moved away is read to its end, and then the new one of its name. A
 * line without LF waits for its rest, and is handed over as it is when `stop` comes.
 */
export async function followFile(
  path: string,
  context: InputContext,
  clock: Clock,
): Promise<ReadEnd> {
  let reader = await openReader(path, context);
  try {
    for (;;) {
      const change = await changeOf(reader);
      // Read after the look: what was written before the move is in the old file, and read to its end.
      const end = await reader.readOn();
      if (end !== "end") return end;
      if (change !== undefined) reader = await changeOver(reader, path, change, context);
      else await orStop(pause(clock), context.stop);
      if (context.stop.aborted) return await reader.finish();
    }
  } finally {
    await reader.input.close();
  }
}

type Change = "replaced" | "shortened";

/** What happened to a file since it was opened; while its path leads nowhere it may still grow. */
async function changeOf({ input, offset }: FileReader): Promise<Change | undefined> {
  try {
    const found = await stat(input.path, { bigint: true });
    if (`${found.dev}:${found.ino}` !== input.place) return "replaced";
    return found.size < offset ? "shortened" : undefined;
  } catch {
    return undefined;
  }
}

/** Opens what the path leads to now; while that cannot be opened, stays with what there is. */
async function changeOver(
  reader: FileReader,
  path: string,
  change: Change,
  context: InputContext,
): Promise<FileReader> {
  const next = await openInput(path).catch(() => undefined);
  if (next === undefined) return reader;
  context.say(`"${path}" was ${change}: reading it from the beginning`);
  await reader.finish();
  await reader.input.close();
  return new FileReader(next, 0, context);
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.setTimer(resolve, POLL_MS));
}
