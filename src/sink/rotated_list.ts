import { inFolder, type RotatedFiles } from "../platform/rotated_files.ts";
import { GZIP_ENDING, type NameSeries, type RotatedName } from "./rotated_name.ts";

/** A file that was rotated. */
export interface RotatedFile {
  /** Where it lies. */
  readonly path: string;
  /** Its place in the order; later ones have higher numbers, some may be missing. */
  readonly number: number;
  /** When it was rotated, in milliseconds since 1970, in whole seconds. */
  readonly time: number;
  /** Bytes on the disk. */
  readonly bytes: number;
  /** Whether it is compressed. */
  readonly gzipped: boolean;
  /** Device and inode. Compressing a file changes it. */
  readonly id: string;
}

/** A rotated file by its name alone. */
export interface NamedFile extends RotatedName {
  /** Where it lies. */
  readonly path: string;
  /** The compressed copy beside it, left by a process that was killed before it removed the original. */
  readonly twin?: string;
}

/** What lies in the folder of one series. */
export interface SeriesNames {
  /** Oldest first. */
  readonly files: readonly NamedFile[];
  /** Compressed copies that are not whole. */
  readonly parts: readonly NamedFile[];
}

/** Reads the names of a series. Of a file that is there both ways the original counts. */
export function listSeries(files: RotatedFiles, folder: string, series: NameSeries): SeriesNames {
  const byPlain = new Map<string, NamedFile>();
  const parts: NamedFile[] = [];
  // In the order of names an original stands before its compressed copy.
  for (const name of files.names(folder).sort()) {
    const parsed = series.parse(name);
    if (parsed === undefined) continue;
    const file: NamedFile = { ...parsed, path: inFolder(folder, name) };
    if (file.form === "part") parts.push(file);
    else join(byPlain, file);
  }
  return { files: [...byPlain.values()].sort(inOrder), parts };
}

function join(byPlain: Map<string, NamedFile>, file: NamedFile): void {
  const plain = file.form === "gzip" ? file.path.slice(0, -GZIP_ENDING.length) : file.path;
  const original = byPlain.get(plain);
  byPlain.set(plain, original === undefined ? file : { ...original, twin: file.path });
}

function inOrder(a: NamedFile, b: NamedFile): number {
  return a.number - b.number || a.time - b.time;
}

/** Adds what the system knows; `undefined` if the file is gone or no regular file. */
export function lookUp(files: RotatedFiles, file: NamedFile): RotatedFile | undefined {
  const entry = files.entryOf(file.path);
  if (entry === undefined) return undefined;
  const { path, number, time, form } = file;
  return { path, number, time, bytes: entry.bytes, gzipped: form === "gzip", id: entry.id };
}
