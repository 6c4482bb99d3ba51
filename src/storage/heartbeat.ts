import type { Clock } from "../clock.ts";
import { factsOf, touchSync } from "../platform/fs.ts";

/** A lock that is held is touched this often ... */
const BEAT_MS = 5_000;
/** ... and counts as left behind after this long without it: a few beats may come late. */
const SILENCE_MS = 20_000;
/** How often to look whether it was touched. */
const LOOK_MS = 1_000;

/** Touches the file every few seconds while it `isOurs`; the answer ends it. */
export function beat(path: string, isOurs: () => boolean, clock: Clock): () => void {
  let cancel = (): void => {};
  const next = (): void => {
    cancel = clock.setTimer(() => {
      try {
        if (isOurs()) touchSync(path);
      } catch {
        // In a folder that has become read-only nobody else can take the lock either.
      }
      next();
    }, BEAT_MS);
  };
  next();
  return () => cancel();
}

/**
 * Watches a file until somebody touches, replaces or removes it, and tells whether somebody did. Clocks
 * of two hosts may differ, so that the time it was touched at says nothing by itself: only a change does.
 */
export async function isBeating(path: string, clock: Clock): Promise<boolean> {
  const state = (): string => JSON.stringify(factsOf(path) ?? null);
  const before = state();
  const release = clock.hold();
  try {
    for (let waitedMs = 0; waitedMs < SILENCE_MS; waitedMs += LOOK_MS) {
      await new Promise<void>((resolve) => void clock.setTimer(resolve, LOOK_MS));
      if (state() !== before) return true;
    }
    return false;
  } finally {
    release();
  }
}
