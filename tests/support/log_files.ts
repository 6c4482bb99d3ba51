/** A log file with all that was rotated away from it, as one reads them from outside. */
import * as fs from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { gunzipSync } from "node:zlib";

/** The rotated files of a log, oldest first: sorted by name. */
export function rotatedOf(path: string): string[] {
  const stem = basename(path, extname(path));
  return fs.readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${stem}.`) && name !== basename(path))
    .sort()
    .map((name) => join(dirname(path), name));
}

/** The text of a file; of a compressed one what it holds. */
export function readLog(path: string): string {
  const bytes = fs.readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

/** The text of all files of a log, oldest first. */
export function readAll(path: string): string {
  return [...rotatedOf(path), path].map(readLog).join("");
}

/** What the descriptors of this process lead to, as far as it lies in a folder. */
export function descriptorsIn(folder: string): string[] {
  return fs.readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = fs.readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      // The descriptor that the folder was read with.
      return [];
    }
  });
}
