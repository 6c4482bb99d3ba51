import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";
import { basename, dirname, resolve, sep } from "node:path";
import process from "node:process";
import { codeOf } from "../platform/fs.ts";
import { fitsGlob } from "./glob.ts";
import { type InputSource, inputSource, isCompressedName, listFiles } from "./input_source.ts";
import { nameBefore } from "./rotated_name.ts";
import { UsageError } from "./usage_error.ts";

/** The first two bytes of gzip, bzip2, xz, zstd, lz4, zip and compress. */
const COMPRESSED_STARTS = ["1f8b", "425a", "fd37", "28b5", "0422", "504b", "1f9d"];

/**
 * Checks that inputs can be read, before anything starts. A followed file may be missing while a rotated
 * one of it is there, and no file needs to fit a followed pattern yet.
 *
 * @throws {UsageError} If one is missing, a folder, compressed, not readable, or named twice
 */
export async function assertReadable(inputs: readonly string[], follow: boolean): Promise<void> {
  const seen = new Set<string>();
  for (const input of inputs) {
    const key = input === "-" ? input : resolve(input);
    if (seen.has(key)) throw new UsageError(`Input "${input}" is named twice: name it once`);
    seen.add(key);
    if (input === "-") continue;
    const source = inputSource(input);
    if (!source.isPattern) assertReadableFile(input, follow);
    else if (!follow) await assertFits(source);
  }
}

async function assertFits(source: InputSource): Promise<void> {
  const found = await listFiles(source, {
    onProblem: () => {},
    onCompressed: () => {},
    isLeftOut: () => false,
  });
  if (found.some((file) => file.isMeant)) return;
  throw new UsageError(
    `No file fits the input "${source.text}" in ${process.cwd()}: check the pattern, ` +
      "or add --follow to wait for one",
  );
}

/**
 * Checks that no input is the file that records go to, which would feed itself for ever.
 *
 * @throws {UsageError} If one is, or would be once it is there
 */
export function assertNoLoop(inputs: readonly string[], output: string | undefined): void {
  if (output === undefined) return;
  const target = existing(output);
  for (const input of inputs.filter((name) => name !== "-")) {
    const source = inputSource(input);
    if (source.isPattern) assertOutside(source, output);
    else if (target?.isFile() && isSame(target, existing(input))) {
      throw new UsageError(`Input "${input}" is the output too: send the records to another file`);
    }
  }
}

function assertOutside({ text, globs }: InputSource, output: string): void {
  const path = resolve(output);
  const names = [path, nameBefore(path, () => true) ?? path];
  if (!globs.some((glob) => names.some((name) => fitsGlob(glob, name)))) return;
  throw new UsageError(
    `The output "${output}" fits the input "${text}": send the records to another folder`,
  );
}

/** Whether a path lies in a folder. */
export function isBelow(folder: string): (path: string) => boolean {
  const head = resolve(folder) + sep;
  return (path) => path.startsWith(head);
}

function isSame(one: Stats, other: Stats | undefined): boolean {
  return one.dev === other?.dev && one.ino === other.ino;
}

/** What is known of a file; undefined if there is none, of which whoever opens it will tell. */
function existing(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function assertReadableFile(path: string, follow: boolean): void {
  try {
    accessSync(path, constants.R_OK);
    const found = statSync(path);
    if (found.isFile()) return assertPlain(path);
    if (!found.isDirectory()) return;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (follow && codeOf(error) === "ENOENT" && isBetweenRotations(path)) return;
    throw new UsageError(`Cannot read input "${path}": ${reasonOf(error)}`, { cause: error });
  }
  const pattern = `${path.replace(/[/\\]+$/, "")}/*.log`;
  throw new UsageError(
    `Cannot read input "${path}": it is a folder; name a file in it, or a pattern such as '${pattern}'`,
  );
}

/** What was named by mistake would be read as lines that nobody can read. */
function assertPlain(path: string): void {
  if (!isCompressedName(path) || !COMPRESSED_STARTS.includes(startOf(path))) return;
  const pipe = path.endsWith("gz") ? `, or pipe it in: gzip -dc ${path} | logflume run` : "";
  throw new UsageError(`Cannot read input "${path}": it is compressed; unpack it first${pipe}`);
}

function startOf(path: string): string {
  const fd = openSync(path, "r");
  try {
    const bytes = new Uint8Array(2);
    readSync(fd, bytes, 0, bytes.length, 0);
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  } finally {
    closeSync(fd);
  }
}

/** A file that was moved away and whose successor is not there yet. */
function isBetweenRotations(path: string): boolean {
  const base = basename(path);
  try {
    return readdirSync(dirname(resolve(path)))
      .some((name) => nameBefore(name, (other) => other === base) !== undefined);
  } catch {
    return false;
  }
}

/** Why a file cannot be read, and what to do. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === "ENOENT") return `there is no such file in ${process.cwd()}; check the path`;
  if (code === "EACCES") return "permission denied; make it readable for this user";
  if (code === "ENOTDIR") return "a part of the path is a file; check the path";
  if (code === "ELOOP") return "its symbolic links lead in a circle; correct them";
  return (error as Error).message;
}
