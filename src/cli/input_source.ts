import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../platform/fs.ts";
import { type Glob, isGlob, literalGlob, parseGlob } from "./glob.ts";
import { foldersOf } from "./glob_folders.ts";
import { compareAge, familyOf, nameBefore } from "./rotated_name.ts";

/** An input as the user named it: one file, or the pattern of many. */
export interface InputSource {
  /** The name or the pattern. */
  readonly text: string;
  /** The paths that it means. */
  readonly globs: readonly Glob[];
  /** Whether it is a pattern. */
  readonly isPattern: boolean;
}

/** A file that belongs to an input. */
export interface FoundFile {
  /** The input. */
  readonly source: InputSource;
  /** Absolute, but for symbolic links, which are followed. */
  readonly path: string;
  /** How the user is told of it: as it was named, or by its path. */
  readonly label: string;
  /** Device and inode. */
  readonly place: string;
  /** Bytes in it. */
  readonly size: number;
  /** When it, its name or its owner was changed last, in nanoseconds since 1970. */
  readonly changedNs: bigint;
  /** The path that it had before it was rotated, as its name tells: files of a family have one order. */
  readonly family: string;
  /** False if it only has the name of a rotated one of those that are meant. */
  readonly isMeant: boolean;
}

/** What is told while files are looked for. */
export interface ListContext {
  /** A folder or a file that cannot be looked at. */
  onProblem(path: string, error: unknown): void;
  /** A file that is left out because it is compressed. */
  onCompressed(path: string): void;
  /** Whether a path is no input, whatever the pattern says. */
  isLeftOut(path: string): boolean;
}

const FOREIGN_NAME = "its name is not valid UTF-8; rename it";
const COMPRESSED = /\.(gz|tgz|bz2|xz|zst|lz4|zip|Z)$/;

/** An input by its name; text that is the name of a file is no pattern, whatever is in it. */
export function inputSource(text: string): InputSource {
  const isPattern = isGlob(text) && !existsSync(text);
  return { text, globs: isPattern ? parseGlob(text) : [literalGlob(text)], isPattern };
}

/**
 * The files of an input that are there now, and rotated ones of theirs: the oldest of a family first. A
 * file that goes away meanwhile is left out.
 */
export async function listFiles(source: InputSource, context: ListContext): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>();
  for (const glob of source.globs) {
    for (const folder of await foldersOf(glob, context.onProblem)) {
      for (const file of await filesIn(folder, glob, source, context)) {
        // Two names of one file: it is read under the one that is meant.
        if (file.isMeant || !found.has(file.place)) found.set(file.place, file);
      }
    }
  }
  return [...found.values()].sort((a, b) => compareAge(a.path, b.path));
}

async function filesIn(
  folder: string,
  { isName }: Glob,
  source: InputSource,
  context: ListContext,
): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  for (const name of await namesIn(folder, context)) {
    const isMeant = isName(name);
    if (!isMeant && nameBefore(plainName(name), isName) === undefined) continue;
    const path = join(folder, name);
    if (context.isLeftOut(path)) continue;
    if (isCompressedName(name) && (source.isPattern || !isMeant)) {
      if (isMeant) context.onCompressed(path);
    } else {
      const file = await look(path, context);
      const label = isMeant && !source.isPattern ? source.text : path;
      if (file) files.push({ ...file, source, label, family: familyOf(path), isMeant });
    }
  }
  return files;
}

const plainName = (name: string): string => name.replace(COMPRESSED, "");

async function namesIn(folder: string, { onProblem }: ListContext): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (!isGone(error)) onProblem(folder, error);
    return [];
  }
}

async function look(
  path: string,
  { onProblem }: ListContext,
): Promise<Pick<FoundFile, "path" | "place" | "size" | "changedNs"> | undefined> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isFile()) return undefined;
    return {
      path,
      place: `${found.dev}:${found.ino}`,
      size: Number(found.size),
      changedNs: found.ctimeNs,
    };
  } catch (error) {
    if (!isGone(error)) onProblem(path, error);
    // What is no UTF-8 in a name is read as this character, and no path leads there.
    else if (path.includes("\uFFFD")) onProblem(path, new Error(FOREIGN_NAME));
    return undefined;
  }
}

/** Whether a name is that of a compressed file. */
export function isCompressedName(name: string): boolean {
  return COMPRESSED.test(name);
}

/** Whether an error says that there is no such file any more. */
export function isGone(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}
