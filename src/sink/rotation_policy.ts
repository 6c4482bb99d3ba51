import type { RotationSettings } from "./rotation_options.ts";

/** What the rules look at in the active file. */
export interface ActiveFile {
  /** Bytes in it. */
  readonly bytes: number;
  /** When it was opened, or last written to before that, in milliseconds since 1970. */
  readonly openedAtMs: number;
}

/** What the rules look at in a rotated file. */
export interface AgedFile {
  /** When it was rotated, in milliseconds since 1970. */
  readonly time: number;
  /** Bytes in it. */
  readonly bytes: number;
}

/** Whether a write of `bytesToAdd` belongs into a new file. An empty file takes whatever comes. */
export function isDue(
  settings: RotationSettings,
  file: ActiveFile,
  bytesToAdd: number,
  nowMs: number,
): boolean {
  if (file.bytes === 0) return false;
  if (file.bytes + bytesToAdd > settings.maxBytes) return true;
  return settings.everyMs !== undefined && hasEnded(settings.everyMs, file.openedAtMs, nowMs);
}

/**
 * Whether the period of the file is over. A clock that is set back a little must not rotate to and fro
 * at a border; one that was far ahead must not keep the file open until that time comes again.
 */
function hasEnded(everyMs: number, openedAtMs: number, nowMs: number): boolean {
  const period = Math.floor(openedAtMs / everyMs);
  const current = Math.floor(nowMs / everyMs);
  return current > period || current < period - 1;
}

/** The files that are too many or too old, given oldest first. */
export function beyondCountAndAge<File extends AgedFile>(
  files: readonly File[],
  keep: RotationSettings["keep"],
  nowMs: number,
): File[] {
  const surplus = files.length - keep.count;
  return files.filter((file, at) => at < surplus || nowMs - file.time > keep.ageMs);
}

/** The files that must go for the rest to fit, given oldest first. */
export function beyondBytes<File extends AgedFile>(
  files: readonly File[],
  keep: RotationSettings["keep"],
): File[] {
  let room = keep.bytes;
  let first = files.length;
  while (first > 0 && files[first - 1]!.bytes <= room) room -= files[--first]!.bytes;
  return files.slice(0, first);
}
