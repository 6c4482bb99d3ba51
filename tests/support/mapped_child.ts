/**
 * Appends numbered lines through a memory mapping until it is killed, and says each number that the file
 * has; or says why it cannot.
 */
import { openMappedFile } from "../../src/platform/mapped_file.ts";
import { say, scriptArgument } from "./spawn.ts";

/** What the process is to do. */
export interface MappedTask {
  /** The file. */
  readonly path: string;
  /** Bytes a line, its end included. */
  readonly lineBytes: number;
}

const { path, lineBytes } = scriptArgument() as MappedTask;
const encoder = new TextEncoder();

function openOrSay(): ReturnType<typeof openMappedFile> | undefined {
  try {
    return openMappedFile(path);
  } catch (error) {
    say((error as Error).message);
    return undefined;
  }
}

const file = openOrSay();
for (let n = 0; file !== undefined; n++) {
  file.append(encoder.encode(`${n}`.padEnd(lineBytes - 1, ".") + "\n"));
  // A full pipe holds it up, so that it fills no disk while nobody listens.
  say(`${n}`);
}
