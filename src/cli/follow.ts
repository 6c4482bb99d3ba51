import type { Clock } from "../clock.ts";
import { orStop } from "./feed.ts";
import { Follower } from "./follower.ts";
import { inputSource } from "./input_source.ts";
import type { InputContext, ReadEnd } from "./text_input.ts";

/** How often followed files are looked at. */
const POLL_MS = 250;
/** Files held open at most: a folder of logs may have more of them than a process may open. */
const MAX_OPEN_FILES = 64;

/**
 * Reads files and whatever is added to them, until `stop` is aborted: a file by its name, or all that fit
 * a pattern, those too that come later. A file is told by its device, its inode and its beginning, so one
 * that is rotated away is read on under its new name, or without one for a minute, and read once. One
 * that became shorter is read from its beginning. A line without LF waits for its rest; it is handed over
 * as it is when `stop` comes, or five seconds after a rotated file grew last. Files take turns, and no
 * more than `maxOpenFiles` are open at once.
 */
export async function followInputs(
  inputs: readonly string[],
  context: InputContext,
  clock: Clock,
  maxOpenFiles: number = MAX_OPEN_FILES,
): Promise<ReadEnd> {
  const follower = new Follower(inputs.map(inputSource), context, maxOpenFiles);
  try {
    for (;;) {
      const end = await follower.look();
      if (end === "stopped" || end === "refused") return end;
      if (end === "end") await orStop(pause(clock), context.stop);
      if (context.stop.aborted) return await endOf(follower);
    }
  } finally {
    await follower.close();
  }
}

async function endOf(follower: Follower): Promise<ReadEnd> {
  const end = await follower.finish();
  return follower.hasProblem ? "refused" : end;
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.setTimer(resolve, POLL_MS));
}
