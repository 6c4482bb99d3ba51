import { type Cut, placeInCopy } from "./copy_watch.ts";
import type { FoundFile } from "./input_source.ts";
import { type OpenInput, openInput } from "./open_input.ts";
import { beginningOf, type InputContext, knownPlace, type ReadPlace } from "./text_input.ts";

/** Names of one file in the log, each for what it had between two cuts; the oldest is used again. */
export const MAX_NAMES: number = 32;
const MARK = /~(\d+)$/;

/**
 * The name in the log of what a file has after a cut. Each has its own, so that a copy of what was cut
 * is still known after a restart.
 */
export function nameAfterCut(file: string): string {
  const last = Number(MARK.exec(file)?.[1] ?? 0);
  const next = (last + 1) % MAX_NAMES;
  return file.replace(MARK, "") + (next === 0 ? "" : `~${next}`);
}

/** The beginning of a file that has not what the log knows of files with its inode. */
export function freshPlace(input: OpenInput, context: InputContext): ReadPlace {
  const start = beginningOf(input);
  const last = context.marksAt(input.place).at(-1);
  if (last === undefined) return start;
  return { ...start, file: nameAfterCut(start.file + (MARK.exec(last.file)?.[0] ?? "")) };
}

/**
 * Whether a file is younger than those of its family that an earlier run has read: of the youngest ones
 * the log knows each by its name, of the older ones perhaps not every one.
 *
 * @param known Which ones the log knows, the oldest first
 */
export function isYounger(known: readonly boolean[], at: number): boolean {
  const first = known.indexOf(true);
  const isYoung = known.length - at < MAX_NAMES;
  return first !== -1 && at > (isYoung ? first : known.lastIndexOf(true));
}

/**
 * The place up to which the log knows a file, or what it is a copy of; undefined if it knows neither.
 *
 * @param original Device and inode of the file that it may be a copy of
 */
export async function placeInLog(
  input: OpenInput,
  found: FoundFile,
  original: string | undefined,
  context: InputContext,
): Promise<ReadPlace | undefined> {
  const known = await knownPlace(input, context);
  if (known !== undefined || original === undefined || found.path === found.family) return known;
  return await placeInCopy(input, await cutsInLog(found.family, original, context));
}

async function cutsInLog(path: string, original: string, context: InputContext): Promise<Cut[]> {
  if (context.marksAt(original).length === 0) return [];
  const input = await openInput(path);
  try {
    return cutsBefore(await knownPlace(input, context), original, context);
  } finally {
    await input.close();
  }
}

/** What the log knows of a file that is now, as far as the log knows, at `place`: what it had before. */
export function cutsBefore(
  now: ReadPlace | undefined,
  place: string,
  context: InputContext,
): Cut[] {
  return context.marksAt(place).filter(({ file }) => file !== now?.file)
    .map((mark) => ({ place: mark, isContinued: false }));
}
