import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../platform/fs.ts";
import type { Glob, GlobStep } from "./glob.ts";

/** Told of a folder that cannot be read. */
export type OnProblem = (path: string, error: unknown) => void;

/**
 * The folders at the end of a pattern's way, each once. `**` goes into no hidden folder and through no
 * symbolic link, which could lead in circles; a named step does.
 */
export async function foldersOf(glob: Glob, onProblem: OnProblem): Promise<Set<string>> {
  let folders = new Set([glob.root]);
  for (const step of glob.steps) {
    const below = new Set<string>();
    for (const folder of folders) {
      for (const found of await goDown(folder, step, onProblem)) below.add(found);
    }
    folders = below;
  }
  return folders;
}

async function goDown(folder: string, step: GlobStep, onProblem: OnProblem): Promise<string[]> {
  if (step === "**") return await allBelow(folder, onProblem);
  const found: string[] = [];
  for (const entry of await entriesOf(folder, onProblem)) {
    const path = join(folder, entry.name);
    if (step(entry.name) && await isFolder(entry, path)) found.push(path);
  }
  return found;
}

/** A folder and those below it. */
async function allBelow(folder: string, onProblem: OnProblem): Promise<string[]> {
  const found = [folder];
  for (const top of found) {
    for (const entry of await entriesOf(top, onProblem)) {
      if (entry.isDirectory() && !entry.name.startsWith(".")) found.push(join(top, entry.name));
    }
  }
  return found;
}

async function entriesOf(folder: string, onProblem: OnProblem): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (!["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) onProblem(folder, error);
    return [];
  }
}

async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return await stat(path).then((found) => found.isDirectory(), () => false);
}
