import { messageOf } from "../errors.ts";
import { closeSync, codeOf, openSync, readSync } from "../platform/fs.ts";
import { ConfigError } from "./problem.ts";

/** A configuration is written by hand: what is larger is something else. */
const MAX_BYTES = 1024 * 1024;

const NO_FILE: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file: check the name, or create it",
  EACCES: "this file may not be read: check its permissions",
  EISDIR: "this is a folder: name a file in it",
  ENOTDIR: "there is no such file: a part of the path is no folder",
};

/**
 * The text of a configuration, without a byte order mark.
 *
 * @throws {ConfigError} If it cannot be read, is larger than 1 MiB, or is not UTF-8
 */
export function readConfigText(path: string): string {
  const bytes = readUpTo(path, MAX_BYTES + 1);
  if (bytes.length > MAX_BYTES) {
    throw refused(path, `this file is too large: allowed are ${MAX_BYTES} bytes (1 MiB)`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refused(path, "this file is not text: allowed is UTF-8");
  }
}

/** The first bytes of a file; of a pipe as of any other. */
function readUpTo(path: string, maxBytes: number): Uint8Array {
  const into = new Uint8Array(maxBytes);
  let length = 0;
  try {
    const fd = openSync(path, "r");
    try {
      while (length < maxBytes) {
        const count = readSync(fd, into.subarray(length), length);
        if (count === 0) break;
        length += count;
      }
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw refused(path, NO_FILE[codeOf(error)] ?? `this file cannot be read: ${messageOf(error)}`);
  }
  return into.subarray(0, length);
}

function refused(path: string, message: string): ConfigError {
  return new ConfigError([{ path: "", line: undefined, column: undefined, message }], path);
}
